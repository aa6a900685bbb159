"""Records of JSONL, CSV and Parquet files, one at a time in constant memory, and of JSON arrays, which are at hand whole;
what is bad comes as an error in its place."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, cast

from stancelib.articles import codec_of, decode
from stancelib.errors import InputError, MissingExtraError
from stancelib.records import METADATA

#: The kinds of file that hold records, by suffix.
SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}

#: A record of more bytes than this is refused before it is read whole; a thick book has a tenth of it.
RECORD_BYTES = 16 << 20

#: A title, date or outlet is cut after so many characters: every paragraph of its article has it.
METADATA_LENGTH = 1000

#: A JSON array of more bytes than this is refused; tools for annotation export projects of 100,000 paragraphs in less.
ARRAY_BYTES = 256 << 20

# NaN is no JSON, but pandas writes it where a value is missing; a record is not thrown away for that.
_decode = json.JSONDecoder(parse_constant=lambda _: None).decode

_NOT_DECODED = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a file.

    Args:
        line: its line (row in a Parquet file, place in a JSON array), counted from 1; the first one where a CSV record has
            several.
        data: the record, or what is wrong with it.
        size: about how many bytes of the file it took.
    """

    line: int
    data: dict[str, Any] | InputError
    size: int


def read(file: BinaryIO, kind: str, columns: Sequence[str] = (), encoding: str | None = None) -> Iterator[Row]:
    """The records of a file in order.

    Args:
        file: open for reading bytes; a Parquet file must be seekable.
        kind: "jsonl", "csv", "parquet" or "json" (an array of objects).
        columns: those that must be there in a CSV or Parquet file.
        encoding: of JSONL and CSV; by default a byte-order mark's word, else UTF-8.

    Raises:
        InputError: the file as a whole can't be read: no header, a column that is not there, no Parquet file, no
            JSON array or one of more than `ARRAY_BYTES`.
        MissingExtraError: pyarrow is not installed and a Parquet file is to be read.
    """
    if kind == "parquet":
        return read_parquet(file, columns)
    buffered = file if isinstance(file, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, file))
    if kind == "json":
        return _array(buffered.read(ARRAY_BYTES + 1), encoding)
    codec = codec_of(encoding, buffered.peek(2))
    lines = io.TextIOWrapper(buffered, encoding=codec, errors="surrogateescape", newline="")
    return _csv(lines, columns) if kind == "csv" else _jsonl(lines)


def _lines(file: io.TextIOWrapper) -> Iterator[tuple[str, InputError | None]]:
    """Lines with their ends and what is wrong with them; one that is too long comes empty, and is never at hand whole.

    Raises:
        InputError: the rest is not in the file's encoding.
    """
    while line := _line(file):
        if len(line) == RECORD_BYTES and not line.endswith(("\n", "\r")):
            while (rest := _line(file)) and not rest.endswith(("\n", "\r")):
                pass
            yield "", InputError(f"more than {RECORD_BYTES >> 20} MB in one record; cut it into articles")
        elif _NOT_DECODED.search(line):
            yield line, InputError("not UTF-8 (or not in the encoding that was named); save the file as UTF-8")
        else:
            yield line, None


def _line(file: io.TextIOWrapper) -> str:
    try:
        return file.readline(RECORD_BYTES)
    except UnicodeError as error:  # UTF-16: where the next line begins is not known
        raise InputError(f"not in the encoding that was named ({error}); nothing from there on was read") from error


def _bytes(line: str) -> int:
    return len(line.encode("utf-8", "surrogatepass"))


def _jsonl(file: io.TextIOWrapper) -> Iterator[Row]:
    for number, (line, error) in enumerate(_lines(file), 1):
        data: dict[str, Any] | InputError
        if error is not None:
            yield Row(number, error, _bytes(line) or RECORD_BYTES)
        elif line.strip():
            try:
                found = _decode(line)
                data = found if isinstance(found, dict) else InputError("not a JSON object")
            except (ValueError, RecursionError) as wrong:
                data = InputError(f"not JSON: {wrong}")
            yield Row(number, data, _bytes(line))


def _array(data: bytes, encoding: str | None) -> Iterator[Row]:
    if len(data) > ARRAY_BYTES:
        raise InputError(f"more than {ARRAY_BYTES >> 20} MB in one JSON array; export it in parts, or as JSON lines")
    try:
        found = _decode(decode(data, encoding))
    except (ValueError, RecursionError) as wrong:
        raise InputError(f"not JSON: {wrong}") from wrong
    if not isinstance(found, list):
        raise InputError("not a JSON array of objects")
    return (
        Row(number, one if isinstance(one, dict) else InputError("not a JSON object"), 0)
        for number, one in enumerate(found, 1)
    )


