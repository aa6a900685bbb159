"""What ``stancelib label`` reads: articles and archives, record by record."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from stancelib import files, rows, text
from stancelib.batch import Record, records_of
from stancelib.errors import InputError, StancelibError

_ARTICLES = (".txt", ".md")
_READ = (*_ARTICLES, *rows.SUFFIXES)
_STDIN = "-"


class Archive:
    """The records of some files in order.

    Args:
        paths: files, directories, "-".
        kind: "text", "jsonl", "csv" or "parquet" for all of them; by suffix where it is ``None``.
        encoding: as for `text.decode`.
        text_field: where a record has its text.
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
                found = list(rows.files([path], _READ, deep=True, unreadable=self._unreadable))
                if not found and len(self.not_read) == before:
                    problem = f"nothing to label in this directory ({', '.join(_READ)})"
                    self.not_read.append((str(path), problem))
                self._sources += [f for f in found if away is None or not files.target(f).is_relative_to(away)]

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

    def records(self) -> Iterator[Record]:
        """Every record; one that can't be read, or a whole file, comes with the error in the place of its text."""
        for name, problem in self.not_read:
            yield Record(name, None, name, InputError(problem), 0)
        for source in self._sources:
            name = _STDIN if source is None else str(source)
            kind = self._kind or (rows.SUFFIXES.get(source.suffix.lower(), "text") if source is not None else "text")
            try:
                if kind == "text":
                    yield Record(name, None, name, self._article(source), self._stat(source)[0])
                elif source is None:
                    yield from self._rows(name, self._stdin(), kind)
                else:
                    with source.open("rb") as file:
                        yield from self._rows(name, file, kind)
            except OSError as error:
                yield Record(name, None, name, InputError(f"can't be read: {error.strerror}"), 0)
            except StancelibError as error:
                yield Record(name, None, name, InputError(str(error)), 0)

    @staticmethod
    def _stdin() -> BinaryIO:
        if sys.stdin is None:
            raise InputError("stdin is closed")
        return sys.stdin.buffer

    def _article(self, source: Path | None) -> str | InputError:
        limit = rows.RECORD_BYTES
        if source is None:
            data = self._stdin().read(limit + 1)
        else:
            with source.open("rb") as file:
                data = file.read(limit + 1)
        if len(data) > limit:
            return InputError(f"more than {limit >> 20} MB in one article; make it an archive with an article a record")
        try:
            return text.decode(data, self._encoding)
        except InputError as error:
            return error

    def _rows(self, name: str, file: BinaryIO, kind: str) -> Iterator[Record]:
        found = rows.read(file, kind, (self._text_field,), self._encoding)
        return records_of(name, found, self._text_field, "row" if kind == "parquet" else "line")
