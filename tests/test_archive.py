"""``stancelib label`` on archives: every way of running it gives the same bytes, and nothing is lost on the way."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet
import pytest

import stancelib
from stancelib import batch, cli, formats
from stancelib.cli import sink
from stancelib.records import Paragraph

COMMAND = [sys.executable, "-c", "from stancelib.cli import main; main()", "label"]


def run(*arguments: object, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, encoding="utf-8", **more)


@pytest.fixture(scope="module")
def records(gold: list[Paragraph]) -> list[dict[str, str]]:
    """Articles of one to three paragraphs."""
    texts = [p.text for p in gold[:9000]]
    return [{"id": f"a{n}", "text": "\n\n".join(texts[n : n + 1 + n % 3]), "date": "1405"} for n in range(0, 9000, 2)]


@pytest.fixture(scope="module")
def archive(records: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "news.jsonl"
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    lines[7], lines[5000 % len(lines)] = '{"text": ', '{"body": "x"}'
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def labelled(archive: Path) -> Path:
    """The archive's labels, from one process that nothing disturbed."""
    out = archive.with_name("out.jsonl")
    done = run(archive, "-o", out)
    assert done.returncode == 1
    assert f"{archive}: line 8: not JSON" in done.stderr
    assert f"{archive}: line 501: no field 'text'; the fields are: body" in done.stderr
    assert sorted(file.name for file in archive.parent.iterdir()) == ["news.jsonl", "out.jsonl"]
    return out


def test_every_record_is_labelled_as_an_article(labelled: Path, archive: Path, records: list[dict[str, str]]) -> None:
    found = [json.loads(line) for line in labelled.read_text(encoding="utf-8").splitlines()]
    good = [record for n, record in enumerate(records) if n not in (7, 500)]
    expected = [
        paragraph.as_dict() | {"doc": str(archive), "id": record["id"], "date": record["date"]}
        for record in good[:200]
        for paragraph in stancelib.label(record["text"])
    ]
    assert found[: len(expected)] == expected
    assert {one["id"] for one in found} == {record["id"] for record in good}


def test_processes_keep_the_order(labelled: Path, archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    done = run(archive, "-o", out, "--jobs", 2)
    assert done.returncode == 1
    assert done.stderr.count("line 8: not JSON") == 1
    assert out.read_bytes() == labelled.read_bytes()


def test_stdin_and_stdout(labelled: Path, archive: Path) -> None:
    with archive.open(encoding="utf-8") as file:
        done = run("-", "--input-format", "jsonl", "--format", "jsonl", stdin=file)
    assert done.returncode == 1
    assert done.stdout.replace('{"doc": "-"', f'{{"doc": "{archive}"') == labelled.read_text(encoding="utf-8")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_tables_in_and_out(labelled: Path, records: list[dict[str, str]], tmp_path: Path, suffix: str) -> None:
    source, out = tmp_path / f"news.{suffix}", tmp_path / f"out.{suffix}"
    good = [record for n, record in enumerate(records) if n not in (7, 500)]
    if suffix == "csv":
        with source.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["date", "id", "text"])
            writer.writeheader()
            writer.writerows(good)
    else:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(good), source)
    assert run(source, "-o", out).returncode == 0
    if suffix == "csv":
        assert out.read_bytes().startswith(b"\xef\xbb\xbfdoc,id,title,date,outlet,par,")
        with out.open(encoding="utf-8-sig", newline="") as file:
            found = list(csv.DictReader(file))
    else:
        found = pyarrow.parquet.read_table(out).to_pylist()
    expected = [json.loads(line) for line in labelled.read_text(encoding="utf-8").splitlines()]
    assert len(found) == len(expected)
    for row, one in zip(found, expected, strict=True):
        assert (row["doc"], row["id"], row["date"], int(row["par"]), row["text"]) == (
            str(source),
            one["id"],
            "1405",
            one["par"],
            one["text"],
        )
        stances = {label["topic"]: label["stance"] for label in one["labels"]}
        for topic, score in one["scores"].items():
            assert float(row[f"{topic}_score"]) == score
            assert int(row[topic]) == (topic in stances)
            assert (row[f"{topic}_stance"] or None) == stances.get(topic)


