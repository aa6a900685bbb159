"""Labelled paragraphs as lines of text: JSON lines and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from stancelib.records import LabelledParagraph

_HEAD = {"doc": str, "id": str, "par": int, "kind": str, "text": str}


def jsonl(labelled: Iterable[LabelledParagraph]) -> str:
    """One JSON object a line for each paragraph, as `LabelledParagraph.as_dict` has it."""
    return "".join([json.dumps(paragraph.as_dict(), ensure_ascii=False) + "\n" for paragraph in labelled])


def columns(topics: Iterable[str]) -> dict[str, type]:
    """The columns of a table of labelled paragraphs and the type of their values; for topics those of `label_columns`."""
    return _HEAD | {
        f"{topic}{suffix}": kind
        for topic in topics
        for suffix, kind in (("", bool), ("_score", float), ("_stance", str), ("_stance_score", float))
    }


def cells(paragraph: dict[str, Any]) -> list[Any]:
    """The values of `columns` for one paragraph as `LabelledParagraph.as_dict` has it; ``None`` where there is none."""
    labels = {label["topic"]: label for label in paragraph["labels"]}
    row = [paragraph.get(name) for name in _HEAD]
    for topic, score in paragraph["scores"].items():
        label = labels.get(topic, {})
        row += [topic in labels, score, label.get("stance"), label.get("stance_score")]
    return row


def csv_head(topics: Sequence[str]) -> str:
    """The first line of a CSV file."""
    return _csv([list(columns(topics))])


def csv_lines(labelled: Iterable[LabelledParagraph]) -> str:
    """One CSV line for each paragraph; whether a topic is there is 1 or 0."""
    rows = (cells(paragraph.as_dict()) for paragraph in labelled)
    return _csv([int(cell) if isinstance(cell, bool) else cell for cell in row] for row in rows)


def _csv(rows: Iterable[Iterable[Any]]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()


def parquet_batches(lines: Iterable[str], topics: Sequence[str], size: int = 10_000) -> Iterator[dict[str, list[Any]]]:
    """Columns of up to ``size`` paragraphs at a time, from lines that `jsonl` wrote."""
    names = list(columns(topics))
    rows: list[list[Any]] = []
    for line in lines:
        rows.append(cells(json.loads(line)))
        if len(rows) == size:
            yield dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
            rows = []
    if rows:
        yield dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
