"""Killed, out of space, unreadable, read by nobody: a file is the old or the new one, and the command says what happened."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pyarrow.parquet
import pytest
from child import forked

from stancelib import batch, files, store
from stancelib.cli import main, sink

ARTICLES = [
    "وزیر نفت گفت صادرات گاز به کشور همسایه افزایش یافت.",
    "سخنگو حمله به غزه را محکوم کرد.",
    "باران بارید و هوا سرد شد.",
    "دو وزیر خارجه بر گسترش روابط تأکید کردند.",
]
WRITING = {
    "__enter__", "__exit__", "_earlier", "_write", "write", "_checkpoint", "_finish", "_leave",  # of the sink
    "write_whole", "whole_file", "put", "write_parquet",
}  # fmt: skip


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "news.jsonl"
    rows = [{"id": str(n), "text": ARTICLES[n % len(ARTICLES)]} for n in range(40)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several batches of the archive, with a checkpoint after each."""
    monkeypatch.setattr(batch, "BATCH_RECORDS", 5)
    monkeypatch.setattr(sink, "CHECKPOINT_SECONDS", 0)


def killed_at(line: int | None, work: Callable[[], object]) -> int:
    """Kill this process before the n-th line of what writes; without n, count the lines."""
    count = 0

    def local(frame: FrameType, event: str, argument: object) -> object:
        nonlocal count
        if event == "line":
            count += 1
            if count == line:
                os.kill(os.getpid(), signal.SIGKILL)
        return local

    def every(frame: FrameType, event: str, argument: object) -> object:
        return local if frame.f_code.co_name in WRITING and "stancelib" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(every)
    try:
        work()
    except SystemExit:
        pass
    finally:
        sys.settrace(before)
    return count


def moments(number: int, lines: int) -> list[int]:
    return sorted(random.Random(5).sample(range(1, lines + 1), min(number, lines)))


@pytest.mark.parametrize("number", [5, pytest.param(50, marks=pytest.mark.long)])
@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_labels_are_the_old_or_the_new_ones(
    archive: Path, tmp_path: Path, small_batches: None, suffix: str, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed anywhere, the output is as it was or whole; the next run, whichever way, ends with the same bytes."""
    out = tmp_path / f"out.{suffix}"
    arguments = ["label", str(archive), "-o", str(out)]
    lines = killed_at(None, lambda: main(arguments))
    new, old = out.read_bytes(), b"what was there before"
    assert lines > 100
    seen = set()
    for n, line in enumerate(moments(number, lines)):
        out.write_bytes(old)
        code, _ = forked(lambda line=line: killed_at(line, lambda: main(arguments)))
        assert code == -signal.SIGKILL, line
        assert out.read_bytes() in (old, new), line
        seen.add(out.read_bytes())
        with pytest.raises(SystemExit) as stop:
            main([*arguments, *(["--resume"] if n % 2 else [])])
        assert stop.value.code == 0, (line, capsys.readouterr().err)
        assert out.read_bytes() == new, line
    assert old in seen
    left = {file.name for file in tmp_path.iterdir()} - {"news.jsonl", out.name}
    assert all(name.startswith(".stancelib-") for name in left)  # what was killed could not clear up after itself
    with pytest.raises(SystemExit) as stop:  # and nobody takes it for input
        main(["label", str(tmp_path), "--format", "jsonl", "-o", str(tmp_path / "all.jsonl")])
    assert "stancelib-" not in (tmp_path / "all.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [5, pytest.param(50, marks=pytest.mark.long)])
def test_a_model_file_is_the_old_or_the_new_one(tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    path, new, old, model = tmp_path / "m.stance", store.read_bytes(), b"old", store.load()
    monkeypatch.setattr(store, "to_bytes", lambda model: new)  # which takes seconds, and writes nothing
    lines = killed_at(None, lambda: store.save(model, path))
    assert path.read_bytes() == new
    for line in moments(number, lines):
        path.write_bytes(old)
        code, _ = forked(lambda line=line: killed_at(line, lambda: store.save(model, path)))
        assert code == -signal.SIGKILL
        assert path.read_bytes() in (old, new), line
    store.save(model, path)
    assert path.read_bytes() == new


@pytest.mark.long
def test_killed_at_fifty_times(archive: Path, tmp_path: Path, small_batches: None) -> None:
    """By the clock, within system calls too."""
    out, draw = tmp_path / "out.jsonl", random.Random(0)
    arguments = ["label", str(archive), "-o", str(out)]
    forked(lambda: main(arguments))
    new, killed = out.read_bytes(), 0
    for _ in range(50):
        out.write_bytes(b"old")
        delay = draw.uniform(0.0005, 0.08)

        def work(delay: float = delay) -> None:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)  # it ends the process as SIGKILL does
            signal.setitimer(signal.ITIMER_REAL, delay)
            main(arguments)

        killed += forked(work)[0] < 0
        assert out.read_bytes() in (b"old", new)
        assert forked(lambda: main([*arguments, "--resume"]))[0] == 0
        assert out.read_bytes() == new
    assert killed > 10


def limited(size: int, *arguments: object) -> None:
    """The command where no file may grow beyond a size, as on a disk that fills up."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    main([str(argument) for argument in arguments])


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_full_disk(archive: Path, tmp_path: Path, small_batches: None, suffix: str, share: float) -> None:
    whole, out = tmp_path / f"whole.{suffix}", tmp_path / f"out.{suffix}"
    forked(lambda: main(["label", str(archive), "-o", str(tmp_path / "lines.jsonl")]))
    forked(lambda: main(["label", str(archive), "-o", str(whole)]))
    size = (tmp_path / "lines.jsonl").stat().st_size if suffix == "parquet" else whole.stat().st_size
    out.write_bytes(b"old")
    code, said = forked(lambda: limited(round(share * size), "label", archive, "-o", out))
    assert code == 1
    assert "File too large" in said
    assert out.read_bytes() == b"old"
    assert ("goes on" in said) == out.with_name(f"{out.name}.part").exists()
    assert forked(lambda: main(["label", str(archive), "-o", str(out), "--resume"]))[0] == 0
    assert out.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob("*.part*")) and not list(tmp_path.glob(".*"))