SLOW = """
import sys, time
from stancelib.cli import main, sink
sink.CHECKPOINT_SECONDS = 0
write = sink.Sink.write
def slowly(self, batch):
    write(self, batch)
    self._file.write(b"half a li")  # was written, but is not yet noted down
    self._file.flush()
    print("written", flush=True)
    time.sleep(60)
sink.Sink.write = slowly
main()
"""


def stopped_after_a_batch(archive: Path, out: Path, *options: str) -> subprocess.Popen[bytes]:
    """A run that has labelled a batch and waits to be killed."""
    command = [sys.executable, "-c", SLOW, "label", str(archive), "-o", str(out), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == b"written\n"
    return process


@pytest.mark.parametrize(("suffix", "jobs"), [("jsonl", 1), ("jsonl", 2), ("csv", 1), ("parquet", 1)])
def test_a_killed_run_goes_on_to_the_same_bytes(archive: Path, tmp_path: Path, suffix: str, jobs: int) -> None:
    whole, out = tmp_path / f"whole.{suffix}", tmp_path / f"out.{suffix}"
    run(archive, "-o", whole)
    for _ in range(2):
        process = stopped_after_a_batch(archive, out, "--resume", "--jobs", str(jobs))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not out.exists()
    done = run(archive, "-o", out, "--resume")
    assert done.returncode == 1
    assert "records could not be used before the interruption" in done.stderr
    assert out.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob("*.part*"))


