"""Many articles at once: batches, and batches in several processes. Everything at scale runs `label_batch`."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stancelib import rows, store, text
from stancelib.articles import split_paragraphs
from stancelib.errors import InputError, ModelFileError
from stancelib.model import StanceModel
from stancelib.records import LabelledParagraph
from stancelib.rows import RECORD_BYTES, Row

if TYPE_CHECKING:
    from concurrent.futures import Future

#: A batch is labelled at once; it has at most so many records, and ends with the one that fills so many characters.
BATCH_RECORDS, BATCH_CHARACTERS = 2000, 1_000_000


@dataclass(frozen=True, slots=True)
class Record:
    """One article of an archive.

    Args:
        doc: passed through to its paragraphs.
        id: passed through.
        where: file and line, for messages.
        text: the article, or what is wrong with it.
        size: about how many bytes of the input it took.
        metadata: title, date and outlet, as far as they are known; passed through.
    """

    doc: str
    id: str | None
    where: str
    text: str | InputError
    size: int
    metadata: Mapping[str, str] = field(default_factory=dict)


def records_of(name: str, found: Iterable[Row], text_field: str, unit: str = "line") -> Iterator[Record]:
    """The rows of a file as articles.

    Args:
        name: the file's, for doc and messages; a row without an id has doc ``name:line``.
        found: its rows.
        text_field: where a row has its text.
        unit: what rows are counted in, for messages.
    """
    for row in found:
        where = f"{name}: {unit} {row.line}"
        if isinstance(row.data, InputError):
            yield Record(name, None, where, row.data, row.size)
            continue
        value = row.data.get(text_field)
        article: str | InputError
        try:
            given = rows.identity(row.data)
        except InputError as error:
            yield Record(name, None, where, error, row.size)
            continue
        if isinstance(value, str):
            too_long = len(value) > RECORD_BYTES
            article = InputError(f"more than {RECORD_BYTES >> 20} MB in one record") if too_long else value
        elif text_field not in row.data:
            fields = ", ".join(map(str, row.data)) or "none"
            article = InputError(f"no field {text_field!r}; the fields are: {fields} (see --text-field)")
        else:
            article = InputError(f"{text_field!r} is no text")
        doc = f"{name}:{row.line}" if given is None else name
        yield Record(doc, given, where, article, row.size, rows.metadata(row.data))


@dataclass(frozen=True, slots=True)
class Task:
    """How records are labelled, in a form that travels to other processes.

    Args:
        model: the model file, or ``None`` for the shipped one.
        digest: SHA-256 of that file; a process that finds another file there refuses it.
        render: labelled paragraphs of one article -> text; a function of a module.
        threshold, stance_threshold: as `StanceModel.label` has them.
    """

    model: Path | None
    digest: str
    render: Callable[[Sequence[LabelledParagraph]], str]
    threshold: float | None = None
    stance_threshold: float = 0.0

    @classmethod
    def of(
        cls,
        model: Path | None,
        render: Callable[[Sequence[LabelledParagraph]], str],
        threshold: float | None = None,
        stance_threshold: float = 0.0,
    ) -> Task:
        """A task for the model file as it is now."""
        return cls(model, load(model)[2], render, threshold, stance_threshold)

    def settings(self) -> dict[str, Any]:
        """What must be the same for another run to write the same."""
        return {"model": self.digest, "threshold": self.threshold, "stance_threshold": self.stance_threshold}


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of some records in a row.

    Args:
        data: the rendered paragraphs, UTF-8.
        records, paragraphs, size: how many went in, came out, and what the records took of the input.
        problems: one message for each record that could not be labelled.
        notes: one message for each that could, but should be looked at.
    """

    data: bytes = b""
    records: int = 0
    paragraphs: int = 0
    size: int = 0
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


_MODELS: dict[str, StanceModel] = {}
_LOADING = threading.Lock()


def load(path: Path | None) -> tuple[StanceModel, bytes, str]:
    """A model, what stands in its file, and the SHA-256 of that, with which `model_of` finds it again.

    Args:
        path: the model file, ``None`` for the shipped one.

    Raises:
        ModelFileError: it can't be loaded.
    """
    data = store.read_bytes(path)
    digest = hashlib.sha256(data).hexdigest()
    with _LOADING:
        return _remembered(path, digest, data), data, digest


