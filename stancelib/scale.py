"""Beyond one machine: the same labelling on a Dask cluster, data frames in and out, or Parquet in and Parquet out.

The model travels once to each worker, whose memory then holds it; a worker needs stancelib, and no model file.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stancelib import batch, files, formats, rows, store
from stancelib.batch import Batch, Task
from stancelib.errors import InputError, MissingExtraError


def _dask(name: str) -> Any:
    try:
        from importlib import import_module

        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(f"this needs Dask ({error}); install it with: pip install 'stancelib[dask]'") from error


def label_dataframe(
    ddf: Any,
    text: str = "text",
    *,
    model: Path | None = None,
    threshold: float | None = None,
    stance_threshold: float = 0.0,
) -> Any:
    """A Dask data frame with labels beside its texts: `StanceModel.label_frame`, partition by partition.

    Args:
        ddf: a dask.dataframe.DataFrame, one paragraph a row.
        text: the column with the paragraphs.
        model: a model file; the shipped model by default.
        threshold, stance_threshold: as for `StanceModel.label_frame`.

    Returns:
        A Dask data frame with the columns of `label_frame` added; nothing is labelled before it is computed.

    Raises:
        InputError: as `StanceModel.label_frame`.
        MissingExtraError: Dask is not installed.

    >>> import dask.dataframe, pandas
    >>> frame = pandas.DataFrame({"text": ["صادرات نفت ایران افزایش یافت.", "هوا خوب است."]})
    >>> ddf = dask.dataframe.from_pandas(frame, npartitions=2)
    >>> label_dataframe(ddf).compute(scheduler="sync")["energy"].tolist()
    [True, False]
    """
    delayed = _dask("dask").delayed
    loaded, data, digest = batch.load(model)
    thresholds: dict[str, Any] = {"threshold": threshold, "stance_threshold": stance_threshold}
    meta = loaded.label_frame(ddf._meta, text, **thresholds)
    # A task of its own, so that the graph holds it once and a worker that comes later can have it too.
    sent = delayed(data, name=f"stancelib-model-{digest}")
    return ddf.map_partitions(_label_partition, sent, digest, text, thresholds, meta=meta)


def _label_partition(frame: Any, data: bytes, digest: str, text: str, thresholds: Mapping[str, Any]) -> Any:
    return batch.model_of(None, digest, data).label_frame(frame, text, **thresholds)


@dataclass(frozen=True, slots=True)
class Part:
    """A row group of a Parquet file, and the file its labelled paragraphs go to."""

    source: Path
    group: int
    target: Path


def parts_of(sources: Sequence[Path], target: Path) -> tuple[list[Part], list[str]]:
    """Every row group of some Parquet files, in order, with its place in a directory, and what is wrong with the others."""
    found: list[tuple[Path, int]] = []
    problems = []
    for source in sources:
        try:
            with source.open("rb") as file:
                found += [(source, group) for group in range(len(rows.parquet_groups(file)))]
        except OSError as error:
            problems.append(f"{source}: can't be read: {error.strerror}")
        except InputError as error:
            problems.append(f"{source}: {error}")
    return [Part(source, group, target / f"part-{n:06}.parquet") for n, (source, group) in enumerate(found)], problems


def label_part(
    task: Task, data: bytes, part: Part, text_field: str, topics: Sequence[str], metadata: bool = False
) -> Batch:
    """Label one row group; its file appears whole, so labelling it twice, on two workers even, does no harm."""
    batch.model_of(task.model, task.digest, data)
    done: list[Batch] = []

    def lines() -> Iterator[str]:
        with part.source.open("rb") as file:
            found = rows.read_parquet(file, (text_field,), part.group)
            for records in batch.batches(batch.records_of(str(part.source), found, text_field, "row")):
                labelled = batch.label_batch(task, records)
                done.append(replace(labelled, data=b""))  # a row group may be larger than the memory
                yield from labelled.data.decode().split("\n")[:-1]

    try:
        with files.whole_file(part.target) as made:
            formats.write_parquet(lines(), topics, made, metadata)
    except (InputError, OSError) as error:
        problem = f"{part.source}, row group {part.group}: {error}"
        return Batch(problems=(problem,))
    problems = tuple(problem for b in done for problem in b.problems)
    if problems:  # kept, so that a run that goes on knows of them
        files.write_whole(part.target.with_name(f"_{part.target.stem}.problems"), "\n".join(problems).encode())
    return Batch(
        records=sum(b.records for b in done),
        paragraphs=sum(b.paragraphs for b in done),
        size=sum(b.size for b in done),
        problems=problems,
        notes=tuple(n for b in done for n in b.notes),
    )


@contextlib.contextmanager
def cluster(address: str) -> Iterator[Any]:
    """A client of the Dask cluster at an address.

    Args:
        address: of its scheduler, such as ``tcp://127.0.0.1:8786``.

    Raises:
        InputError: it is no address, or there is no cluster.
        MissingExtraError: Dask is not installed.
    """
    distributed = _dask("distributed")
    if not re.fullmatch(r"((tcp|tls|ws|wss)://)?[^\s/:]+:\d+", address):
        raise InputError(f"{address!r} is no address of a Dask scheduler; one is like tcp://127.0.0.1:8786")
    try:
        client = distributed.Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"there is no Dask scheduler at {address} ({error})") from error
    with client:
        yield client


def label_parts(
    client: Any, task: Task, parts: Sequence[Part], text_field: str, topics: Sequence[str], metadata: bool = False
) -> Iterator[tuple[Part, Batch]]:
    """Label the parts on a cluster.

    Args:
        client: from `cluster`.
        task: how.
        parts: from `parts_of`; workers must see their files under the same paths.
        text_field, topics: the column with the texts, the model's topics.
        metadata: whether there are columns for title, date and outlet.

    Yields:
        Each part with what came of it, as they are done. What a lost worker had at hand is done again by another one;
        a part that can't be labelled has a problem that says why.
    """
    data = client.submit(bytes, store.read_bytes(task.model), key=f"stancelib-model-{task.digest}")
    futures = {
        client.submit(label_part, task, data, part, text_field, topics, metadata, pure=False): part for part in parts
    }
    for future in _dask("distributed").as_completed(list(futures), loop=client.loop):
        part = futures[future]
        try:
            yield part, future.result()
        except Exception as error:  # whatever a worker died of: the others go on
            problem = f"{part.source}, row group {part.group}: {type(error).__name__}: {error}"
            yield part, Batch(problems=(problem,))
