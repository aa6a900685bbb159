"""Telegram exports: every message that has text comes out, in order, and what is bad is named."""

from __future__ import annotations

import csv
import io
import json
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stancelib import batch, telegram
from stancelib.cli import sink
from stancelib.errors import InputError

TEXTS = ["صادرات نفت ایران افزایش یافت.", "وزیر خارجه ایران با همتای عمانی خود دیدار کرد.", "هوای تهران آفتابی است."]


def message(number: int, text: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "type": "message",
        "date": "2024-05-01T12:30:00",
        "date_unixtime": "1714554000",
        "from": "کانال نمونه",
        "text": text,
        "text_entities": [{"type": "plain", "text": "…"}],
    } | more


MESSAGES = [
    message(1, "", type="service", action="pin_message"),
    message(2, TEXTS[0]),
    message(3, ""),
    message(4, ["وزیر خارجه ", {"type": "bold", "text": "ایران"}, " با همتای عمانی خود دیدار کرد."]),
    message(5, TEXTS[2]),
]


def export(messages: list[Any], **more: Any) -> bytes:
    data = {"name": "کانال نمونه", "type": "public_channel", "id": 1} | more | {"messages": messages}
    return json.dumps(data, ensure_ascii=False, indent=1).encode()


def read(data: bytes) -> list[tuple[int, Any]]:
    rows = telegram.read(io.BytesIO(data))
    return [(row.line, str(row.data) if isinstance(row.data, InputError) else row.data) for row in rows]


def test_addresses_are_no_paragraphs() -> None:
    link, mention = {"type": "link", "text": "https://t.me/khabar/1"}, {"type": "mention", "text": "@khabar"}
    found = read(
        export(
            [
                message(1, [f"{TEXTS[0]}\n", mention, "\n\n🔗 ", link, f"\n{TEXTS[2]} ", mention]),
                message(2, [link]),
                message(3, ["وزیر نفت در ", link, " نوشت."]),
            ]
        )
    )
    assert [data["text"] for _, data in found] == [
        f"{TEXTS[0]}\n\n{TEXTS[2]} @khabar",
        "وزیر نفت در https://t.me/khabar/1 نوشت.",
    ]


def test_messages_with_text_come_out() -> None:
    found = read(export(MESSAGES))
    assert [(line, data["id"], data["text"]) for line, data in found] == [
        (2, 2, TEXTS[0]),
        (4, 4, TEXTS[1]),
        (5, 5, TEXTS[2]),
    ]
    assert {(data["date"], data["outlet"]) for _, data in found} == {("2024-05-01T12:30:00+03:30", "کانال نمونه")}


def test_an_export_of_all_chats() -> None:
    def chat(name: str | None, *numbers: int) -> dict[str, Any]:
        return {"name": name, "id": 1, "messages": [message(n, TEXTS[0]) for n in numbers]}

    data = {
        "about": "…",
        "contacts": {"list": [{"name": "نام", "messages": 1}]},
        "chats": {"about": "…", "list": [chat("الف", 1, 2), chat(None, 3)]},
        "left_chats": {"list": [chat("ب", 4)]},
    }
    found = [data for _, data in read(json.dumps(data).encode())]
    assert [(one["id"], one.get("outlet")) for one in found] == [(1, "الف"), (2, "الف"), (3, None), (4, "ب")]


@pytest.mark.parametrize(
    ("more", "date"),
    [
        ({"date_unixtime": "1714566600"}, "2024-05-01T12:30:00+00:00"),
        ({"date_unixtime": "9" * 30}, "2024-05-01T12:30:00"),
        ({"date_unixtime": None}, "2024-05-01T12:30:00"),
        ({"date_unixtime": "0"}, "2024-05-01T12:30:00"),
        ({"date": None}, None),
    ],
)
def test_dates(more: dict[str, Any], date: str | None) -> None:
    ((_, found),) = read(export([message(1, TEXTS[0], **more)]))
    assert found.get("date") == date


def test_a_number_with_a_huge_exponent_takes_no_time() -> None:
    huge = export([message(1, TEXTS[0])]).replace(b'"1714554000"', b"1e999999999")
    ((_, found),) = read(huge)
    assert found["date"] == "2024-05-01T12:30:00"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))), st.booleans())
def test_any_text_comes_out_as_it_went_in(texts: list[str], ascii_only: bool) -> None:
    data = {"name": "x", "messages": [message(n, list(text)) for n, text in enumerate(texts)]}
    found = read(json.dumps(data, ensure_ascii=ascii_only).encode())
    assert [one["text"] for _, one in found] == [text for text in texts if text.strip()]


@given(st.integers(0, len(export(MESSAGES)) - 1))
def test_of_what_is_cut_off_the_whole_messages_are_kept(size: int) -> None:
    whole = read(export(MESSAGES))
    found = read(export(MESSAGES)[:size])
    assert "ends too early" in found[-1][1]
    assert found[:-1] == whole[: len(found) - 1]


