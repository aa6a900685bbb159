"""The command where it is run: closed streams, terminals that speak something else, files from Windows, no network."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import no_network  # noqa: F401
import pyarrow
import pyarrow.parquet
import pytest
from child import forked

from stancelib.cli import main

SEED = next((Path(__file__).parent.parent / "seeds").glob("*.txt"))
GOLD = SEED.parent.parent / "labels" / "seeds.jsonl"
#: The same labels as of another annotator; removed when the interpreter ends.
OTHER = tempfile.TemporaryDirectory(prefix="stancelib-")
shutil.copy(GOLD, OTHER.name)
COMMAND = [sys.executable, "-c", "from stancelib.cli import main; main()"]
#: Each verb with something to print.
VERBS = {
    "label": ["label", str(SEED)],
    "label-jsonl": ["label", "--format", "jsonl", str(SEED)],
    "check": ["check", str(GOLD)],
    "evaluate": ["evaluate", "--rounds", "10", str(GOLD)],
    "errors": ["errors", str(GOLD)],
    "agreement": ["agreement", "--rounds", "10", str(GOLD), f"{OTHER.name}/{GOLD.name}"],
    "train": ["train", "-o", "m", str(GOLD)],
    "info": ["info"],
    "help": ["--help"],
    "verb-help": ["label", "--help"],
    "version": ["--version"],
}
every_verb = pytest.mark.parametrize("arguments", VERBS.values(), ids=VERBS)


def without(*numbers: int) -> None:
    """As the interpreter begins after ``<&-``, ``>&-`` or ``2>&-``."""
    for number in numbers:
        os.close(number)
        setattr(sys, ("stdin", "stdout", "stderr")[number], None)


def quietly(work: Callable[[], object]) -> None:
    """The end of an interpreter too, which flushes what is left and complains when it can't."""
    try:
        work()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()


