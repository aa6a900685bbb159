"""Files of articles: their bytes into text, and an article into its paragraphs."""

from __future__ import annotations

import codecs
import re
from typing import Final

from stancelib.errors import InputError
from stancelib.text import words

ENCODINGS: Final = ("utf-8", "utf-16", "windows-1256")


# How files begin that people take for text because another program shows them so.
_NO_TEXT: Final = {
    b"PK\x03\x04": "a Word or Excel document, or another zip file",
    b"\xd0\xcf\x11\xe0": "an old Word or Excel document",
    b"%PDF-": "a PDF document",
}


def codec_of(encoding: str | None, beginning: bytes) -> str:
    """The codec for a file of an encoding, or where that is ``None`` for a file that begins so: a byte-order mark's
    word, else UTF-8. UTF-8 may have a mark of its own in either case.

    >>> codec_of(None, b"\\xff\\xfe"), codec_of("utf-8", b""), codec_of("windows-1256", b"")
    ('utf-16', 'utf-8-sig', 'windows-1256')
    """
    if encoding is None:
        encoding = "utf-16" if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    return "utf-8-sig" if encoding.lower() == "utf-8" else encoding


def decode(data: bytes, encoding: str | None = None) -> str:
    """Bytes of an article into text.

    Args:
        data: the file as it is.
        encoding: one of ``ENCODINGS``, or ``None`` for a byte-order mark's word, else UTF-8. windows-1256 is never
            guessed: half of its guesses on real Persian are wrong.

    Raises:
        InputError: the bytes are not in that encoding; says at which byte and what to try.
    """
    if encoding is not None and encoding.lower() not in ENCODINGS:
        raise InputError(f"unknown encoding {encoding!r}; allowed: {', '.join(ENCODINGS)}")
    if what := next((what for beginning, what in _NO_TEXT.items() if data.startswith(beginning)), None):
        raise InputError(f"this is {what}; save it as plain text, a table as CSV, in UTF-8")
    codec = codec_of(encoding, data)
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        start = error.start + len(data) - len(error.object)  # utf-8-sig counts from behind the mark
        line = data[:start].count(b"\n") + 1
        raise InputError(
            f"not {codec.removesuffix('-sig')}: byte 0x{data[start]:02x} at position {start} (line {line}); "
            f"if the file is in another encoding, name it with --encoding ({', '.join(ENCODINGS)})"
        ) from error


_BLANK: Final = re.compile(r"\n[^\S\n]*\n")
_LINE_END: Final = re.compile(r"\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_ENDS_SENTENCE: Final = re.compile(r"[.!?؟…:؛»\"”)\]]\s*$")
_SURE_LETTER: Final = re.compile("[0-9A-Za-z\u0621-\u063a\u0641-\u064a\u067e-\u06cc]")
_HEADING: Final = re.compile(r"#{1,6}\s+(.*)$", re.DOTALL)


def _is_wrapped(lines: list[str]) -> bool:
    """Whether the lines of a block are one paragraph broken by an editor at 40 to 120 characters."""
    return all(40 <= len(line) <= 120 and not _ENDS_SENTENCE.search(line) for line in lines[:-1])


def split_paragraphs(text: str) -> list[tuple[str, str]]:
    """An article into (kind, paragraph) in reading order; kind is ``headline`` or ``body``.

    Blank lines separate paragraphs; so does every line end, unless the lines look hard-wrapped. A Markdown heading is
    a headline, and so is a short first line without a full stop that more text follows.

    >>> split_paragraphs("## دیدار دو وزیر\\n\\nدو وزیر در تهران دیدار کردند.")
    [('headline', 'دیدار دو وزیر'), ('body', 'دو وزیر در تهران دیدار کردند.')]
    """
    paragraphs: list[tuple[str, str]] = []
    for block in _BLANK.split(_LINE_END.sub("\n", text)):
        lines = [" ".join(line.split()) for line in block.split("\n") if line.strip()]
        if not lines:
            continue
        if not any(_HEADING.match(line) for line in lines) and len(lines) > 1 and _is_wrapped(lines):
            lines = [" ".join(lines)]
        for line in lines:
            heading = _HEADING.match(line)
            body = heading.group(1).rstrip("#").rstrip() if heading else line
            # A line of stars or dashes is a rule, not a paragraph; folding is for the few where a glance won't do.
            if _SURE_LETTER.search(body) or words(body):
                paragraphs.append(("headline" if heading else "body", body))
    if len(paragraphs) > 1 and not any(kind == "headline" for kind, _ in paragraphs):
        first = paragraphs[0][1]
        if len(first.split()) <= 20 and not first.rstrip().endswith((".", "؛", ":")):
            paragraphs[0] = ("headline", first)
    return paragraphs
