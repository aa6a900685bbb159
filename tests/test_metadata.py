"""Title, date and outlet of records go from input to output, and output without them is as it was."""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from stancelib import rows, scale
from stancelib.batch import Task
from stancelib.cli.archive import Archive
from stancelib.formats import jsonl
from stancelib.model import StanceModel
from stancelib.store import save

TEXT = "صادرات نفت ایران افزایش یافت."
KNOWN = {"title": "صادرات نفت", "date": "2024-05-01", "outlet": "خبرگزاری نمونه"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x", "x"), (" x ", "x"), ("", None), (None, None), (float("nan"), None), (1714554000, "1714554000"),
        (date(2024, 5, 1), "2024-05-01"), (datetime(2024, 5, 1, 12, tzinfo=UTC), "2024-05-01T12:00:00+00:00"),
        ({"a": 1}, None), (["x"], None), (True, None), (b"x", None), ("x" * 5000, "x" * 1000),
    ],
)  # fmt: skip
def test_what_is_metadata(value: Any, shown: str | None) -> None:
    assert rows.metadata({"date": value, "text": TEXT}) == ({} if shown is None else {"date": shown})


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(records), path)
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(records[0]))
            writer.writeheader()
            writer.writerows(records)
    else:
        path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def table(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        found: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
        return found
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("source", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("target", ["csv", "parquet"])
def test_columns_are_there_where_the_input_has_them(run, tmp_path: Path, source: str, target: str) -> None:
    bare = write(tmp_path / f"a.{source}", [{"id": "1", "text": TEXT}])
    told = write(tmp_path / f"b.{source}", [{"id": "2", "text": TEXT, **KNOWN}])
    out = tmp_path / f"out.{target}"
    assert run("label", bare, "-o", out)[0] == 0
    (row,) = table(out)
    assert list(row)[:6] == ["doc", "id", "par", "kind", "text", "energy"]
    assert run("label", bare, told, "-o", out)[0] == 0
    first, second = table(out)
    assert not any(first[name] for name in KNOWN)
    assert {name: second[name] for name in KNOWN} == KNOWN
    again = tmp_path / f"again.{target}"
    assert run("label", out, "-o", again)[0] == 0
    assert {name: table(again)[1][name] for name in KNOWN} == KNOWN


def test_stdin_is_looked_into_and_nothing_of_it_is_lost(run, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [json.dumps({"id": n, "text": TEXT} | (KNOWN if n == 99 else {})) for n in range(300)]

    class In:
        buffer = io.BytesIO("\n".join(lines).encode())

    monkeypatch.setattr(sys, "stdin", In())
    code, out, _ = run("label", "--input-format", "jsonl", "--format", "csv", "-")
    found = list(csv.DictReader(out.splitlines()))
    assert code == 0
    assert [row["id"] for row in found] == [str(n) for n in range(300)]
    assert [row["id"] for row in found if row["title"]] == ["99"]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_comes_too_late_for_a_column_is_told_once(run, tmp_path: Path, jobs: str) -> None:
    late = write(tmp_path / "late.jsonl", [{"text": TEXT} | ({"date": "2024"} if n >= 150 else {}) for n in range(200)])
    code, _, err = run("label", late, "-o", tmp_path / "out.csv", "--jobs", jobs)
    assert (code, err.count("line 151: date comes too late"), err.count("\n")) == (0, 1, 1)
    assert run("label", late, "-o", tmp_path / "out.jsonl") == (0, "", "")


def test_an_article_is_not_lost_for_its_date(run, tmp_path: Path) -> None:
    times = pyarrow.array([0, 2**62], pyarrow.timestamp("us"))
    path, out = tmp_path / "a.parquet", tmp_path / "out.jsonl"
    pyarrow.parquet.write_table(pyarrow.table({"id": ["1", "2"], "text": [TEXT, TEXT], "date": times}), path)
    assert run("label", path, "-o", out) == (0, "", "")
    found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(row["id"], row.get("date")) for row in found] == [("1", "1970-01-01T00:00:00"), ("2", None)]


def test_parts_of_a_cluster_have_the_columns(small_model: StanceModel, tmp_path: Path) -> None:
    save(small_model, tmp_path / "m.stance")
    write(tmp_path / "a.parquet", [{"id": "1", "text": TEXT, **KNOWN}])
    archive = Archive((str(tmp_path / "a.parquet"),), None, None, "text", None)
    assert archive.has_metadata()
    (part,), _ = scale.parts_of(archive.parquet_files, tmp_path)
    task = Task.of(tmp_path / "m.stance", jsonl)
    done = scale.label_part(task, (tmp_path / "m.stance").read_bytes(), part, "text", small_model.taxonomy.names, True)
    assert done.problems == ()
    assert {name: table(part.target)[0][name] for name in KNOWN} == KNOWN