def test_bad_messages_are_named() -> None:
    bad = [5, None, [], "x", message(1, {"a": 1}), message(1, [5]), message(1, TEXTS[0], type="poll"), {"id": 1}]
    found = read(export([MESSAGES[1], *bad, MESSAGES[4]]))
    assert [line for line, _ in found] == list(range(1, 11))
    assert all(isinstance(problem, str) for _, problem in found[1:-1])
    assert found[7][1] == "a message of the type 'poll'; allowed: message, service"
    assert found[-1][1]["text"] == TEXTS[2]


@pytest.mark.parametrize("data", [
    b"[]", b'[{"id": 1, "text": "x"}]', b'{"id": 1}', b'{"messages": {}}', b"5", b'{"chats": [{"messages": []}]}',
    b"[" * 1_000_000, b'{"messages":' * 1_000_000,
], ids=range(8))  # fmt: skip
def test_what_is_no_export(data: bytes) -> None:
    with pytest.raises(InputError, match="not a Telegram export"):
        read(data)


def test_hostile_exports() -> None:
    good = json.dumps(message(7, TEXTS[0])).encode()
    nested = b'{"type": "message", "text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    found = read(b'\xef\xbb\xbf{"messages": [' + nested + b"," + good + b"]}")
    assert "nested more than 50 deep" in found[0][1]
    assert found[1][1]["id"] == 7
    found = read(b'{"messages": [' + good + b',{"text": "' + b"x" * (34 << 20) + b'"}]}')
    assert found[0][1]["id"] == 7
    assert found[1][1].startswith("more than 16 MB in one value")
    for data in (b"", b"\0" * 100, '{"messages": []}'.encode("utf-16"), b'{"messages": ["\xff"]}'):
        assert "damaged" in read(data)[-1][1]


def test_memory_does_not_grow_with_the_export() -> None:
    piece = b",".join([json.dumps(message(1, TEXTS[0])).encode()] * 200)
    pieces = iter([b'{"messages": [' + piece, *[b"," + piece] * 30, b"]}"])

    class Large(io.RawIOBase):
        """An export of 2.5 MB that nobody holds whole."""

        def read(self, size: int = -1) -> bytes:
            return next(pieces, b"") if size else b""

    tracemalloc.start()
    try:
        assert sum(1 for _ in telegram.read(Large())) == 31 * 200  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    (made / "result.json").write_bytes(export(MESSAGES))
    (made / "other.json").write_text('{"run": "…", "done": [1, 2]}', encoding="utf-8")
    return made


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_label_writes_the_metadata(run, directory: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out.{suffix}"
    assert run("label", directory, "-o", out) == (0, "", "")
    if suffix == "jsonl":
        found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    elif suffix == "csv":
        found = list(csv.DictReader(out.read_text(encoding="utf-8-sig").splitlines()))
        assert list(found[0])[:8] == ["doc", "id", "title", "date", "outlet", "par", "kind", "text"]
    else:
        found = pyarrow.parquet.read_table(out).to_pylist()
    assert [(row["id"], row["text"]) for row in found] == [("2", TEXTS[0]), ("4", TEXTS[1]), ("5", TEXTS[2])]
    assert {(row["date"], row["outlet"]) for row in found} == {("2024-05-01T12:30:00+03:30", "کانال نمونه")}
    assert not any(row.get("title") for row in found)


def test_other_json_is_refused_when_it_is_named(run, directory: Path) -> None:
    code, out, err = run("label", directory / "other.json")
    assert (code, out) == (1, "")
    assert "other.json: not a Telegram export" in err


def test_stdin(run, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class In:
        buffer = io.BytesIO(export(MESSAGES))

    monkeypatch.setattr(sys, "stdin", In())
    code, out, err = run("label", "--input-format", "telegram", "--format", "csv", "-")
    assert (code, err) == (0, "")
    assert [row["id"] for row in csv.DictReader(out.splitlines())] == ["2", "4", "5"]


def test_without_ijson_the_extra_is_named(run, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ijson", None)
    code, _, err = run("label", directory)
    assert code == 1
    assert "pip install 'stancelib[telegram]'" in err


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_an_interrupted_run_goes_on_to_the_same_bytes(
    run, directory: Path, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / "result.json").write_bytes(export([message(n, TEXTS[n % 3]) for n in range(40)]))
    (directory / "zz.html").write_text(f"<html><title>خبر</title><p>{TEXTS[0]}</p></html>", encoding="utf-8")
    monkeypatch.setattr(batch, "BATCH_RECORDS", 15)
    whole, out = tmp_path / f"whole.{suffix}", tmp_path / f"out.{suffix}"
    assert run("label", directory, "-o", whole)[0] == 0
    write = sink.Sink.write

    def stop(self: sink.Sink, some: batch.Batch) -> None:
        write(self, some)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sink.Sink, "write", stop)
        assert run("label", directory, "-o", out)[0] == 130
    assert not out.exists()
    assert run("label", directory, "-o", out, "--resume")[0] == 0
    assert out.read_bytes() == whole.read_bytes()
