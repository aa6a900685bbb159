"""Label files (JSON lines or CSV) <-> paragraphs with labels; every bad line is named, the good ones are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stancelib import rows
from stancelib.errors import InputError
from stancelib.records import STANCES, Paragraph

#: What a label file may say of a paragraph besides id, text and labels.
OPTIONAL = ("voice", "source", "kind", "style")


@dataclass(slots=True)
class Reading:
    """What a label file held: the good paragraphs, and one message (file, line, what, allowed) for each bad line."""

    paragraphs: list[Paragraph] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def paragraph_from_dict(data: Mapping[str, Any], topics: Collection[str] | None) -> Paragraph:
    """One object of a label file into a `Paragraph`.

    Args:
        data: the object.
        topics: the topics that are allowed, or ``None`` for any.

    Raises:
        InputError: what is wrong and what is allowed; the caller adds file and line.
    """
    text = data.get("text")
    if not isinstance(text, str) or not text.strip():
        raise InputError("text is missing or empty")
    found = data.get("topics")
    stance = data.get("stance") or {}
    if found is not None:
        if not isinstance(found, list) or not all(isinstance(topic, str) for topic in found):
            raise InputError('topics must be a list of names, such as ["energy"]')
        if len(set(found)) != len(found):
            raise InputError("a topic stands twice in topics")
        if topics is not None and (unknown := [topic for topic in found if topic not in topics]):
            raise InputError(f"unknown topic {unknown[0]!r}; allowed: {', '.join(topics)}")
    if not isinstance(stance, Mapping) or set(stance) != set(found or ()):
        raise InputError("stance must have exactly the topics in topics")
    if wrong := [value for value in stance.values() if value not in STANCES]:
        raise InputError(f"unknown stance {wrong[0]!r}; allowed: {', '.join(STANCES)}")
    optional = {key: data.get(key) for key in OPTIONAL}
    if wrong := [key for key, value in optional.items() if not isinstance(value, str | None)]:
        raise InputError(f"{wrong[0]} must be text or null")
    return Paragraph(
        id=rows.identity(data) or "",
        text=text,
        topics=None if found is None else tuple(found),
        stance=dict(stance),
        **optional,
    )


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any] | InputError]]:
    """The file's records with their line numbers; what can't be read comes as the error."""
    kind = "csv" if path.suffix.lower() == ".csv" else "jsonl"
    with path.open("rb") as file:
        for row in rows.read(file, kind, ("text", "topics")):
            data = row.data
            yield row.line, data if isinstance(data, InputError) or kind == "jsonl" else from_row(data)


#: What stands in the topics of a CSV row that nobody annotated; an empty cell means that there is no topic.
NOT_ANNOTATED = "?"


def from_row(row: Mapping[str, Any]) -> dict[str, Any] | InputError:
    """A CSV row as an object of a label file: ``topics`` is ``energy;gaza`` and ``stance`` is ``favor;neutral``, in the
    same order, or ``topics`` is ``NOT_ANNOTATED``."""
    bare = (row.get("topics") or "").strip() == NOT_ANNOTATED
    names = [name.strip() for name in ("" if bare else row.get("topics") or "").split(";") if name.strip()]
    stances = [name.strip() for name in (row.get("stance") or "").split(";") if name.strip()]
    if len(names) != len(stances):
        return InputError("topics and stance must list as many names, separated by ;")
    optional = {key: row.get(key) or None for key in OPTIONAL}
    return {
        "id": row.get("id") or "",
        "text": row.get("text"),
        "topics": None if bare else names,
        "stance": dict(zip(names, stances, strict=True)),
    } | optional


def read(paths: Iterable[Path], topics: Collection[str] | None = None) -> Reading:
    """Read label files: ``.csv``, anything else as JSON lines; a directory stands for its label files in name order.

    Args:
        paths: files and directories.
        topics: the topics that are allowed, or ``None`` for any.

    Raises:
        InputError: a file can't be opened, or a CSV file has not the columns text and topics.
    """
    reading = Reading()
    seen: dict[str, str] = {}
    for path in rows.files(paths, (".jsonl", ".csv"), deep=False):
        try:
            for number, data in _objects(path):
                where = f"{path}: line {number}"
                try:
                    if isinstance(data, InputError):
                        raise data
                    paragraph = paragraph_from_dict(data, topics)
                    if paragraph.id and paragraph.id in seen:
                        raise InputError(f"the id {paragraph.id!r} stands already at {seen[paragraph.id]}")
                except InputError as error:
                    reading.problems.append(f"{where}: {error}")
                    continue
                if paragraph.id:
                    seen[paragraph.id] = where
                reading.paragraphs.append(paragraph)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from error
    return reading


@dataclass(frozen=True, slots=True)
class Report:
    """What is in a set of labelled paragraphs: counts by topic and stance, and exact duplicates."""

    paragraphs: int
    without_topic: int
    stances: Mapping[str, Mapping[str, int]]
    duplicates: int


def report(paragraphs: Sequence[Paragraph], topics: Sequence[str]) -> Report:
    """Count what there is to learn from.

    >>> report([Paragraph("1", "نفت ارزان شد", ("energy",), {"energy": "neutral"})], ["energy"]).stances["energy"]["neutral"]
    1
    """
    counts = Counter((topic, stance) for p in paragraphs for topic, stance in p.stance.items())
    texts = Counter(" ".join(p.text.split()) for p in paragraphs)
    return Report(
        paragraphs=len(paragraphs),
        without_topic=sum(p.topics == () for p in paragraphs),
        stances={topic: {stance: counts[topic, stance] for stance in STANCES} for topic in topics},
        duplicates=sum(count - 1 for count in texts.values()),
    )