def test_an_interrupted_run_says_how_to_go_on(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    process = stopped_after_a_batch(archive, out)
    process.send_signal(signal.SIGINT)
    stderr = process.communicate()[1].decode()
    assert process.returncode == 130
    assert "the same command with --resume goes on" in stderr
    assert "Traceback" not in stderr
    assert not out.exists()


def test_what_came_from_stdin_is_not_kept_half(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    command = [*COMMAND, "-", "--input-format", "jsonl", "-o", str(out)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(archive.read_bytes())  # larger than a pipe: when this returns, most of it was read
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as error:
        cli.main(["label", *map(str, arguments)])
    assert error.value.code == 2
    return capsys.readouterr().err


def test_going_on_with_something_else_is_refused(archive: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    out = tmp_path / "out.jsonl"
    part = out.with_name("out.jsonl.part")

    def stop(self: sink.Sink, batch: object) -> None:
        write(self, batch)
        raise KeyboardInterrupt

    write = sink.Sink.write
    with monkeypatch.context() as patch:
        patch.setattr(sink.Sink, "write", stop)
        with pytest.raises(SystemExit):
            cli.main(["label", str(archive), "-o", str(out)])
    assert part.exists()
    assert "other input, options" in refused(capsys, archive, "-o", out, "--resume", "--threshold", 0.9)
    os.utime(archive, ns=(1, 1))
    assert "other input, options" in refused(capsys, archive, "-o", out, "--resume")
    part.with_name("out.jsonl.part.json").write_text("{", encoding="utf-8")
    assert "is damaged" in refused(capsys, archive, "-o", out, "--resume")


def test_wrong_usage(archive: Path, tmp_path: Path, capsys) -> None:
    assert "--resume" in refused(capsys, archive, "--resume")
    assert "--output" in refused(capsys, archive, "--format", "parquet")
    assert "jsonl, csv or parquet" in refused(capsys, archive, "-o", tmp_path / "x.txt", "--resume")
    assert "stdin" in refused(capsys, "-", "-o", tmp_path / "x.jsonl", "--resume")
    assert "no directory" in refused(capsys, archive, "-o", tmp_path / "no" / "x.jsonl")
    assert "is a directory" in refused(capsys, archive, "-o", tmp_path)
    assert "name the --format" in refused(capsys, archive, "-o", tmp_path / "labels.json")


def test_input_is_never_overwritten_nor_output_read(tmp_path: Path) -> None:
    source = tmp_path / "news" / "a.jsonl"
    source.parent.mkdir()
    source.write_text('{"id": "1", "text": "نفت گران شد."}\n', encoding="utf-8")
    before = source.read_bytes()
    for spelled in (source, tmp_path / "news" / ".." / "news" / "a.jsonl"):
        done = run(spelled, "-o", source)
        assert done.returncode == 1
        assert "is to be read and written" in done.stderr
        assert source.read_bytes() == before
    out = source.with_name("out.jsonl")
    for _ in range(2):
        assert run("news", "-o", out, cwd=tmp_path).returncode == 0
        assert len(out.read_text(encoding="utf-8").splitlines()) == 1
    (tmp_path / "empty").mkdir()
    done = run(tmp_path / "empty")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing to label in this directory" in done.stderr


def test_an_interruption_within_a_write_leaves_nothing_half(archive: Path, labelled: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    script = """
from stancelib.cli import main, sink
calls = []
write = sink.Sink._write
def torn(self, data):
    calls.append(0)
    if len(calls) == 2:
        write(self, data[:1000])
        raise KeyboardInterrupt
    return write(self, data)
sink.Sink._write = torn
main()
"""
    done = subprocess.run([sys.executable, "-c", script, "label", str(archive), "-o", str(out)], capture_output=True)
    assert done.returncode == 130
    assert run(archive, "-o", out, "--resume").returncode == 1
    assert out.read_bytes() == labelled.read_bytes()


def test_a_closed_pipe_is_quiet(archive: Path) -> None:
    command = [*COMMAND, str(archive), "--format", "jsonl", "--jobs", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    stderr = process.stderr.read().decode()
    process.wait()
    assert "Traceback" not in stderr
    assert "Warning" not in stderr


def test_a_worker_that_is_killed_is_named(archive: Path, tmp_path: Path) -> None:
    script = """
import os, signal
from stancelib import batch
from stancelib.cli import main
def dies(task, records):
    os.kill(os.getpid(), signal.SIGKILL)
batch.label_batch = dies
main()
"""
    command = [sys.executable, "-c", script, "label", str(archive), "-o", str(tmp_path / "o.jsonl"), "--jobs", "2"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 1
    assert "a worker process was killed" in done.stderr
    assert "Traceback" not in done.stderr


def test_processes_read_no_more_than_is_taken(records: list[dict[str, str]]) -> None:
    read = []

    def endless():
        for n, record in enumerate(records * 100):
            read.append(n)
            yield batch.Record("x", None, "x", record["text"], 1)

    results = batch.label_records(batch.Task.of(None, formats.jsonl), endless(), jobs=2)
    next(results)
    time.sleep(3)
    assert len(read) <= 7 * batch.BATCH_RECORDS
    results.close()


def test_damaged_files_are_named_and_the_others_are_labelled(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,body\n1,x\n", encoding="utf-8")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "c.txt").write_text("وزیر نفت از افزایش صادرات گاز خبر داد.", encoding="utf-8")
    done = run(tmp_path, tmp_path / "none.jsonl", "--format", "jsonl")
    assert done.returncode == 1
    assert "a.csv: line 1: there is no column 'text'" in done.stderr
    assert "b.parquet: not a Parquet file" in done.stderr
    assert "none.jsonl: can't be read" in done.stderr
    assert [json.loads(line)["doc"] for line in done.stdout.splitlines()] == [str(tmp_path / "c.txt")]


def test_progress_shows_rate_and_time_left(archive: Path, tmp_path: Path) -> None:
    terminal, inside = pty.openpty()
    process = subprocess.Popen([*COMMAND, str(archive), "-o", str(tmp_path / "o.jsonl")], stderr=inside)
    os.close(inside)
    shown = b""
    try:
        while data := os.read(terminal, 4096):
            shown += data
    except OSError:  # the other end is closed
        pass
    process.wait()
    text = shown.decode()
    assert re.search(r"[\d,]+ paragraphs, [\d,]+/s, \d:\d\d:\d\d left", text)
    assert "100%" in text
    assert "line 8: not JSON" in text
