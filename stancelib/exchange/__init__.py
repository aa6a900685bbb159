"""Labelled paragraphs between our label files and the tools in which people label: doccano and Label Studio."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from stancelib import rows
from stancelib.errors import InputError
from stancelib.exchange import doccano, items, label_studio
from stancelib.exchange.items import Guess, Item
from stancelib.rows import Row

#: The formats: our label files as JSON lines and CSV, and the two tools.
FORMATS = ("jsonl", "csv", "doccano", "label-studio")
#: The suffixes that a file of each format may have when it is written, the usual one first.
SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "jsonl": (".jsonl", ".ndjson"),
    "csv": (".csv",),
    "doccano": (".jsonl", ".json"),
    "label-studio": (".json",),
}
_KINDS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv"}


@dataclass(slots=True)
class Reading:
    """What some files held: the good items, and one message (file, place, what, allowed) for each bad record."""

    items: list[Item] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A record that was read, as objects of a label file or what is wrong with it.

    Args:
        where: file and place, for messages.
        plain: its labels, or none where annotators have theirs.
        by: annotator -> with their labels, where the format says who labelled.
    """

    where: str
    plain: dict[str, Any] | InputError
    by: Mapping[str, dict[str, Any] | InputError] = field(default_factory=dict)

    def chosen(self, annotator: str | None, every: bool) -> Mapping[str | None, dict[str, Any] | InputError]:
        """Annotator -> object, for those that are wanted."""
        if annotator is not None and self.by:
            return {annotator: self.by[annotator]} if annotator in self.by else {None: self.plain}
        if len(self.by) > 1 and not every:
            return {None: InputError(
                f"{len(self.by)} annotators labelled it ({', '.join(sorted(self.by))}); choose one with --annotator, "
                "or write a file for each with {annotator} in the name of --output"
            )}  # fmt: skip
        return {who: data for who, data in self.by.items()} if self.by else {None: self.plain}  # noqa: C416


def read(
    paths: Iterable[Path],
    form: str | None = None,
    topics: Collection[str] | None = None,
    *,
    annotator: str | None = None,
    every: bool = False,
) -> Reading:
    """Read files of any of the formats.

    Args:
        paths: files; directories stand for their .jsonl, .json and .csv files in name order.
        form: one of ``FORMATS`` for all of them; by suffix and content of each where it is ``None``.
        topics: the topics that are allowed, or ``None`` for any.
        annotator: whose labels to take; paragraphs that they have not labelled come as not annotated.
        every: take the labels of every annotator, one item for each.

    Raises:
        InputError: a file can't be opened or read, it is not clear what it is, or nobody of that name labelled anything.
    """
    reading = Reading()
    seen: dict[tuple[str | None, str], str] = {}
    names: set[str] = set()
    for path in rows.files(paths, tuple(_KINDS), deep=False):
        for entry in _entries(path, form):
            names.update(entry.by)
            for who, data in entry.chosen(annotator, every).items():
                try:
                    if isinstance(data, InputError):
                        raise data
                    item = items.item_of(data, topics, who)
                    key = who, item.paragraph.id
                    if key[1] and key in seen:
                        raise InputError(f"the id {key[1]!r} stands already at {seen[key]}")
                except InputError as error:
                    reading.problems.append(f"{entry.where}: {error}")
                    continue
                seen[key] = entry.where
                reading.items.append(item)
    if annotator is not None and annotator not in names:
        there = ", ".join(sorted(names)) or "nobody, or the format does not say"
        raise InputError(f"no annotation by {annotator!r}; there are annotations by: {there}")
    return reading


def _entries(path: Path, form: str | None) -> Iterator[_Entry]:
    kind = _KINDS.get(path.suffix.lower(), "jsonl")
    try:
        with path.open("rb") as file:
            found = list(rows.read(file, kind))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    first = next((row.data for row in found if isinstance(row.data, dict)), {})
    form = form or _told(path, kind, first)
    unit = "item" if kind == "json" else "line"
    if form == "label-studio":
        yield from _tasks(path, unit, found)
        return
    convert: Callable[[Mapping[str, Any]], dict[str, Any]] = doccano.label_object
    if form != "doccano":
        convert = items.from_cells if kind == "csv" else dict
    for row in found:
        data = row.data if isinstance(row.data, InputError) else _tried(partial(convert, row.data))
        yield _Entry(f"{path}: {unit} {row.line}", data)


def _tasks(path: Path, unit: str, found: Iterable[Row]) -> Iterator[_Entry]:
    """The tasks of a Label Studio export; records of JSON-MIN and CSV that are of one task are taken together."""
    tasks = []
    for row in found:
        try:
            if isinstance(row.data, InputError):
                raise row.data
            minimal = label_studio.is_minimal(row.data)
            tasks.append((label_studio.task_of_minimal if minimal else label_studio.task_of)(row.data))
        except InputError as error:
            yield _Entry(f"{path}: {unit} {row.line}", error)
    for number, task in enumerate(label_studio.merged(tasks), 1):
        answers = label_studio.latest(task)
        by = {who: _tried(partial(label_studio.label_object, task, answer)) for who, answer in answers.items()}
        yield _Entry(f"{path}: task {task.id or f'number {number}'}", label_studio.label_object(task, None), by)


def _tried(make: Callable[[], dict[str, Any]]) -> dict[str, Any] | InputError:
    try:
        return make()
    except InputError as error:
        return error


def _told(path: Path, kind: str, first: Mapping[str, Any]) -> str:
    """What a file is, by its suffix and its first record."""
    if label_studio.is_task(first) or (kind != "jsonl" and label_studio.is_minimal(first)):
        return "label-studio"
    if doccano.is_record(first):
        return "doccano"
    if kind == "json" and first:
        raise InputError(f"{path}: neither an export of Label Studio nor one of doccano; say with --from what it is")
    return "csv" if kind == "csv" else "jsonl"


def to_bytes(found: Sequence[Item], form: str, guesses: Sequence[Guess | None] = (), *, array: bool = False) -> bytes:
    """A file of one of the formats.

    Args:
        found: what to write.
        form: one of ``FORMATS``.
        guesses: for each item what a model says of it, for "doccano" and "label-studio".
        array: doccano's JSON rather than its JSONL.
    """
    if form == "csv":
        return items.csv_bytes(found)
    if form == "jsonl":
        return items.json_lines(map(items.as_dict, found))
    write = doccano.record if form == "doccano" else label_studio.task
    records = [write(item, guess) for item, guess in zip(found, guesses or [None] * len(found), strict=True)]
    return items.json_array(records) if array or form == "label-studio" else items.json_lines(records)
