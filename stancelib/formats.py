"""Labelled paragraphs as they are written: JSON lines, CSV, Parquet."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from stancelib import rows
from stancelib.records import HEAD_COLUMNS, METADATA, TOPIC_COLUMNS, LabelledParagraph

_encode = json.JSONEncoder(ensure_ascii=False).encode
_PARQUET_ROWS = 10_000


def jsonl(labelled: Iterable[LabelledParagraph]) -> str:
    """One JSON object a line for each paragraph, as `LabelledParagraph.as_dict` has it."""
    return "".join([f"{_encode(paragraph.as_dict())}\n" for paragraph in labelled])


def figures(value: Any) -> str:
    """Figures as JSON to read; what is not a number becomes null, as JSON has no other word for it.

    >>> print(figures({"accuracy": float("nan")}))
    {
     "accuracy": null
    }
    """

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [plain(one) for one in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return json.dumps(plain(value), ensure_ascii=False, indent=1)


def _head(metadata: bool) -> dict[str, type]:
    return {name: kind for name, kind in HEAD_COLUMNS.items() if metadata or name not in METADATA}


def columns(topics: Iterable[str], metadata: bool = False) -> dict[str, type]:
    """The columns of a table of labelled paragraphs and the type of their values; for topics those of `label_columns`.

    Args:
        topics: names.
        metadata: whether there are columns for title, date and outlet: a table has the same ones from its first row on.
    """
    return _head(metadata) | {f"{topic}{suffix}": kind for topic in topics for suffix, kind in TOPIC_COLUMNS}


def cells(paragraph: dict[str, Any], metadata: bool = False) -> list[Any]:
    """The values of `columns` for one paragraph as `LabelledParagraph.as_dict` has it; ``None`` where there is none."""
    labels = {label["topic"]: label for label in paragraph["labels"]}
    row = [paragraph.get(name) for name in _head(metadata)]
    for topic, score in paragraph["scores"].items():
        label = labels.get(topic, {})
        row += [topic in labels, score, label.get("stance"), label.get("stance_score")]
    return row


def csv_head(topics: Sequence[str], metadata: bool = False) -> str:
    """The first line of a CSV file."""
    return _csv([list(columns(topics, metadata))])


def csv_lines(labelled: Iterable[LabelledParagraph], metadata: bool = False) -> str:
    """One CSV line for each paragraph; whether a topic is there is 1 or 0. Text stays as it is, also where a spreadsheet
    would take it for a formula (``=…``): import the column as text there."""
    every = (cells(paragraph.as_dict(), metadata) for paragraph in labelled)
    return _csv([int(cell) if isinstance(cell, bool) else cell for cell in row] for row in every)


def _csv(table: Iterable[Iterable[Any]]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\r\n").writerows(table)
    return file.getvalue()


def write_parquet(lines: Iterable[str], topics: Sequence[str], path: Path, metadata: bool = False) -> None:
    """A Parquet file of the paragraphs in lines that `jsonl` wrote: the same lines give the same file.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    parquet = rows.pyarrow_parquet()
    import pyarrow

    types = {str: pyarrow.string(), int: pyarrow.int64(), bool: pyarrow.bool_(), float: pyarrow.float64()}
    schema = pyarrow.schema([(name, types[kind]) for name, kind in columns(topics, metadata).items()])
    # Opened here: pyarrow takes no path that is not UTF-8.
    with path.open("wb") as file, parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        lines = iter(lines)
        while batch := [cells(json.loads(line), metadata) for line in itertools.islice(lines, _PARQUET_ROWS)]:
            values = [list(column) for column in zip(*batch, strict=True)]
            writer.write_table(pyarrow.Table.from_pydict(dict(zip(schema.names, values, strict=True)), schema))