def _csv(file: io.TextIOWrapper, columns: Sequence[str]) -> Iterator[Row]:
    bad: list[InputError] = []
    size = 0

    def lines() -> Iterator[str]:
        nonlocal size
        for line, error in _lines(file):
            if error is not None:
                bad.append(error)
                if not line:  # where the record would have ended is not known, so nothing after it can be trusted
                    return
            size += _bytes(line)
            yield line

    whole = lines()
    first_line = list(itertools.islice(whole, 1))
    try:
        delimiter = _delimiter("".join(first_line), columns)
        reader = csv.reader(itertools.chain(first_line, whole), delimiter=delimiter, strict=True)
        header = _next(reader) or []
    except csv.Error as error:
        raise InputError(f"line 1: {error}") from error
    if bad:
        raise InputError(f"line 1: {bad[0]}")
    _require(columns, header, "line 1: ")
    while True:
        data: dict[str, Any] | InputError
        first = reader.line_num + 1
        try:
            cells = _next(reader)
        except csv.Error as error:
            lost = (
                "nothing after it was read"
                if size >= RECORD_BYTES
                else f"nothing up to line {reader.line_num} was read"
            )
            yield Row(first, InputError(f"{error}; {lost}: a quotation mark that is never closed, perhaps"), size)
            if size >= RECORD_BYTES:
                return
            bad.clear()
            size = 0
            continue
        if cells is None:
            if bad:
                yield Row(first, InputError(f"{bad[0]}; nothing after it was read"), size)
            return
        if bad:
            data = bad[0]
        elif not cells:
            continue
        elif len(cells) > len(header):
            data = InputError(f"{len(cells)} cells, but {len(header)} columns")
        else:
            data = dict(zip(header, cells, strict=False))
        yield Row(first, data, size)
        bad.clear()
        size = 0


def _delimiter(line: str, columns: Sequence[str]) -> str:
    """What separates the cells, by the first line: a comma, or what Excel writes instead, a semicolon where the comma is
    the decimal sign and a tab in "Unicode text". It is what the columns are there with, else what makes most cells.

    >>> _delimiter("id;text;note, if any", ["text"]), _delimiter("id\\ttext", ["body"])
    (';', '\\t')
    """

    def fit(delimiter: str) -> tuple[bool, int]:
        cells = _next(csv.reader([line], delimiter=delimiter)) or []
        there = set(columns) <= set(cells)
        return there, 0 if there else len(cells)

    return max(",;\t", key=fit)


def _next(reader: Iterator[list[str]]) -> list[str] | None:
    """The next record, with a limit that is the whole process's and that others may have set to something else."""
    limit = csv.field_size_limit(RECORD_BYTES)
    try:
        return next(reader, None)
    finally:
        csv.field_size_limit(limit)


def _require(columns: Sequence[str], there: Sequence[str], where: str = "") -> None:
    if twice := [name for name in columns if there.count(name) > 1]:
        raise InputError(f"{where}there are {there.count(twice[0])} columns {twice[0]!r}; rename all but one")
    if missing := [name for name in columns if name not in there]:
        names = ", ".join(there) or "none"
        hint = " (see --text-field)" if len(columns) == 1 else ""  # a label file needs more, by fixed names
        raise InputError(f"{where}there is no column {missing[0]!r}; the columns are: {names}{hint}")


def parquet_groups(file: BinaryIO) -> list[int]:
    """How many records each row group of a Parquet file has.

    Raises:
        InputError: it is no Parquet file.
    """
    return _group_sizes(_parquet_file(file))


def _group_sizes(source: Any) -> list[int]:
    return [source.metadata.row_group(n).num_rows for n in range(source.metadata.num_row_groups)]


