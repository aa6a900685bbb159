"""Beyond one machine: the same labelling on a Dask cluster, data frames in and out, or Parquet in and Parquet out.

The model travels once to each worker, whose memory then holds it; a worker needs stancelib, and no model file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stancelib import batch, formats, rows, store
from stancelib.batch import Batch, Task
from stancelib.errors import InputError, MissingExtraError, StancelibError


def _dask(name: str) -> Any:
    try:
        from importlib import import_module

        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(f"this needs Dask ({error}); install it with: pip install 'stancelib[dask]'") from error


def label_dataframe(ddf: Any, text: str = "text", *, model: Path | None = None, threshold: float | None = None) -> Any:
    """A Dask data frame with labels beside its texts: `StanceModel.label_frame`, partition by partition.

    Args:
        ddf: a dask.dataframe.DataFrame, one paragraph a row.
        text: the column with the paragraphs.
        model: a model file; the shipped model by default.
        threshold: a probability from which on a topic is there, instead of the model's own thresholds.

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
    data = store.read_bytes(model)
    digest = hashlib.sha256(data).hexdigest()
    meta = batch.model_of(model, digest, data).label_frame(ddf._meta, text, threshold=threshold)
    # A task of its own, so that the graph holds it once and a worker that comes later can have it too.
    sent = delayed(data, name=f"stancelib-model-{digest}")
    return ddf.map_partitions(_label_partition, sent, digest, text, threshold, meta=meta)


def _label_partition(frame: Any, data: bytes, digest: str, text: str, threshold: float | None) -> Any:
    return batch.model_of(None, digest, data).label_frame(frame, text, threshold=threshold)


@dataclass(frozen=True, slots=True)
class Part:
    """A row group of a Parquet file, and the file its labelled paragraphs go to."""

    source: Path
    group: int
    target: Path


def parts_of(sources: Sequence[Path], target: Path) -> list[Part]:
    """Every row group of some Parquet files, in order, with its place in a directory.

    Raises:
        InputError: a file can't be read.
    """
    found: list[tuple[Path, int]] = []
    for source in sources:
        try:
            with source.open("rb") as file:
                found += [(source, group) for group in range(len(rows.parquet_groups(file)))]
        except OSError as error:
            raise InputError(f"{source}: can't be read: {error.strerror}") from error
        except InputError as error:
            raise InputError(f"{source}: {error}") from error
    return [Part(source, group, target / f"part-{n:06}.parquet") for n, (source, group) in enumerate(found)]


def label_part(task: Task, data: bytes, part: Part, text_field: str, topics: Sequence[str]) -> Batch:
    """Label one row group; its file appears whole, so labelling it twice, on two workers even, does no harm."""
    batch.model_of(task.model, task.digest, data)
    done: list[Batch] = []

    def lines() -> Iterator[str]:
        with part.source.open("rb") as file:
            found = rows.read_parquet(file, (text_field,), part.group)
            for records in batch.batches(batch.records_of(str(part.source), found, text_field, "row")):
                done.append(batch.label_batch(task, records))
                yield from done[-1].data.decode().split("\n")[:-1]

    with store.whole_file(part.target) as made:
        formats.write_parquet(lines(), topics, made)
    return Batch(
        data=b"",
        records=sum(b.records for b in done),
        paragraphs=sum(b.paragraphs for b in done),
        size=sum(b.size for b in done),
        problems=tuple(p for b in done for p in b.problems),
        notes=tuple(n for b in done for n in b.notes),
    )


def label_parts(
    address: str, task: Task, parts: Sequence[Part], text_field: str, topics: Sequence[str]
) -> Iterator[tuple[Part, Batch]]:
    """Label the parts on a cluster.

    Args:
        address: of its scheduler, such as ``tcp://127.0.0.1:8786``.
        task: how.
        parts: from `parts_of`; workers must see their files under the same paths.
        text_field, topics: the column with the texts, the model's topics.

    Yields:
        Each part with what came of it, as they are done. What a lost worker had at hand is done again by another one.

    Raises:
        InputError: there is no cluster at the address, or a part fails again and again.
        MissingExtraError: Dask is not installed.
    """
    distributed = _dask("distributed")
    try:
        client = distributed.Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"there is no Dask scheduler at {address} ({error})") from error
    with client:
        data = client.submit(bytes, store.read_bytes(task.model), key=f"stancelib-model-{task.digest}")
        futures = {client.submit(label_part, task, data, part, text_field, topics, pure=False): part for part in parts}
        for future in distributed.as_completed(list(futures), loop=client.loop):
            try:
                yield futures[future], future.result()
            except StancelibError:
                raise
            except Exception as error:  # whatever a worker died of
                raise InputError(f"{futures[future].source}, row group {futures[future].group}: {error}") from error
