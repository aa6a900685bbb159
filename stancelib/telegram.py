"""Messages of a Telegram Desktop export (result.json), one at a time in constant memory. Needs ijson."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from datetime import UTC, datetime, timezone
from typing import Any, BinaryIO

from stancelib.errors import InputError, MissingExtraError
from stancelib.rows import RECORD_BYTES, Row
from stancelib.text import words

_Event = tuple[str, Any]

# Where the messages are: in the export of one chat, and in that of all chats, left ones included.
_PLACES = {
    ("", "messages"),
    ("", "chats", "list", "item", "messages"),
    ("", "left_chats", "list", "item", "messages"),
}

# Telegram nests a few levels; a parser and whoever walks what it made need a bound.
_DEEPEST = 50

_NO_EXPORT = (
    "not a Telegram export: an object with messages, or with chats that have them, is wanted, as Telegram Desktop writes "
    "it to result.json; JSON with a record a line is to be called .jsonl"
)


def read(file: BinaryIO) -> Iterator[Row]:
    """The messages of an export in order; service messages, those without text and lines of
    addresses alone are left out.

    Args:
        file: open for reading bytes: UTF-8, as Telegram writes it.

    Yields:
        Rows with ``id``, ``text`` and, where they are known, ``date`` (ISO 8601) and ``outlet`` (the chat's name).
        Lines are messages, counted from 1 over all chats. Where the JSON ends too early or is damaged, what was whole
        comes first and the last row says so.

    Raises:
        InputError: it is no export.
        MissingExtraError: ijson is not installed.

    >>> import io
    >>> export = '{"name": "کانال", "messages": [{"id": 7, "type": "message", "text": ["نفت ", {"text": "گران شد"}]}]}'
    >>> next(read(io.BytesIO(export.encode()))).data
    {'id': 7, 'text': 'نفت گران شد', 'outlet': 'کانال'}
    """
    ijson = _ijson()
    source = _Source(file)
    number = taken = 0
    try:
        for outlet, message in _messages(source, ijson):
            number += 1
            data = message if isinstance(message, InputError) else _record(message, outlet)
            if data is not None:
                yield Row(number, data, source.position - taken)
                taken = source.position
    except (ijson.JSONError, ValueError) as error:
        what = str(error).replace("\\n", "\n").partition("\n")[0]
        problem = InputError(f"the JSON is damaged or ends too early ({what}); nothing from here on was read")
        yield Row(number + 1, problem, source.position - taken)
    except _TooLongError:
        problem = InputError(f"more than {RECORD_BYTES >> 20} MB in one value; nothing from here on was read")
        yield Row(number + 1, problem, source.position - taken)


def _ijson() -> Any:
    try:
        import ijson
    except ImportError as error:
        raise MissingExtraError(
            f"a Telegram export needs ijson ({error}); install it with: pip install 'stancelib[telegram]'"
        ) from error
    return ijson


class _TooLongError(Exception):
    """The parser reads on and on and nothing comes of it."""


class _Source:
    """The bytes that a parser reads, counted; ``mark`` is where they stood when something last came of them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.position = self.mark = 0

    def read(self, size: int) -> bytes:
        if self.position - self.mark > RECORD_BYTES:
            raise _TooLongError
        data = self._file.read(size)
        if self.position == 0:
            data = data.removeprefix(codecs.BOM_UTF8)
        self.position += len(data)
        return data


def _messages(source: _Source, ijson: Any) -> Iterator[tuple[str | None, Any]]:
    """What stands in the lists of messages, each with its chat's name."""

    def marked() -> Iterator[_Event]:
        for event in ijson.basic_parse(source):
            source.mark = source.position
            yield event

    events = marked()
    path: list[str] = []  # the keys of what is open; an item of a list is called so
    lists: list[bool] = []  # and whether each is a list
    names: dict[int, str] = {}  # of the chats that are open, by depth
    key, is_export = "", False
    for event, value in events:
        if not path and event != "start_map":
            raise InputError(_NO_EXPORT)
        if event == "map_key":
            key = value
        elif event.startswith("end"):
            names.pop(len(path), None)
            path.pop()
            lists.pop()
            key = "item" if lists and lists[-1] else ""
        elif lists and lists[-1] and len(path) <= 5 and tuple(path) in _PLACES:
            message = _build(event, events, source, ijson) if event.startswith("start") else value
            yield names.get(len(path) - 1), message
        elif event.startswith("start"):
            path.append(key)
            lists.append(event == "start_array")
            key = "item"
            is_export = is_export or (lists[-1] and len(path) <= 5 and tuple(path) in _PLACES)
            if len(path) > _DEEPEST:
                raise InputError(f"not a Telegram export: it is nested more than {_DEEPEST} deep")
        elif key == "name" and event == "string":
            names[len(path)] = value
    if not is_export:
        raise InputError(_NO_EXPORT)


def _build(event: str, events: Iterator[_Event], source: _Source, ijson: Any) -> Any:
    """The object or list that begins here; of one that is too large nothing is kept, but what comes after it is found."""
    builder, start, depth, problem = ijson.ObjectBuilder(), source.position, 0, None
    value: Any = None
    while True:
        depth += event.startswith("start") - event.startswith("end")
        if depth > _DEEPEST:
            problem = InputError(f"it is nested more than {_DEEPEST} deep")
        elif source.position - start > RECORD_BYTES:
            problem = InputError(f"more than {RECORD_BYTES >> 20} MB in one message")
        if problem is None:
            builder.event(event, value)
        else:
            builder = None
        if not depth:
            return problem or builder.value
        event, value = next(events)


def _record(message: Any, outlet: str | None) -> dict[str, Any] | InputError | None:
    """The record of a message, what is wrong with it, or ``None`` where there is nothing to label."""
    if not isinstance(message, dict):
        return InputError("not a message: an object is wanted")
    if (kind := message.get("type")) == "service":
        return None
    if kind != "message":
        return InputError(f"a message of the type {str(kind)[:50]!r}; allowed: message, service")
    text = _text(message.get("text"))
    if text is None:
        return InputError("its text is neither text nor a list of pieces of text")
    if not text.strip():
        return None
    found = {"id": message.get("id"), "text": text, "date": _date(message), "outlet": outlet}
    return {key: value for key, value in found.items() if value is not None}


def _text(value: Any) -> str | None:
    """The text of a message: a string, or strings and formatted pieces in a list. Lines of addresses alone are left out:
    channels put theirs below every message, and as paragraphs without a topic they would be in every share.

    >>> _text(["نفت گران شد\\n🆔 ", {"type": "mention", "text": "@khabar"}])
    'نفت گران شد'
    """
    if not isinstance(value, list):
        return value if isinstance(value, str) else None
    text, rest = "", ""
    for piece in value:
        part = piece.get("text") if isinstance(piece, dict) else piece
        if not isinstance(part, str):
            return None
        text += part
        is_address = isinstance(piece, dict) and piece.get("type") in ("link", "mention")
        rest += "\n" * part.count("\n") if is_address else part
    if rest == text:
        return text
    lines = zip(text.split("\n"), rest.split("\n"), strict=True)
    return "\n".join(line for line, other in lines if line == other or words(other))


def _date(message: dict[str, Any]) -> str | None:
    """When a message was sent. ``date`` is what the clock of whoever exported it would have shown, ``date_unixtime`` the
    moment itself: together they tell the clock's distance from UTC.

    >>> _date({"date": "2024-05-01T12:30:00", "date_unixtime": "1714554000"})
    '2024-05-01T12:30:00+03:30'
    """
    shown = message.get("date")
    if not isinstance(shown, str):
        return None
    try:
        clock = datetime.fromisoformat(shown)
        # By way of a float: a whole number of 1e999999999 would take for ever.
        moment = datetime.fromtimestamp(int(float(message["date_unixtime"])), UTC)
        return clock.replace(tzinfo=timezone(clock - moment.replace(tzinfo=None))).isoformat()
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return shown