def read_parquet(file: BinaryIO, columns: Sequence[str], group: int | None = None) -> Iterator[Row]:
    """The records of a Parquet file, or of one of its row groups; lines count from the beginning of the file.

    Raises:
        InputError: it is no Parquet file, or a column is not there.
    """
    source = _parquet_file(file)
    import pyarrow

    names = source.schema_arrow.names
    _require(columns, names)
    wanted = list(columns) + [name for name in ("id", *METADATA) if names.count(name) == 1 and name not in columns]
    size = -(-file.seek(0, io.SEEK_END) // max(source.metadata.num_rows, 1))
    number = sum(_group_sizes(source)[: group or 0])
    try:
        for batch in source.iter_batches(batch_size=500, columns=wanted, row_groups=None if group is None else [group]):
            for data in _dicts(batch):
                number += 1
                yield Row(number, data, size)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        yield Row(number + 1, InputError(f"the Parquet file can't be read from about here on ({error})"), size)


def _dicts(batch: Any) -> list[dict[str, Any] | InputError]:
    """The records of a batch. Where Python has no such value, a date in the year 12,000 or text that is not UTF-8, they
    are taken one by one, and only those are lost that have it."""
    try:
        found: list[dict[str, Any] | InputError] = batch.to_pylist()
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        if batch.num_rows == 1:
            bare = [name for name in batch.schema.names if name not in METADATA]
            if len(bare) < batch.num_columns:  # an article is not lost for its date
                return _dicts(batch.select(bare))
            return [InputError(f"it holds a value that can't be read ({error})")]
        return [data for row in range(batch.num_rows) for data in _dicts(batch.slice(row, 1))]
    return found


def nesting(value: Any) -> int:
    """How many levels of objects and lists a JSON value has; what is none has one. It may have more than Python recurses.

    >>> nesting({"a": [1]}), nesting("text")
    (3, 1)
    """
    levels, level = 0, [value]
    while level:
        levels += 1
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return levels


def identity(data: Mapping[str, Any]) -> str | None:
    """The id of a record as text, ``None`` where it has none; NaN is what pandas has where there is none.

    Raises:
        InputError: it is nothing that other files could have in the same words.
    """
    value = data.get("id")
    if isinstance(value, list | dict | bytes):
        kind = {list: "a list", dict: "an object", bytes: "bytes"}[type(value)]
        raise InputError(f"the id is {kind}; allowed: text and numbers")
    if value is None or value == "" or value != value:
        return None
    return str(value)


def metadata(data: Mapping[str, Any]) -> dict[str, str]:
    """The title, date and outlet of a record as text, as far as it has them; what is no text, number or time is left out.

    >>> metadata({"title": "نفت", "date": date(2024, 5, 1), "outlet": None, "text": "…"})
    {'title': 'نفت', 'date': '2024-05-01'}
    """
    found: dict[str, str] = {}
    for name in METADATA:
        value = data.get(name)
        if isinstance(value, date):  # a datetime is one too
            found[name] = value.isoformat()
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            found[name] = "" if value != value else str(value).strip()[:METADATA_LENGTH]
    return {name: value for name, value in found.items() if value}


def _parquet_file(file: BinaryIO) -> Any:
    parquet = pyarrow_parquet()
    import pyarrow

    try:
        return parquet.ParquetFile(file)
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"not a Parquet file, or a damaged one ({error})") from error


def pyarrow_parquet() -> Any:
    """pyarrow.parquet.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError(
            f"Parquet needs pyarrow ({error}); install it with: pip install 'stancelib[parquet]'"
        ) from error
    return pyarrow.parquet


def files(
    paths: Iterable[Path],
    suffixes: Iterable[str],
    *,
    deep: bool,
    unreadable: Callable[[OSError], None] | None = None,
) -> Iterator[Path]:
    """The files themselves; a directory stands for its files with these suffixes in name order, or all below it.

    Args:
        paths: files and directories; links in a directory are followed to files, not to directories.
        suffixes: lower-case.
        deep: whether directories in a directory are looked through too.
        unreadable: is told of directories that can't be read.

    Raises:
        OSError: a directory can't be read and ``unreadable`` is not given.
    """
    allowed = set(suffixes)
    for path in paths:
        if not _has(path, stat.S_ISDIR):
            yield path
            continue
        found = []
        for directory, below, names in os.walk(path, onerror=unreadable or _refuse):
            found += [Path(directory, name) for name in names if Path(name).suffix.lower() in allowed]
            if not deep:
                below.clear()
        # A link that leads nowhere is named when it is to be read; a pipe, which would wait for a writer, is no file.
        yield from sorted(file for file in found if _has(file, stat.S_ISREG, otherwise=True))


def _has(path: Path, kind: Callable[[int], bool], *, otherwise: bool = False) -> bool:
    try:
        return kind(path.stat().st_mode)
    except (OSError, ValueError):
        return otherwise


def _refuse(error: OSError) -> None:
    raise error
