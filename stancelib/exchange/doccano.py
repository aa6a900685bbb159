"""doccano's text classification files <-> objects of a label file.

A record is ``{"text": …, "label": ["energy:favor", …], …}`` with any other columns beside it; exports add ``id`` and
``Comments``, some versions write ``data`` for ``text``, ``labels`` for ``label``, and nest the other columns in
``meta``; in CSV several labels are joined by ``#``. doccano has no mark for "looked at, nothing found", so an annotator gives
the label `items.NO_TOPIC` there: a record without any label is one that nobody annotated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stancelib.errors import InputError
from stancelib.exchange.items import NO_TOPIC, Guess, Item, packed, unpacked

_TEXT, _LABEL = ("text", "data"), ("label", "labels")
# The last ones are what doccano calls the columns that it adds to a file while it reads it.
_OWN = {
    "id",
    *_TEXT,
    *_LABEL,
    "meta",
    "Comments",
    "comments",
    "filename",
    "upload_name",
    "example_uuid",
    "#line_number",
}

#: The field that says which model gave the labels that an annotator found there.
PRELABELLED = "prelabelled_by"


def is_record(data: Mapping[str, Any]) -> bool:
    """Whether it looks like a record of doccano's."""
    return any(name in data for name in _LABEL) and any(name in data for name in _TEXT) and "topics" not in data


def labels(topics: Sequence[str] | None, stance: Mapping[str, str]) -> list[str]:
    """The labels of a paragraph.

    >>> labels(["energy"], {"energy": "favor"}), labels([], {}), labels(None, {})
    (['energy:favor'], ['no-topic'], [])
    """
    if topics is None:
        return []
    return [f"{topic}:{stance[topic]}" for topic in topics] or [NO_TOPIC]


def record(item: Item, guess: Guess | None = None) -> dict[str, Any]:
    """An item as doccano imports it; a guess becomes labels that the annotator finds there."""
    p = item.paragraph
    head = {"text": p.text, "label": labels(p.topics, p.stance)}
    if guess is not None:
        head["label"] = labels(guess.topics, guess.stance)
        item = Item(p, {**item.more, PRELABELLED: guess.version})
    return head | packed(item, _OWN)


def label_object(data: Mapping[str, Any]) -> dict[str, Any]:
    """A record of doccano's as an object of a label file.

    Raises:
        InputError: a label is no topic with a stance, or two labels contradict each other.
    """
    names = _names(next((data[name] for name in _LABEL if name in data), None))
    head: dict[str, Any] = {"text": next((data[name] for name in _TEXT if name in data), None)}
    if names:
        stance: dict[str, str] = {}
        for name in names:
            if name == NO_TOPIC:
                continue
            topic, colon, value = name.partition(":")
            if not colon:
                raise InputError(f"the label {name!r} names no stance; allowed: topic:stance, such as energy:favor, or {NO_TOPIC}")  # fmt: skip
            if topic in stance:
                raise InputError(f"two stances of {topic}: {stance[topic]} and {value}; choose one in doccano")
            stance[topic] = value
        if stance and NO_TOPIC in names:
            raise InputError(f"{NO_TOPIC} stands beside {names[0] if names[0] != NO_TOPIC else names[1]}; choose one")
        head |= {"topics": list(stance), "stance": stance}
    meta = data.get("meta")
    fields = {**meta, **data} if isinstance(meta, Mapping) else data
    return unpacked(fields, _OWN) | head


def _names(given: Any) -> list[str]:
    if isinstance(given, str):
        return [name.strip() for name in given.split("#") if name.strip()]
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise InputError("label must be a list of names; is it an export of a text classification project?")
    return given