@every_verb
def test_a_closed_stdout_is_an_error(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def work() -> None:
        without(1)
        quietly(lambda: main(arguments))

    code, said = forked(work)
    assert code == 1
    assert said.endswith("output: Bad file descriptor\n")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full here")
@every_verb
def test_a_full_stdout_is_an_error(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def work() -> None:
        os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
        quietly(lambda: main(arguments))

    code, said = forked(work)
    assert code == 1
    assert said.endswith("output: No space left on device\n")


@every_verb
def test_a_reader_that_has_gone_is_no_error(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def work() -> None:
        there, here = os.pipe()
        os.close(there)
        os.dup2(here, 1)
        quietly(lambda: main(arguments))

    code, said = forked(work)
    if arguments[0] == "train":  # it works on, though nobody reads
        assert code == 2 and "too few examples" in said
    else:
        assert (code, said) == (0, "")


@every_verb
def test_no_stderr_and_no_stdin(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    whole = forked(lambda: main(arguments))

    def work() -> None:
        without(0, 2)
        main(arguments)

    code, said = forked(work)
    assert code == whole[0]
    assert said == "".join(line for line in whole[1].splitlines(keepends=True) if not line.startswith("stancelib: "))


@pytest.mark.parametrize("more", [[], ["--progress"], ["--threshold", "x"]])
def test_messages_that_nobody_reads_do_not_stop_the_work(tmp_path: Path, more: list[str]) -> None:
    """``-o labels.jsonl 2>&1 | head`` is still to make the file."""
    out = tmp_path / "out.jsonl"

    def work() -> None:
        there, here = os.pipe()
        os.close(there)
        os.dup2(here, 1)
        os.dup2(here, 2)
        main(["label", str(tmp_path / "none.txt"), str(SEED), "-o", str(out), *more])

    assert forked(work) == (2 if "x" in more else 1, "")
    assert out.exists() == ("x" not in more)


def test_files_do_not_take_the_places_of_closed_streams(tmp_path: Path) -> None:
    """Closed descriptors are the first to be given out: what is printed would end in a file of labels."""
    out = tmp_path / "out.jsonl"

    def work() -> None:
        without(0, 1, 2)
        main(["label", str(SEED), str(tmp_path / "none.txt"), "--progress", "-o", str(out)])

    assert forked(work) == (1, "")
    assert all(json.loads(line) for line in out.read_text(encoding="utf-8").splitlines())


def test_a_closed_stdin_is_named() -> None:
    def work() -> None:
        without(0)
        main(["label", "-", str(SEED)])

    code, said = forked(work)
    assert code == 1
    assert "-: stdin is closed" in said
    assert "+ favor" in said


def test_closed_streams_of_a_whole_process(tmp_path: Path) -> None:
    """The same with an interpreter that was started so."""
    shell = " ".join([sys.executable, "-c", "'from stancelib.cli import main; main()'", "label", f"'{SEED}'"])
    done = subprocess.run(["sh", "-c", f"{shell} >&-"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "stancelib: output: Bad file descriptor\n")
    done = subprocess.run(["sh", "-c", f"{shell} none <&- 2>&-"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert "+ favor" in done.stdout


HOSTILE = {"PYTHONIOENCODING": "cp1252", "LC_ALL": "C", "PYTHONUTF8": "0", "COLUMNS": "1", "LINES": "0", "TERM": "dumb"}


def test_persian_on_a_terminal_that_says_it_speaks_cp1252(tmp_path: Path) -> None:
    """stdout and stderr are UTF-8 whatever the environment says; a C locale names files as bytes."""
    article = tmp_path / "خبر.txt"
    article.write_text("وزیر نفت گفت صادرات گاز افزایش یافت.", encoding="utf-8")
    command = [*COMMAND, "label", str(article), str(tmp_path / "نیست.txt")]
    done = subprocess.run(command, env=os.environ | HOSTILE, capture_output=True)
    assert done.returncode == 1
    assert "وزیر نفت" in done.stdout.decode()
    assert "can't be read: No such file" in done.stderr.decode()


@every_verb
@pytest.mark.parametrize("columns", ["1", "0", "-5", "", "wide", "9" * 30])
def test_any_width(run, arguments: list[str], columns: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", columns)
    code, out, err = run(*arguments)
    assert code == {"train": 2, "check": 1}.get(arguments[0], 0)  # too few paragraphs; two of them nearly the same
    assert out and "Traceback" not in err


def test_a_bar_on_a_terminal_without_width(run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    code, out, _ = run("label", "--progress", "--format", "jsonl", SEED)
    assert code == 0
    assert len(out.splitlines()) == 9


ARTICLE = "تیتر خبر\n\nوزیر نفت گفت صادرات گاز افزایش یافت.\n\nسخنگو حمله به غزه را محکوم کرد.\n"
ARCHIVES = {
    "jsonl": '{"id": "1", "text": "وزیر نفت گفت صادرات گاز افزایش یافت."}\n{"id": "2", "text": "باران بارید."}\n',
    "csv": 'id,text\n1,وزیر نفت گفت صادرات گاز افزایش یافت.\n2,"باران\nبارید."\n',
}
LABELS = {
    "jsonl": '{"id": "1", "text": "نفت گران شد", "topics": ["energy"], "stance": {"energy": "against"}}\n'
    '{"id": "2", "text": "باران بارید", "topics": []}\n',
    "csv": "id,text,topics,stance\n1,نفت گران شد,energy,against\n2,باران بارید,,\n",
}
#: What Windows and its editors make of a text.
SAVED = {
    "windows": lambda text: text.replace("\n", "\r\n").encode(),
    "old-mac": lambda text: text.replace("\n", "\r").encode(),
    "mark": lambda text: text.encode("utf-8-sig"),
    "mark-windows": lambda text: text.replace("\n", "\r\n").encode("utf-8-sig"),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16-windows": lambda text: text.replace("\n", "\r\n").encode("utf-16"),
    "no-last-end": lambda text: text.removesuffix("\n").encode(),
    "empty-lines": lambda text: ("\n\n" if text[0] == "{" else "").encode() + text.replace("\n", "\n\n\n", 1).encode(),
}
saved = pytest.mark.parametrize("save", SAVED.values(), ids=SAVED)


@saved
@pytest.mark.parametrize("suffix", ["txt", "jsonl", "csv"])
def test_files_from_windows_are_labelled_alike(run, tmp_path: Path, suffix: str, save: Callable[[str], bytes]) -> None:
    plain = {"txt": ARTICLE, **ARCHIVES}[suffix]
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(plain.encode())
    expected = run("label", "--format", "csv", path)
    path.write_bytes(save(plain))
    assert expected[0] == 0 and expected[1].count("\n") > 2
    assert run("label", "--format", "csv", path) == expected


@saved
@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_label_files_from_windows_are_read_alike(
    run, tmp_path: Path, suffix: str, save: Callable[[str], bytes]
) -> None:
    path, other = tmp_path / f"a.{suffix}", tmp_path / "b.jsonl"
    other.write_text(LABELS["jsonl"], encoding="utf-8")

    def all_verbs() -> list[tuple[int, str, str]]:
        return [
            run("check", path), run("evaluate", "--rounds", "10", path), run("errors", path),
            run("agreement", "--rounds", "10", path, other), run("train", "-o", tmp_path / "m", path),
        ]  # fmt: skip

    path.write_bytes(LABELS[suffix].encode())
    expected = all_verbs()
    assert [code for code, _, _ in expected] == [0, 0, 0, 0, 2]  # too few to train on
    path.write_bytes(save(LABELS[suffix]))
    assert all_verbs() == expected


NOTHING = {
    "empty": b"", "newline": b"\n", "windows": b"\r\n\r\n", "blank": b" \t \n\xc2\xa0\n", "mark": b"\xef\xbb\xbf", "mark-16": b"\xff\xfe",
    "mark-newline": b"\xef\xbb\xbf\r\n",
}  # fmt: skip
nothing = pytest.mark.parametrize("data", NOTHING.values(), ids=NOTHING)


@nothing
def test_nothing_in_an_archive(run, tmp_path: Path, data: bytes) -> None:
    """An article without text is noted, an archive may be empty; CSV and Parquet without columns are not CSV nor Parquet."""
    for suffix, code, message in (
        ("txt", 0, "no text in it"),
        ("md", 0, "no text in it"),
        ("jsonl", 0, ""),
        ("csv", 1, "there is no column 'text'"),
        ("parquet", 1, "not a Parquet file"),
    ):
        path = tmp_path / f"a.{suffix}"
        path.write_bytes(data)
        for form in ("table", "jsonl"):
            found, out, err = run("label", "--format", form, path)
            assert (found, out) == (code, "")
            assert message in err and bool(message) == bool(err)


@nothing
@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_nothing_in_a_label_file(run, tmp_path: Path, data: bytes, suffix: str) -> None:
    path, other = tmp_path / f"a.{suffix}", tmp_path / "b.jsonl"
    path.write_bytes(data)
    other.write_text(LABELS["jsonl"], encoding="utf-8")
    for arguments in (
        ("check", path), ("evaluate", path), ("errors", path), ("train", "-o", tmp_path / "m", path), ("agreement", path, other),
    ):  # fmt: skip
        code, out, err = run(*arguments)
        assert code in (1, 2) and err
        assert out == ""


def test_nul_bytes(run, tmp_path: Path) -> None:
    """They are characters like others: labels come, and files keep them."""
    text = "وزیر نفت گفت صادرات\0 گاز افزایش یافت."
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": text}), encoding="utf-8")
    (tmp_path / "a.csv").write_text(f"text\n{text}\n", encoding="utf-8")
    pyarrow.parquet.write_table(pyarrow.table({"text": [text]}), tmp_path / "a.parquet")
    code, out, _ = run("label", "--format", "jsonl", tmp_path)
    assert code == 0
    assert [json.loads(line)["text"] for line in out.splitlines()] == [text] * 4
    assert run("label", "-o", tmp_path / "out.parquet", tmp_path)[0] == 0
    assert pyarrow.parquet.read_table(tmp_path / "out.parquet")["text"].to_pylist() == [text] * 4
    assert "\0" not in run("label", tmp_path / "a.txt")[1]


def test_a_taxonomy_from_windows(run, tmp_path: Path) -> None:
    toml = (SEED.parent.parent / "labels" / "taxonomy.toml").read_text(encoding="utf-8")
    path = tmp_path / "topics.toml"
    expected = run("check", GOLD)
    path.write_bytes(toml.replace("\n", "\r\n").encode("utf-8-sig"))
    assert run("check", "--taxonomy", path, GOLD) == expected


@pytest.mark.parametrize(
    "data", [b"a = " + b"[" * 100_000, b"a = " + b"9" * 5000, b"\xff", b"a = 1979-99-99", b"\0", b"[" * 5000]
)
def test_a_taxonomy_that_is_none(run, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "topics.toml"
    path.write_bytes(data)
    code, out, err = run("check", "--taxonomy", path, GOLD)
    assert (code, out) == (2, "")
    assert str(path) in err


def test_what_a_spreadsheet_takes_for_a_formula_stays_text(run, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"id": "=1+1", "text": '=HYPERLINK("x") نفت'}), encoding="utf-8")
    assert ',=1+1,1,body,"=HYPERLINK(""x"") نفت",' in run("label", "--format", "csv", path)[1]


def test_the_tests_have_no_network() -> None:
    for reach in (
        lambda: socket.create_connection(("192.0.2.1", 80), timeout=1),
        lambda: socket.getaddrinfo("example.org", 80),
        lambda: socket.gethostbyname("example.org"),
        lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", ("192.0.2.1", 9)),
        lambda: socket.socket(socket.AF_INET6).connect(("2001:db8::1", 80)),
    ):
        with pytest.raises(OSError, match="the tests have no network"):
            reach()
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


@pytest.mark.parametrize(
    "arguments",
    [
        *(VERBS[verb] for verb in ("label", "evaluate", "errors", "agreement", "info")),
        ["label", str(SEED), "-o", "x.parquet"],
    ],
)
def test_the_command_opens_no_socket(arguments: list[str], tmp_path: Path) -> None:
    script = """
import sys
def refuse(event, arguments):
    if event.startswith("socket."):
        raise SystemExit(f"{event} {arguments}")
sys.addaudithook(refuse)
from stancelib.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8"
    )
    assert (done.returncode, done.stderr) == (0, "")
