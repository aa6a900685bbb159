"""Records of JSONL, CSV and Parquet: the good ones come, the bad ones are named in their place."""

from __future__ import annotations

import csv
import io
import json

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stancelib import rows
from stancelib.errors import InputError

VALUES = st.dictionaries(
    st.sampled_from(["id", "text", "date"]), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")),
    min_size=3,
)  # fmt: skip


def read(data: bytes, kind: str, columns: tuple[str, ...] = ("text",)) -> list[tuple[int, object]]:
    return [(row.line, str(row.data) if isinstance(row.data, InputError) else row.data)
            for row in rows.read(io.BytesIO(data), kind, columns)]  # fmt: skip


@given(st.lists(VALUES, max_size=8))
def test_what_was_written_is_read(records: list[dict[str, str]]) -> None:
    lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
    assert [data for _, data in read(lines.encode(), "jsonl")] == records
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, ["id", "text", "date"])
    writer.writeheader()
    writer.writerows(records)
    assert [data for _, data in read(file.getvalue().encode(), "csv")] == records


def parquet(columns: dict[str, list[object]], group: int = 2) -> bytes:
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), file, row_group_size=group)
    return file.getvalue()


def test_parquet() -> None:
    data = parquet({"id": [1, 2, 3], "text": ["نفت", None, "گاز"], "large": [b"x", b"y", b"z"]})
    expected = [(1, {"text": "نفت", "id": 1}), (2, {"text": None, "id": 2}), (3, {"text": "گاز", "id": 3})]
    assert read(data, "parquet") == expected
    assert rows.parquet_groups(io.BytesIO(data)) == [2, 1]
    assert [row.line for row in rows.read_parquet(io.BytesIO(data), ("text",), 1)] == [3]


@pytest.mark.parametrize("data", [b"", b"PAR1", b"no parquet at all " * 20])
def test_no_parquet(data: bytes) -> None:
    with pytest.raises(InputError, match="not a Parquet file"):
        read(data, "parquet")


def test_a_missing_column() -> None:
    with pytest.raises(InputError, match="there is no column 'body'; the columns are: id, text"):
        read(parquet({"id": [1], "text": ["نفت"]}), "parquet", ("body",))
    with pytest.raises(InputError, match="line 1: there is no column 'body'; the columns are: id, text"):
        read(b"id,text\n1,x\n", "csv", ("body",))
    with pytest.raises(InputError, match=r"the columns are: none \(see --text-field\)"):
        read(b"", "csv")


def test_bad_lines_are_named_and_the_others_come() -> None:
    data = '\ufeff{"text": "یک"}\n\n{"text": \n[1]\n'.encode() + b'{"text": "\xff"}\n' + '{"text": "دو"}'.encode()
    found = read(data, "jsonl")
    assert [line for line, _ in found] == [1, 3, 4, 5, 6]
    assert [found[0][1], found[-1][1]] == [{"text": "یک"}, {"text": "دو"}]
    assert found[1][1].startswith("not JSON")
    assert found[2][1] == "not a JSON object"
    assert found[3][1].startswith("not UTF-8")


def test_bad_cells_are_named_and_the_others_come() -> None:
    data = 'id,text\r\n1,"یک\nخط"\r\n2,a,b\r\n3,"x"y\r\n'.encode() + b"4,\xff\n5," + 'پنج\n6,"شش\n\n'.encode()
    found = read(data, "csv")
    assert found[0] == (2, {"id": "1", "text": "یک\nخط"})
    assert found[1] == (4, "3 cells, but 2 columns")
    assert found[2][0] == 5
    assert found[3][0] == 6 and found[3][1].startswith("not UTF-8")
    assert found[4] == (7, {"id": "5", "text": "پنج"})
    assert found[5][0] == 8 and "a quotation mark that is never closed" in found[5][1]


def test_a_record_that_is_too_long_is_never_held_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "RECORD_BYTES", 1000)
    long = "آ" * 5000
    found = read(f'{{"text": "{long}"}}\n{{"text": "دو"}}\n'.encode(), "jsonl")
    assert "in one record" in found[0][1]
    assert found[1] == (2, {"text": "دو"})
    found = read(f"id,text\n1,{long}\n2,دو\n".encode(), "csv")
    assert "in one record; cut it into articles; nothing after it was read" in found[0][1]
    assert len(found) == 1
    found = read(f'id,text\n0,x\n1,"{"آ" * 900}\n{"آ" * 900}"\n2,دو\n'.encode(), "csv")
    assert found[0] == (2, {"id": "0", "text": "x"})
    assert "nothing after it was read" in found[1][1]
    assert len(found) == 2
    found = read(f'{{"text": "{long}"}}\r{{"text": "دو"}}\r'.encode(), "jsonl")
    assert found[1] == (2, {"text": "دو"})


