"""Records of JSONL, CSV and Parquet files, one at a time in constant memory; what is bad comes as an error in its place."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from stancelib.errors import InputError, MissingExtraError
from stancelib.text import codec_of

#: The kinds of file that hold records, by suffix.
SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}

#: A record of more bytes than this is refused before it is read whole; a thick book has a tenth of it.
RECORD_BYTES = 16 << 20

_NOT_DECODED = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a file.

    Args:
        line: its line (row in a Parquet file), counted from 1; the first one where a CSV record has several.
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
        kind: "jsonl", "csv" or "parquet".
        columns: those that must be there in a CSV or Parquet file.
        encoding: of JSONL and CSV; by default a byte-order mark's word, else UTF-8.

    Raises:
        InputError: the file as a whole can't be read: no header, a column that is not there, no Parquet file.
        MissingExtraError: pyarrow is not installed and a Parquet file is to be read.
    """
    if kind == "parquet":
        return read_parquet(file, columns)
    buffered = file if isinstance(file, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, file))
    codec = codec_of(encoding, buffered.peek(2))
    lines = io.TextIOWrapper(buffered, encoding=codec, errors="surrogateescape", newline="")
    return _csv(lines, columns) if kind == "csv" else _jsonl(lines)


def _lines(file: io.TextIOWrapper) -> Iterator[tuple[str, InputError | None]]:
    """Lines with their ends and what is wrong with them; one that is too long comes empty, and is never at hand whole."""
    while line := file.readline(RECORD_BYTES):
        if len(line) == RECORD_BYTES and not line.endswith(("\n", "\r")):
            while (rest := file.readline(RECORD_BYTES)) and not rest.endswith(("\n", "\r")):
                pass
            yield "", InputError(f"more than {RECORD_BYTES >> 20} MB in one record; cut it into articles")
        elif _NOT_DECODED.search(line):
            yield line, InputError("not UTF-8 (or not in the encoding that was named); save the file as UTF-8")
        else:
            yield line, None


def _bytes(line: str) -> int:
    return len(line.encode("utf-8", "surrogatepass"))


def _jsonl(file: io.TextIOWrapper) -> Iterator[Row]:
    for number, (line, error) in enumerate(_lines(file), 1):
        data: dict[str, Any] | InputError
        if error is not None:
            yield Row(number, error, _bytes(line) or RECORD_BYTES)
        elif line.strip():
            try:
                found = json.loads(line)
                data = found if isinstance(found, dict) else InputError("not a JSON object")
            except (ValueError, RecursionError) as wrong:
                data = InputError(f"not JSON: {wrong}")
            yield Row(number, data, _bytes(line))


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

    csv.field_size_limit(RECORD_BYTES)
    reader = csv.reader(lines(), strict=True)
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise InputError(f"line 1: {error}") from error
    if bad:
        raise InputError(f"line 1: {bad[0]}")
    _require(columns, header, "line 1: ")
    while True:
        data: dict[str, Any] | InputError
        first = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            if bad:
                yield Row(first, InputError(f"{bad[0]}; nothing after it was read"), size)
            return
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


def _require(columns: Sequence[str], there: Sequence[str], where: str = "") -> None:
    if missing := [name for name in columns if name not in there]:
        names = ", ".join(there) or "none"
        raise InputError(f"{where}there is no column {missing[0]!r}; the columns are: {names}")


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
    wanted = list(columns) + [name for name in ("id",) if name in names and name not in columns]
    size = -(-file.seek(0, io.SEEK_END) // max(source.metadata.num_rows, 1))
    number = sum(_group_sizes(source)[: group or 0])
    try:
        for batch in source.iter_batches(batch_size=500, columns=wanted, row_groups=None if group is None else [group]):
            for data in batch.to_pylist():
                number += 1
                yield Row(number, data, size)
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        yield Row(number + 1, InputError(f"the Parquet file can't be read from about here on ({error})"), size)


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


def files(paths: Iterable[Path], suffixes: Iterable[str], *, deep: bool) -> Iterator[Path]:
    """The files themselves; a directory stands for its files with these suffixes in name order, or all below it."""
    allowed = set(suffixes)
    for path in paths:
        if path.is_dir():
            inside = path.rglob("*") if deep else path.iterdir()
            yield from sorted(file for file in inside if file.suffix.lower() in allowed and file.is_file())
        else:
            yield path