def test_a_disk_that_is_full_when_a_table_is_made_of_the_lines(archive: Path, tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "out.parquet"

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(sink.formats, "write_parquet", full)
        code, said = forked(lambda: main(["label", str(archive), "-o", str(out)]))
    assert code == 1
    assert "stopped after 40 records" in said
    assert not out.exists()
    assert forked(lambda: main(["label", str(archive), "-o", str(out), "--resume"])) == (0, "")
    assert pyarrow.parquet.read_table(out).num_rows == 40


def test_a_full_disk_leaves_the_older_model(tmp_path: Path) -> None:
    path = tmp_path / "m.stance"
    path.write_bytes(b"old")

    def work() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        with pytest.raises(OSError, match="File too large"):
            files.write_whole(path, b"x" * 5000)

    assert forked(work) == (0, "")
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["m.stance"]


def test_two_runs_do_not_write_to_one_file(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run) -> None:
    out = tmp_path / "out.jsonl"
    write, others = sink.Sink.write, []

    def meanwhile(self: sink.Sink, done: batch.Batch) -> None:
        write(self, done)
        with monkeypatch.context() as patch:
            patch.setattr(sink.Sink, "write", write)
            others.append(forked(lambda: main(["label", str(archive), "-o", str(out), "--threshold", "1"])))

    with monkeypatch.context() as patch:
        patch.setattr(sink.Sink, "write", meanwhile)
        code, _, err = run("label", archive, "-o", out)
    assert (code, err) == (0, "")
    assert [(code, "another run is writing to" in said) for code, said in others] == [(2, True)]
    with_labels = out.read_bytes()
    assert run("label", archive, "-o", out)[0] == 0
    assert out.read_bytes() == with_labels


@pytest.mark.parametrize("state", ["", "[]", "{", '{"run": 1, "done": [1e999, 0, 0, 0, 0]}', '{"run": "x", "done": [-1, 0, 0, 0, 0]}',
                                   '{"run": "x", "done": [1, 1, 1, 1, 99999999]}', "[" * 100_000, "\0"])  # fmt: skip
def test_a_state_that_is_damaged(archive: Path, tmp_path: Path, run, state: str) -> None:
    out = tmp_path / "out.jsonl"
    (tmp_path / "out.jsonl.part").write_bytes(b"half")
    (tmp_path / "out.jsonl.part.json").write_text(state, encoding="utf-8")
    code, _, err = run("label", archive, "-o", out, "--resume")
    assert (code, "run without --resume to start again" in err) == (2, True)
    assert run("label", archive, "-o", out)[0] == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == 40
    assert {file.name for file in tmp_path.iterdir()} == {"news.jsonl", "out.jsonl"}


def test_a_directory_that_vanishes(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run) -> None:
    place = tmp_path / "place"
    place.mkdir()
    write = sink.Sink.write

    def vanishing(self: sink.Sink, done: batch.Batch) -> None:
        write(self, done)
        for file in place.iterdir():
            file.unlink()
        place.rmdir()

    monkeypatch.setattr(sink.Sink, "write", vanishing)
    code, _, err = run("label", archive, "-o", place / "out.jsonl")
    assert code == 1
    assert "No such file or directory" in err


@pytest.fixture
def as_nobody(tmp_path: Path) -> Iterator[Callable[..., tuple[int, str]]]:
    """The command as a user who may not do everything: root, whom permissions don't stop, becomes nobody in a child."""
    opened = []
    for parent in tmp_path.parents:
        if parent.owner() == Path.home().owner() and os.getuid() == 0 and not parent.stat().st_mode & stat.S_IXOTH:
            opened.append((parent, parent.stat().st_mode))
            parent.chmod(parent.stat().st_mode | stat.S_IXOTH)
    tmp_path.chmod(0o777)
    store.load()  # nobody may not read it, perhaps

    def call(*arguments: object) -> tuple[int, str]:
        def work() -> None:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            main([str(argument) for argument in arguments])

        return forked(work)

    yield call
    for parent, mode in opened:
        parent.chmod(mode)


def test_what_must_not_be_read_is_named(archive: Path, tmp_path: Path, as_nobody) -> None:
    news = tmp_path / "news"
    for name in ("a", "b/c"):
        (news / name).mkdir(parents=True)
        (news / name / "x.txt").write_text(ARTICLES[0], encoding="utf-8")
    (news / "b" / "y.txt").write_text(ARTICLES[1], encoding="utf-8")
    (news / "b" / "y.txt").chmod(0)
    (news / "b" / "c").chmod(0)
    (news / "d").mkdir(mode=0o444)
    try:
        code, said = as_nobody("label", news, "--format", "jsonl")
        assert code == 1
        assert f"{news}/b/c: this directory can't be read: Permission denied" in said
        assert f"{news}/b/y.txt: can't be read: Permission denied" in said
        assert f'"doc": "{news}/a/x.txt"' in said
        for verb in ("check", "evaluate", "errors"):
            code, said = as_nobody(verb, news / "b" / "c")
            assert code == 1
            assert f"{news}/b/c: Permission denied" in said
        code, said = as_nobody("label", "--model", news / "b" / "y.txt", archive)
        assert code == 3
        assert "y.txt: Permission denied" in said
        code, said = as_nobody("check", "--taxonomy", news / "b" / "y.txt", archive)
        assert code == 2
        assert "Permission denied" in said
    finally:
        (news / "b" / "c").chmod(0o755)


def test_where_nothing_may_be_written(archive: Path, tmp_path: Path, as_nobody) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    for verb, name in (("label", "out.jsonl"), ("train", "m.stance")):
        code, said = as_nobody(verb, archive, "-o", closed / name)
        assert code == 2
        assert "closed can't be written to" in said
    assert list(closed.iterdir()) == []


def test_a_link_stays_and_its_file_is_written(archive: Path, tmp_path: Path, run) -> None:
    (tmp_path / "disk").mkdir()
    behind, link = tmp_path / "disk" / "behind.jsonl", tmp_path / "out.jsonl"
    for _ in range(2):  # the file is not there, and there
        link.unlink(missing_ok=True)
        link.symlink_to(behind)
        assert run("label", archive, "-o", link)[0] == 0
        assert link.is_symlink()
        assert len(behind.read_text(encoding="utf-8").splitlines()) == 40
    link.unlink()
    link.symlink_to(archive)
    before = archive.read_bytes()
    code, _, err = run("label", archive, "-o", link)
    assert (code, archive.read_bytes()) == (1, before)
    assert "is to be read and written" in err
    model = tmp_path / "m.stance"
    model.symlink_to(tmp_path / "disk" / "m.stance")
    files.write_whole(model, b"model")
    assert model.is_symlink() and (tmp_path / "disk" / "m.stance").read_bytes() == b"model"
    link.unlink()
    link.symlink_to(tmp_path / "no" / "where")
    code, _, err = run("label", archive, "-o", link)
    assert (code, "there is no directory" in err) == (2, True)


def test_permissions_are_those_of_any_new_file_or_of_the_older_one(archive: Path, tmp_path: Path, run) -> None:
    before = os.umask(0o027)
    try:
        for name in ("out.jsonl", "out.parquet"):
            out = tmp_path / name
            run("label", archive, "-o", out)
            assert stat.S_IMODE(out.stat().st_mode) == 0o640
            out.chmod(0o604)
            run("label", archive, "-o", out)
            assert stat.S_IMODE(out.stat().st_mode) == 0o604
    finally:
        os.umask(before)


def test_a_pipe_is_written_to_and_stays(archive: Path, tmp_path: Path, run) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    code, _, err = run("label", archive, "--format", "csv", "-o", pipe)
    reader.join()
    assert (code, err) == (0, "")
    assert read[0].startswith(b"doc,id,par") and read[0].count(b"\r\n") == 41
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert [file.name for file in tmp_path.iterdir() if file != archive] == ["pipe"]
    for more in (["--resume"], ["--format", "parquet"]):
        code, _, err = run("label", archive, "-o", pipe, *more, *([] if "--format" in more else ["--format", "jsonl"]))
        assert (code, "is no file" in err) == (2, True)


def test_a_device_is_written_to_and_stays(archive: Path, tmp_path: Path, run) -> None:
    """Root could replace it: a copy of /dev/null and /dev/full rather than the machine's own."""
    for name, minor in (("null", 3), ("full", 7)):
        try:
            os.mknod(tmp_path / name, stat.S_IFCHR | 0o666, os.makedev(1, minor))
            (tmp_path / name).write_bytes(b"")
        except OSError:
            pytest.skip("only root makes devices, and not everywhere")
    code, _, err = run("label", archive, "--format", "jsonl", "-o", tmp_path / "null")
    assert (code, err) == (0, "")
    code, _, err = run("label", archive, "--format", "jsonl", "-o", tmp_path / "full")
    assert (code, "No space left" in err) == (1, True)
    files.write_whole(tmp_path / "null", b"x")
    assert all(stat.S_ISCHR((tmp_path / name).stat().st_mode) for name in ("null", "full"))


def test_stdout_by_its_name_goes_on_where_it_was(archive: Path, tmp_path: Path) -> None:
    """``-o /dev/stdout >> file`` adds to the file."""

    log = tmp_path / "log"
    log.write_text("before\n", encoding="utf-8")

    def work() -> None:
        os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND), 1)
        main(["label", str(archive), "--format", "jsonl", "-o", "/dev/stdout"])

    assert forked(work) == (0, "")
    assert log.read_bytes().startswith(b"before\n{") and log.read_bytes().count(b"\n") == 41