def test_a_byte_that_is_not_utf_8_spoils_its_record_only() -> None:
    data = b'id,text\n1,"\xff first\nsecond line\n3"\n2,' + 'دو\n3,"سه\n'.encode() + b'\xff"\n' + "4,چهار\n".encode()
    found = read(data, "csv")
    assert [line for line, _ in found] == [2, 5, 6, 8]
    assert found[0][1].startswith("not UTF-8")
    assert found[1][1] == {"id": "2", "text": "دو"}
    assert found[2][1].startswith("not UTF-8")
    assert found[3][1] == {"id": "4", "text": "چهار"}


@pytest.mark.parametrize("delimiter", [";", "\t"])  # what Excel writes where the comma is the decimal sign, and as text
def test_csv_as_excel_writes_it(delimiter: str) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerows([["id", "text"], ["1", f"نفت، گاز{delimiter} برق,\nبنزین"], ["2", "غزه"]])
    for encoding in ("utf-8-sig", "utf-16"):
        found = [data for _, data in read(file.getvalue().encode(encoding), "csv", ("text",))]
        assert found == [{"id": "1", "text": f"نفت، گاز{delimiter} برق,\nبنزین"}, {"id": "2", "text": "غزه"}]
    with pytest.raises(InputError, match="no column 'body'; the columns are: a, b, c"):
        read(delimiter.join("abc").encode(), "csv", ("body",))


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_a_byte_order_mark_says_utf_16(kind: str) -> None:
    lines = {"jsonl": '{"text": "نفت"}\n', "csv": "text\nنفت\n"}[kind]
    assert [data for _, data in read(lines.encode("utf-16"), kind)] == [{"text": "نفت"}]


def test_values_that_python_cannot_hold() -> None:
    times = pyarrow.array([2**62], pyarrow.timestamp("us"))
    data = parquet({"id": pyarrow.concat_arrays([times, times.cast("int64").cast(times.type), pyarrow.array([0], times.type)]),
                    "text": ["نفت", "گاز", "برق"]})  # fmt: skip
    found = read(data, "parquet")
    assert [line for line, _ in found] == [1, 2, 3]
    assert all("a value that can't be read" in message for _, message in found[:2])
    assert found[2][1]["text"] == "برق"


def test_text_that_is_not_utf_8_spoils_its_record_only() -> None:
    texts = pyarrow.array([b"\xff\xfe", "نفت".encode()]).view("string")
    found = read(parquet({"text": texts}), "parquet")
    assert "a value that can't be read" in found[0][1]
    assert found[1] == (2, {"text": "نفت"})


def test_a_time_zone_that_there_is_not() -> None:
    times = pyarrow.array([0], pyarrow.timestamp("us", "Nowhere/None"))
    (found,) = read(parquet({"id": times, "text": ["نفت"]}), "parquet")
    assert "a value that can't be read" in found[1]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_column_that_stands_twice(kind: str) -> None:
    data = b"text,id,text\nx,1,y\n"
    if kind == "parquet":
        file = io.BytesIO()
        table = pyarrow.Table.from_arrays([pyarrow.array(["x"]), pyarrow.array(["y"])], ["text", "text"])
        pyarrow.parquet.write_table(table, file)
        data = file.getvalue()
    with pytest.raises(InputError, match="there are 2 columns 'text'"):
        read(data, kind)


def test_the_csv_limit_of_the_process_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = csv.field_size_limit(50)
    try:
        assert len(read(b"text\n" + b"x" * 1000, "csv")) == 1
        assert csv.field_size_limit() == 50
    finally:
        csv.field_size_limit(limit)


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_utf_16_that_is_damaged(kind: str) -> None:
    good = ("text\nنفت\n" if kind == "csv" else '{"text": "نفت"}\n').encode("utf-16")
    with pytest.raises(InputError, match="nothing from there on was read"):
        read(good + b"\x00\xd8\x00", kind)


def test_numbers_that_json_has_not() -> None:
    data = '{"id": NaN, "text": "الف", "date": Infinity}\n' + '{"id": 1e999, "text": "ب"}\n' + f'{{"id": {"9" * 5000}}}'
    found = read(data.encode(), "jsonl")
    assert found[0][1] == {"id": None, "text": "الف", "date": None}
    assert found[1][1]["text"] == "ب"
    assert found[2][1].startswith("not JSON")


@pytest.mark.parametrize(("value", "expected"), [
    (None, None), ("", None), (float("nan"), None), ("a", "a"), (7, "7"), (1.5, "1.5"), (True, "True"),
])  # fmt: skip
def test_identity(value: object, expected: str | None) -> None:
    assert rows.identity({"id": value}) == expected
    assert rows.identity({}) is None


@pytest.mark.parametrize("value", [[], ["a"], {}, {"$oid": "5f"}, b"\x00"])
def test_what_is_no_identity(value: object) -> None:
    with pytest.raises(InputError, match="the id is"):
        rows.identity({"id": value})
