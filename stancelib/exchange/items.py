"""Paragraphs with whatever else their record holds, so that they come back whole from another tool; our own formats."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stancelib import corpus, rows
from stancelib.corpus import OPTIONAL
from stancelib.errors import InputError
from stancelib.records import STANCES, LabelledParagraph, Paragraph

_HEAD = ("id", "text", "topics", "stance")
#: What a label file says of a paragraph; every other field of a record is passed through.
FIELDS = (*_HEAD, *OPTIONAL)

#: The choice of an annotator who looked and found no topic. No topic can have this name: it has a hyphen.
NO_TOPIC = "no-topic"

#: Where our id stands in the other tools, which number their records themselves under ``id``.
ID = "paragraph_id"

#: Holds the fields that a format can't carry under their own names.
EXTRA = "extra"

#: Fields with more levels are refused: what Python can just read it can't write with another tool's levels around it.
DEEPEST = 50

_encode = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Item:
    """One paragraph on its way between tools.

    Args:
        paragraph: text and labels.
        more: fields of its record that are none of ``FIELDS``.
        annotator: who labelled it, where the format says so.
    """

    paragraph: Paragraph
    more: Mapping[str, Any]
    annotator: str | None = None


@dataclass(frozen=True, slots=True)
class Guess:
    """What a model says of an item that nobody has labelled.

    Args:
        labelled: its labels.
        version: which model it was, for people.
    """

    labelled: LabelledParagraph
    version: str

    @property
    def topics(self) -> list[str]:
        """The topics found."""
        return [label.topic for label in self.labelled.labels]

    @property
    def stance(self) -> dict[str, str]:
        """Topic -> stance; a topic whose stance is unsure is taken for neutral, which the annotator will look at."""
        return {label.topic: label.stance or STANCES[2] for label in self.labelled.labels}

    @property
    def score(self) -> float:
        """The probability of the least sure of its decisions."""
        found = set(self.topics)
        sure = [p if topic in found else 1 - p for topic, p in self.labelled.scores.items()]
        return round(min(sure + [label.stance_score for label in self.labelled.labels], default=1.0), 4)


def item_of(data: Mapping[str, Any], topics: Collection[str] | None, annotator: str | None = None) -> Item:
    """An object of a label file, other fields included, into an `Item`.

    Raises:
        InputError: as `corpus.paragraph_from_dict`; the other fields are nested deeper than ``DEEPEST``.
    """
    more = {key: value for key, value in data.items() if key not in FIELDS}
    if rows.nesting(more) > DEEPEST:
        raise InputError(f"its fields are nested more than {DEEPEST} deep")
    return Item(corpus.paragraph_from_dict(data, topics), more, annotator)


def as_dict(item: Item) -> dict[str, Any]:
    """The object of a label file; what is ``None`` is left out, above all ``topics`` where nobody annotated."""
    p = item.paragraph
    head: dict[str, Any] = {"id": p.id} if p.id else {}
    head["text"] = p.text
    if p.topics is not None:
        head |= {"topics": list(p.topics), "stance": dict(p.stance)}
    return head | {key: value for key in OPTIONAL if (value := getattr(p, key)) is not None} | dict(item.more)


def packed(item: Item, taken: Collection[str]) -> dict[str, Any]:
    """Everything but text and labels as fields beside them. Those with a name that is taken go into ``EXTRA``, and so do
    empty ones: tools that make a table of their records give every record empty fields that others have."""
    fields = {key: value for key, value in as_dict(item).items() if key not in _HEAD}
    clash = {key: value for key, value in fields.items() if key in taken or key in (ID, EXTRA) or _empty(value)}
    kept = {ID: item.paragraph.id} if item.paragraph.id else {}
    return kept | {k: v for k, v in fields.items() if k not in clash} | ({EXTRA: clash} if clash else {})


def unpacked(record: Mapping[str, Any], taken: Collection[str]) -> dict[str, Any]:
    """`packed` undone: the object of a label file but for text and labels; ``id`` is the tool's where it has not ours."""
    ours = {*taken, *_HEAD, ID, EXTRA}
    kept = {key: value for key, value in record.items() if key not in ours and not _empty(value)}
    if isinstance(extra := record.get(EXTRA), Mapping):
        kept |= {key: value for key, value in extra.items() if key not in _HEAD}
    elif not _empty(extra):
        kept[EXTRA] = extra
    own = record.get(ID)
    return {"id": record.get("id") if _empty(own) else own} | kept


def _empty(value: Any) -> bool:
    return value is None or value == ""


def json_lines(objects: Iterable[Mapping[str, Any]]) -> bytes:
    """One object a line. Half a surrogate pair, which UTF-8 has no bytes for, becomes the escape that JSON has for it."""
    return "".join(f"{_encode(one)}\n" for one in objects).encode("utf-8", "backslashreplace")


def json_array(objects: Iterable[Mapping[str, Any]]) -> bytes:
    """An array, one object a line."""
    lines = ",\n".join(map(_encode, objects))
    return f"[\n{lines}\n]\n".encode("utf-8", "backslashreplace")


def from_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of our CSV as an object of a label file; without a column topics it is of a pool that nobody annotated.

    Raises:
        InputError: topics and stances don't go together, or ``extra`` is no JSON object.
    """
    data = corpus.from_row({"topics": corpus.NOT_ANNOTATED, **row})
    if isinstance(data, InputError):
        raise data
    return data | {k: v for k, v in row.items() if k not in (*FIELDS, EXTRA) and v} | _extra(row.get(EXTRA))


def _extra(cell: str | None) -> dict[str, Any]:
    if not cell:
        return {}
    found = cell_value(cell)
    if not isinstance(found, dict):
        raise InputError(f"the column {EXTRA} must hold a JSON object")
    return {key: value for key, value in found.items() if key not in FIELDS}


def cell_value(cell: Any) -> Any:
    """What a CSV cell holds: JSON where it looks like an object or a list, else its text."""
    if isinstance(cell, str) and cell.startswith(("{", "[")):
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            return cell
    return cell


def csv_bytes(items: Sequence[Item]) -> bytes:
    """Our CSV. A field that is text in every record has a column of its own, all others stand as JSON in ``EXTRA``."""
    names = list(dict.fromkeys(key for item in items for key in item.more))
    plain = [
        name
        for name in names
        if name.strip() and name != EXTRA
        if all(isinstance(item.more.get(name, "x"), str) and item.more.get(name, "x") for item in items)
    ]
    optional = [key for key in OPTIONAL if any(getattr(item.paragraph, key) for item in items)]
    nested = [EXTRA] if len(plain) < len(names) else []
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([*_HEAD, *optional, *plain, *nested])
    for item in items:
        p = item.paragraph
        topics = corpus.NOT_ANNOTATED if p.topics is None else ";".join(p.topics)
        row = [p.id, p.text, topics, ";".join(p.stance[topic] for topic in p.topics or ())]
        row += [getattr(p, key) or "" for key in optional] + [item.more.get(name, "") for name in plain]
        rest = {key: value for key, value in item.more.items() if key not in plain}
        writer.writerow(row + [_encode(rest) if rest else ""] * len(nested))
    return ("\ufeff" + file.getvalue()).encode("utf-8", "replace")
