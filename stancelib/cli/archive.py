"""What ``stancelib label`` reads: articles and archives, record by record."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from stancelib import files, rows
from stancelib.articles import decode
from stancelib.batch import Record, records_of
from stancelib.errors import InputError, StancelibError
from stancelib.records import METADATA
from stancelib.rows import Row

_SUFFIXES = {
    ".txt": "text",
    ".md": "text",
    ".html": "html",
    ".htm": "html",
    ".json": "telegram",
    **rows.SUFFIXES,
}
_STDIN = "-"

#: What the files can be.
KINDS = tuple(dict.fromkeys(_SUFFIXES.values()))

_ARTICLES = ("text", "html")
_UNITS = {"parquet": "row", "telegram": "message"}

# How a Telegram export begins. A directory may hold other JSON, which is no more meant than its pictures are.
_EXPORT = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{.*?\"(?:messages|chats|about)\"\s*:", re.DOTALL)
_BEGINNING = 4096

#: In so many records of a file it shows whether they have a title, a date or an outlet.
_FIRST = 100


class Archive:
    """The records of some files in order.

    Args:
        paths: files, directories, "-".
        kind: one of ``KINDS`` for all of them; by suffix where it is ``None``.
        encoding: as for `articles.decode`.
        text_field: where a record of JSONL, CSV and Parquet has its text.
        output: a file or directory that is not input though it stands in a directory of input.

    Attributes:
        not_read: directories that hold nothing to label or can't be read, and which it is.

    Raises:
        InputError: the output is named as input too, or stdin is named twice.
    """

    def __init__(
        self, paths: tuple[str, ...], kind: str | None, encoding: str | None, text_field: str, output: Path | None
    ) -> None:
        self._kind, self._encoding, self._text_field = kind, encoding, text_field
        self._sources: list[Path | None] = []
        self._from_stdin: Iterator[Row] | None = None
        self.not_read: list[tuple[str, str]] = []
        away = None if output is None else files.target(output)
        if paths.count(_STDIN) > 1:
            raise InputError("- stands twice; stdin can be read once")
        for path in map(Path, paths):
            if str(path) == _STDIN:
                self._sources.append(None)
            elif away is not None and files.target(path) == away:
                raise InputError(f"{path} is to be read and written; give another --output")
            else:
                before = len(self.not_read)
                found = list(rows.files([path], _SUFFIXES, deep=True, unreadable=self._unreadable))
                found = [file for file in found if file == path or not self._other_json(file)]
                if not found and len(self.not_read) == before:
                    problem = f"nothing to label in this directory ({', '.join(_SUFFIXES)})"
                    self.not_read.append((str(path), problem))
                self._sources += [f for f in found if away is None or not files.target(f).is_relative_to(away)]

    def _other_json(self, file: Path) -> bool:
        """Whether a file of a directory is JSON, and no Telegram export by its beginning."""
        if self._kind_of(file) != "telegram" or self._kind is not None:
            return False
        try:
            with file.open("rb") as opened:
                return _EXPORT.match(opened.read(_BEGINNING)) is None
        except OSError:
            return False  # it is named when it is to be read

    def _kind_of(self, source: Path | None) -> str:
        return self._kind or ("text" if source is None else _SUFFIXES.get(source.suffix.lower(), "text"))

    def _unreadable(self, error: OSError) -> None:
        self.not_read.append((str(error.filename), f"this directory can't be read: {error.strerror}"))

    @property
    def parquet_files(self) -> list[Path]:
        """The files, all of which must be Parquet.

        Raises:
            InputError: one is not.
        """
        found = [source for source in self._sources if source is not None and source.suffix.lower() == ".parquet"]
        if len(found) < len(self._sources) or not found:
            raise InputError("a cluster labels Parquet files: give .parquet files or directories of them")
        return found

    @property
    def size(self) -> int:
        """Bytes of all files; stdin counts nothing."""
        return sum(self._stat(source)[0] for source in self._sources)

    def fingerprint(self) -> list[Any]:
        """What must be the same when an interrupted run goes on: files, their sizes and times, how they are read."""
        sources = [[str(source), *self._stat(source)] for source in self._sources]
        return [self._kind, self._encoding, self._text_field, sources]

    @staticmethod
    def _stat(source: Path | None) -> tuple[int, int]:
        try:
            found = source.stat() if source is not None else None
        except OSError:
            found = None  # it is named when it is to be read
        return (found.st_size, found.st_mtime_ns) if found else (0, 0)

    def has_metadata(self) -> bool:
        """Whether a table of the labels needs columns for title, date and outlet: a source is HTML or a Telegram export,
        or one of the first records of a file has one of these fields. Stdin is read that far, and not again."""
        return any(map(self._has_metadata, self._sources))

    def _has_metadata(self, source: Path | None) -> bool:
        kind = self._kind_of(source)
        if kind in _ARTICLES or kind == "telegram":
            return kind != "text"
        try:
            if source is None:
                found = self._rows(self._stdin(), kind)
                first = list(itertools.islice(found, _FIRST))
                self._from_stdin = itertools.chain(first, found)
            else:
                with source.open("rb") as file:
                    first = list(itertools.islice(self._rows(file, kind), _FIRST))
        except (OSError, StancelibError):
            return False  # it is named when it is to be read
        return any(name in row.data for row in first if isinstance(row.data, dict) for name in METADATA)

    def records(self) -> Iterator[Record]:
        """Every record; one that can't be read, or a whole file, comes with the error in the place of its text."""
        for name, problem in self.not_read:
            yield Record(name, None, name, InputError(problem), 0)
        for source in self._sources:
            name = _STDIN if source is None else str(source)
            kind = self._kind_of(source)
            try:
                if kind in _ARTICLES:
                    article, metadata = self._article(source, kind)
                    yield Record(name, None, name, article, self._stat(source)[0], metadata)
                elif source is None:
                    yield from self._records(name, self._from_stdin or self._rows(self._stdin(), kind), kind)
                else:
                    with source.open("rb") as file:
                        yield from self._records(name, self._rows(file, kind), kind)
            except OSError as error:
                yield Record(name, None, name, InputError(f"can't be read: {error.strerror}"), 0)
            except StancelibError as error:
                yield Record(name, None, name, InputError(str(error)), 0)

    @staticmethod
    def _stdin() -> BinaryIO:
        if sys.stdin is None:
            raise InputError("stdin is closed")
        return sys.stdin.buffer

    def _article(self, source: Path | None, kind: str) -> tuple[str | InputError, dict[str, str]]:
        limit = rows.RECORD_BYTES
        if source is None:
            data = self._stdin().read(limit + 1)
        else:
            with source.open("rb") as file:
                data = file.read(limit + 1)
        if len(data) > limit:
            problem = f"more than {limit >> 20} MB in one article; make it an archive with an article a record"
            return InputError(problem), {}
        try:
            if kind == "text":
                return decode(data, self._encoding), {}
            from stancelib import webpage

            return webpage.article(data, self._encoding)
        except InputError as error:
            return error, {}

    def _rows(self, file: BinaryIO, kind: str) -> Iterator[Row]:
        if kind == "telegram":
            from stancelib import telegram

            return telegram.read(file)
        return rows.read(file, kind, (self._text_field,), self._encoding)

    def _records(self, name: str, found: Iterator[Row], kind: str) -> Iterator[Record]:
        text_field = "text" if kind == "telegram" else self._text_field
        return records_of(name, found, text_field, _UNITS.get(kind, "line"))