def _remembered(path: Path | None, digest: str, data: bytes) -> StanceModel:
    if (model := _MODELS.get(digest)) is None:
        model = store.from_bytes(data, "the shipped model" if path is None else str(path))
        _MODELS.clear()  # one at a time: a model is large
        _MODELS[digest] = model
    return model


def model_of(path: Path | None, digest: str, data: bytes | None = None) -> StanceModel:
    """The model of a task, loaded once a process.

    Args:
        path: the model file, ``None`` for the shipped one.
        digest: its SHA-256.
        data: what stands in it, where the file itself is on another machine.

    Raises:
        ModelFileError: it can't be loaded, or the file is another one than when the task began.
    """
    with _LOADING:
        if (known := _MODELS.get(digest)) is not None:
            return known
        data = store.read_bytes(path) if data is None else data
        if hashlib.sha256(data).hexdigest() != digest:
            raise ModelFileError(f"{path}: the model file was changed while it was in use; start again")
        return _remembered(path, digest, data)


@dataclass(frozen=True, slots=True)
class Labelled:
    """Some records with their labels.

    Args:
        articles: the labelled paragraphs of each record that could be labelled.
        problems: one message for each record that could not be labelled.
        notes: one message for each that could, but should be looked at.
    """

    articles: list[list[LabelledParagraph]]
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def labelled(
    model: StanceModel, records: Sequence[Record], threshold: float | None = None, stance_threshold: float = 0.0
) -> Labelled:
    """Label the paragraphs of some articles; an article that is bad is named, the others are labelled."""
    problems, notes = [], []
    articles: list[tuple[Record, list[tuple[str, str]]]] = []
    for record in records:
        if isinstance(record.text, InputError):
            problems.append(f"{record.where}: {record.text}")
            continue
        parts = split_paragraphs(record.text)
        articles.append((record, parts))
        if not parts:
            notes.append(f"{record.where}: no text in it")
        for number, (_, part) in enumerate(parts, 1):
            if len(part) > text.PARAGRAPH_LENGTH:
                notes.append(
                    f"{record.where}: paragraph {number} has {len(part):,} characters; "
                    f"its labels come from the first {text.PARAGRAPH_LENGTH:,}"
                )
    found = model.label_articles(
        [(r.doc, r.id, parts) for r, parts in articles], threshold=threshold, stance_threshold=stance_threshold
    )
    for n, (record, _) in enumerate(articles):
        if record.metadata:
            known: dict[str, Any] = dict(record.metadata)
            found[n] = [replace(paragraph, **known) for paragraph in found[n]]
    return Labelled(found, tuple(problems), tuple(notes))


def label_batch(task: Task, records: Sequence[Record]) -> Batch:
    """`labelled`, as rendered by the task."""
    done = labelled(model_of(task.model, task.digest), records, task.threshold, task.stance_threshold)
    return Batch(
        data="".join(map(task.render, done.articles)).encode("utf-8", "replace"),
        records=len(records),
        paragraphs=sum(map(len, done.articles)),
        size=sum(record.size for record in records),
        problems=done.problems,
        notes=done.notes,
    )


def batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Records in a row, as many as are labelled at once."""
    batch: list[Record] = []
    characters = 0
    for record in records:
        batch.append(record)
        characters += len(record.text) if isinstance(record.text, str) else 0
        if len(batch) == BATCH_RECORDS or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def label_records(task: Task, records: Iterable[Record], jobs: int = 1) -> Iterator[Batch]:
    """Label an archive of any length in constant memory.

    Args:
        task: how.
        records: read as they are needed, never more than a few batches ahead.
        jobs: how many processes; 0 is one for each core.

    Yields:
        What came of each batch, in the order of the records.
    """
    jobs = jobs or os.cpu_count() or 1
    if jobs == 1:
        yield from (label_batch(task, batch) for batch in batches(records))
        return
    # joblib's own pool rather than Parallel: that one reads on as long as workers are free, however slowly its results
    # are taken, and an archive does not fit into memory.
    from joblib.externals.loky import get_reusable_executor
    from joblib.externals.loky.process_executor import BrokenProcessPool

    pool = get_reusable_executor(max_workers=jobs)
    ahead: deque[Future[Batch]] = deque()
    try:
        for some in batches(records):
            ahead.append(pool.submit(label_batch, task, some))
            if len(ahead) > 2 * jobs:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    except BrokenProcessPool as error:
        raise InputError("a worker process was killed, for want of memory perhaps; use fewer --jobs") from error
    finally:
        # Also when whoever takes the results has had enough.
        pool.shutdown(kill_workers=bool(ahead))