@pytest.mark.parametrize("name", ["ی" * 127, "x" * 244])
def test_a_name_that_is_as_long_as_it_may_be(tmp_path: Path, name: str) -> None:
    files.write_whole(tmp_path / name, b"x")
    assert (tmp_path / name).read_bytes() == b"x"


def test_names_that_are_too_long_and_links_that_go_round(archive: Path, tmp_path: Path, run) -> None:
    loop, long = tmp_path / "loop", tmp_path / ("x" * 300)
    loop.symlink_to(loop)
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    (tmp_path / "round").mkdir()
    (tmp_path / "round" / "again").symlink_to(tmp_path / "round", target_is_directory=True)
    (tmp_path / "round" / "a.txt").write_text(ARTICLES[0], encoding="utf-8")
    code, out, err = run("label", loop, long, tmp_path / "gone.txt", tmp_path / "round", "--format", "jsonl")
    assert code == 1
    for problem in ("loop: can't be read: Too many levels", "x: can't be read: File name too long", "gone.txt: can't be read: No such"):  # fmt: skip
        assert problem in err
    assert [json.loads(line)["doc"] for line in out.splitlines()] == [str(tmp_path / "round" / "a.txt")]
    code, _, err = run("label", tmp_path, "--format", "jsonl")
    assert "gone.txt: can't be read: No such file" in err
    assert "File name too long" in run("label", archive, "-o", long / "x.jsonl")[2]
    code, _, err = run("label", archive, "-o", tmp_path / ("x" * 250 + ".jsonl"))
    assert (code, "File name too long" in err) == (1, True)
    for verb in ("check", "evaluate", "errors"):
        assert "Too many levels" in run(verb, loop)[2]
        assert "File name too long" in run(verb, long)[2]


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_names_that_are_not_utf_8(archive: Path, tmp_path: Path, run, suffix: str) -> None:
    odd = tmp_path / f"\udcff.{suffix}"
    assert run("label", archive, "-o", odd)[0] == 0
    assert odd.stat().st_size > 0
    other = tmp_path / "\udcfe.jsonl"
    other.write_bytes(archive.read_bytes())
    code, out, err = run("label", other, "--format", "jsonl", tmp_path / "\udcfd")
    assert code == 1
    assert len(out.splitlines()) == 40
    assert "\\udcfd: can't be read: No such file" in err
