"""Random invocations of the command on damaged inputs: an exit code that is documented, a message, never a traceback."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import random
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from stancelib.articles import split_paragraphs
from stancelib.cli import main
from stancelib.store import read_bytes

NEWS = [
    {"id": "1", "text": "وزیر نفت گفت صادرات گاز به کشور همسایه دو برابر شد.\n\nبهای برق ثابت ماند.", "date": "1404"},
    {"id": 2, "text": "سخنگوی دولت حمله به غزه را محکوم کرد و از مردم آن پشتیبانی کرد."},
    {"id": None, "text": "باران بارید.", "n": 1.5},
    {"text": "دو وزیر خارجه بر گسترش روابط تأکید کردند؛ «روابط ما خوب است»", "x": [1, {"y": None}]},
    {"id": "۵", "text": "هوا سرد شد و تیم فوتبال برد."},
]
GOLD = [
    {"id": f"{n}", "text": f"{record['text']} {n}", "source": "خبر", "topics": topics, "stance": stance}
    for n, (record, topics, stance) in enumerate(
        zip(
            NEWS * 2,
            [["energy"], ["gaza"], [], ["bilateral_ties"], [], ["energy", "gaza"], ["gaza"], [], ["energy"], None],
            [{"energy": "favor"}, {"gaza": "favor"}, {}, {"bilateral_ties": "favor"}, {},
             {"energy": "neutral", "gaza": "against"}, {"gaza": "neutral"}, {}, {"energy": "against"}, {}],
            strict=True,
        )
    )
]  # fmt: skip
TAXONOMY = '[[topic]]\nname = "energy"\ntitle = {en = "E", fa = "ا"}\nabout = {en = "E", fa = "ا"}\ntarget = {en = "E", fa = "ا"}\n'


def lines(records: list[dict[str, object]]) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def table() -> bytes:
    file = io.BytesIO()
    columns = {key: [None if r.get(key) is None else str(r[key]) for r in NEWS] for key in ("id", "text")}
    pyarrow.parquet.write_table(pyarrow.table(columns), file, row_group_size=2)
    return file.getvalue()


EXCHANGE = Path(__file__).parent / "golden" / "exchange"
INPUTS = {
    "article.txt": "تیتر خبر\n\n".encode() + "\n\n".join(str(r["text"]) for r in NEWS).encode(),
    "news.jsonl": lines(NEWS),
    "news.csv": ("id,text\n" + "".join(f'{n},"{r["text"]}"\n' for n, r in enumerate(NEWS))).encode(),
    "news.parquet": table(),
    "gold.jsonl": lines(GOLD),
    "gold.csv": "id,text,topics,stance\n1,گاز و غزه,energy;gaza,neutral;favor\n2,باران,,\n3,نفت,energy,favor\n".encode(),
    "tasks.json": (EXCHANGE / "two-annotators.json").read_bytes(),
    "doccano.jsonl": (EXCHANGE / "doccano.jsonl").read_bytes(),
    "topics.toml": TAXONOMY.encode(),
    "model.stance": read_bytes(),
}
JUNK = [
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\r\n", b"\n", b'"', b"'", b",", b";", b"{", b"}", b"[" * 3000, b'{"a":' * 3000,
    b"1e999", b"NaN", b"-Infinity", b"9" * 5000, b'\n{"text": 5}\n', b'\n{"text": "\\ud800 \\u0000"}\n', b'\n{"text": null, "id": {}}\n',
    b'{"text": "a", "text": "b"}', b'\n[]\n"x"\nnull\n', "\u202e\u2028\x85".encode(), "نفت".encode("windows-1256"), "نفت".encode("utf-16"),
    b"\x1b[31m", b" " * 5000, b'\n{"id": ["a"], "text": "x", "topics": "energy"}\n', b'\n{"text": "x", "topics": [1], "stance": 3}\n', b"x" * 70_000,
]  # fmt: skip


def damaged(data: bytes, draw: random.Random) -> bytes:
    """The bytes after a few random mutations; one in six stays whole."""
    for _ in range(draw.choice([0, 1, 1, 2, 3, 8])):
        at, to = sorted((draw.randint(0, len(data)), draw.randint(0, len(data))))
        kind = draw.randrange(9)
        if kind == 0 and data:
            spoiled = bytearray(data)
            for _ in range(draw.choice([1, 1, 10, 100])):
                spoiled[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
            data = bytes(spoiled)
        elif kind == 1:
            data = data[:at]
        elif kind == 2:
            data = data[:at] + data[to:]
        elif kind == 3:
            data = data[:to] + data[at:]
        elif kind == 4:
            every = data.split(b"\n")
            draw.shuffle(every)
            data = b"\n".join(every)
        elif kind == 5:
            data = data.replace(b"\n", draw.choice([b"\r\n", b"\r", b"\n\n", b" ", b""]))
        elif kind == 6 and len(data) < 10_000:
            with contextlib.suppress(UnicodeError):
                data = data.decode().encode(draw.choice(["utf-16", "utf-16-le", "windows-1256", "utf-8-sig", "utf-32"]))
        else:
            data = data[:at] + draw.choice(JUNK) + data[at:]
    return draw.choice([data] * 20 + [b"", b"\n", b" \r\n\t ", b"\xef\xbb\xbf", b"\0" * 100])


def odd_parquet(draw: random.Random) -> bytes:
    """A Parquet file that is whole, with columns that nobody expects."""
    odd = [
        pyarrow.array(["نفت", None, "گاز"]).dictionary_encode(),
        pyarrow.array([["نفت"], None, []]),
        pyarrow.array([{"text": "نفت"}, None, {"text": "گاز"}]),
        pyarrow.array([b"\xff", b"", None]),
        pyarrow.array([b"\xff", "گاز".encode(), b""]).view("string"),
        pyarrow.array([float("nan"), 1.0, None]),
        pyarrow.array([2**62, 0, None], pyarrow.timestamp("us", draw.choice([None, "UTC", "Nowhere/None"]))),
        pyarrow.array([None, None, None]),
        pyarrow.array(["نفت\0", "\u202e", " "], pyarrow.large_string()),
        pyarrow.array([True, None, False]),
        pyarrow.array([[("a", 1)], [], None], pyarrow.map_(pyarrow.string(), pyarrow.int64())),
        pyarrow.array([2**62, 1, None], pyarrow.duration("us")),
    ]
    names = draw.choice(
        [["text"], ["text", "id"], ["id", "text"], ["text", "text"], ["text.element", "text"], ["", "id"]]
    )
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_arrays([draw.choice(odd) for _ in names], names), file)
    return file.getvalue()


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[int, bytes, str]]]:
    """The command in this process: arguments and stdin -> exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(arguments: list[str], stdin: bytes = b"") -> tuple[int, bytes, str]:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="cp1252") for _ in range(2))
        before = sys.stdin, sys.stdout, sys.stderr
        sys.stdin, sys.stdout, sys.stderr = io.TextIOWrapper(io.BytesIO(stdin)), out, err
        try:
            main(arguments)
        except SystemExit as stop:
            code = int(stop.code or 0)
        finally:
            sys.stdin, sys.stdout, sys.stderr = before
        for stream in (out, err):
            stream.flush()
        return code, out.buffer.getvalue(), err.buffer.getvalue().decode()

    yield call


NUMBERS = ["0", "1", "0.5"], ["nan", "-1", "1e999", "-inf", "", "x", "۰٫۵", "0.5 ", "9" * 400, "1e-320"]
NAMES = ["text", "id", "نفت", "energy"], ["", "\udcff", "a\x1b[31m", "x" * 300, "../..", "-", "--", "."]
WHOLE = ["10", "20"], ["0", "1", "-5", "1.5", "", "x", "9" * 30]
OUTPUTS = (
    ["out.jsonl", "out.csv", "out.parquet", "out", "link.csv"],
    [
        "out.xyz",
        ".",
        "no/out.jsonl",
        "loop",
        "x" * 300,
        "\udcff.csv",
        "\udcff.parquet",
        "",
        "article.txt",
        "news.jsonl",
        "gone.txt",
    ],
)
TABLES = ["table", "json"], ["", "jsonl"]
FORMATS = ["jsonl", "csv", "doccano", "label-studio"]


def options(verb: str, draw: random.Random, files: list[str]) -> list[str]:
    """Random options of a verb: mostly with values that are right, sometimes with hostile ones."""
    data = [], [*files, "none", "."]
    known: dict[str, dict[str, tuple[list[str], list[str]]]] = {
        "label": {
            "--format": (["table", "jsonl", "csv", "parquet"], ["", "JSONL"]), "-o": OUTPUTS, "--threshold": NUMBERS,
            "--stance-threshold": NUMBERS, "--encoding": (["utf-8", "windows-1256"], ["utf-16", "utf-7", ""]),
            "--text-field": NAMES, "--input-format": (["jsonl", "csv"], ["text", "parquet", ""]),
            "--jobs": (["1"], ["-1", "", "99999", "1.0"]), "--dask": ([], ["", "x", "tcp://"]), "--model": data,
        },
        "check": {"--taxonomy": data, "--format": TABLES},
        "train": {"-o": OUTPUTS, "--taxonomy": data, "--weight": NUMBERS, "--thresholds-from": NAMES},
        "evaluate": {"--rounds": WHOLE, "--model": data, "--threshold": NUMBERS, "--format": TABLES},
        "errors": {
            "--model": data, "--threshold": NUMBERS, "-n": WHOLE, "--topic": NAMES, "--format": (["table", "jsonl"], [""]),
            "--curve": data, "--thresholds-from": NAMES,
        },
        "agreement": {"--rounds": WHOLE, "--taxonomy": data, "--disagreements": OUTPUTS, "--format": TABLES},
        "info": {"--model": data},
        "convert": {
            "-o": (["out.json", "out.jsonl", "out.csv", "by-{annotator}.csv"], OUTPUTS[1]), "--from": (FORMATS, [""]),
            "--to": (FORMATS, ["json"]), "--annotator": (["1", "2"], ["", "\udcff", "x\x1b[31m"]), "--taxonomy": data,
            "--config-for": (["label-studio", "doccano"], [""]),
        },
        "suggest": {
            "-o": (["out.jsonl", "out.csv"], OUTPUTS[1]), "-n": WHOLE, "--labelled": ([*files, "gold.csv"], data[1]),
            "--model": data, "--text-field": NAMES, "--encoding": (["utf-8", "windows-1256"], ["utf-7"]),
            "--input-format": (["jsonl", "csv"], ["text", "parquet", ""]),
        },
    }  # fmt: skip
    flags = {
        "label": ["--resume", "--progress", "--no-progress"],
        "train": ["--skip-bad"],
        "convert": ["--predictions"],
    }.get(verb, [])
    always = {"evaluate": ["--rounds", "10"], "agreement": ["--rounds", "10"], "train": ["-o", "m"]}
    chosen = always.get(verb, ["-o", "out.jsonl"] if verb == "convert" else [])[:]
    for name, (right, hostile) in known[verb].items():
        for _ in range((draw.random() < 0.25) + (draw.random() < 0.02)):
            if values := hostile if draw.random() < 0.15 else right:
                chosen += [name, draw.choice(values)]
    chosen += [flag for flag in flags if draw.random() < 0.1]
    if draw.random() < 0.03:
        chosen += [draw.choice(["--", "--none", "-x", "--format", "", "\udcff", "--help"])]
    return chosen


def invocation(draw: random.Random, directory: Path) -> tuple[list[str], bytes]:
    """Arguments and stdin; the files that they name are made in the directory."""
    for file in directory.iterdir():
        if file.is_dir() and not file.is_symlink():
            shutil.rmtree(file)
        else:
            file.unlink()
    (directory / "loop").symlink_to("loop")
    (directory / "gone.txt").symlink_to("nowhere")
    (directory / "link.csv").symlink_to("deep/behind.csv")
    (directory / "deep").mkdir()
    verb = draw.choice(
        ["label"] * 10 + ["check"] * 3 + ["evaluate"] * 2 + ["errors"] * 3 + ["agreement"] * 3 + ["train", "info"]
        + ["convert"] * 6 + ["suggest"] * 4
    )  # fmt: skip
    kinds = {
        "label": ["article.txt", "news.jsonl", "news.csv", "news.parquet"],
        "suggest": ["article.txt", "news.jsonl", "news.csv", "news.parquet"],
        "convert": ["gold.jsonl", "gold.csv", "tasks.json", "doccano.jsonl"],
    }.get(verb, ["gold.jsonl", "gold.csv"])
    names = []
    for kind in draw.choices([*kinds * 5, *INPUTS], k=draw.choice([1, 1, 2, 3])):
        odd = draw.random() < 0.05
        name = draw.choice([f"\udcff{kind}", f"\x1b[31m{kind}", f"deep/{kind}"]) if odd else kind
        data = odd_parquet(draw) if kind == "news.parquet" and draw.random() < 0.5 else damaged(INPUTS[kind], draw)
        (directory / name).write_bytes(data)
        names.append(name)
    paths = [
        draw.choice([*names] * 20 + [".", "deep", "none", "-", "loop", "gone.txt", "", "x" * 300, "\udcff"])
        for _ in range(draw.choice([1, 1, 1, 2, 3]))
    ]
    paths = list(dict.fromkeys([*paths, *names])) if draw.random() < 0.7 else paths
    if verb == "agreement" and len(paths) < 2:
        paths += ["gold.jsonl", "gold.csv"]
    stdin = damaged(INPUTS[draw.choice(kinds)], draw)
    chosen = options(verb, draw, names)
    arguments = [verb, *(paths if verb != "info" else []), *chosen]
    return arguments, stdin


def whole(directory: Path, arguments: list[str], where: str) -> None:
    """What was written is whole, and nothing else is left."""
    assert not list(directory.glob(".*")) and not list(directory.glob("*.part*")), where
    for file in directory.glob("*.csv"):
        if file.exists() and file.read_bytes().startswith(b"\xef\xbb\xbfdoc,id"):
            with file.open(encoding="utf-8-sig", newline="") as rows:
                assert len({len(row) for row in csv.reader(rows, strict=True)}) == 1, where
    if (file := directory / "out.json").exists():
        json.loads(file.read_bytes())
    if {"--format", "--disagreements"} & set(arguments):
        return  # the suffix may say something else
    if (file := directory / "out.jsonl").exists():
        assert all(isinstance(json.loads(line), dict) for line in file.read_bytes().decode().split("\n")[:-1]), where
    if (file := directory / "out.parquet").exists():
        pyarrow.parquet.read_table(file)


def attack(seeds: range, directory: Path, invoke: Callable[..., tuple[int, bytes, str]]) -> None:
    codes = set()
    for seed in seeds:
        arguments, stdin = invocation(random.Random(seed), directory)
        try:
            code, out, err = invoke(arguments, stdin)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {arguments}") from error
        where = f"seed {seed}: {arguments}: {code}\n{err}"
        codes.add(code)
        assert code in (0, 1, 2, 3), where
        assert "Traceback" not in err, where
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e]", err), where
        assert code == 0 or err or b"repeated" in out or b'"repeats"' in out, where
        whole(directory, arguments, where)
        if arguments[0] == "label" and b"".join(out.split()).startswith(b"{"):
            assert all(isinstance(json.loads(line), dict) for line in out.decode().split("\n")[:-1]), where
    assert {0, 1, 2, 3} <= codes  # or it is not the command that was attacked


def test_random_invocations(tmp_path: Path, invoke) -> None:
    attack(range(250), tmp_path, invoke)


@pytest.mark.long
def test_two_thousand_random_invocations(tmp_path: Path, invoke) -> None:
    attack(range(1000, 3000), tmp_path, invoke)


def expected(data: bytes) -> tuple[list[int], list[int]]:
    """Good and bad lines of an archive of JSON lines, found in another way than the package does."""
    good, bad = [], []
    for number, line in enumerate(re.split(rb"\r\n|\r|\n", data.removeprefix(b"\xef\xbb\xbf")), 1):
        try:
            if not (stripped := line.decode().strip()):
                continue
            record = json.loads(stripped)
            assert isinstance(record, dict) and isinstance(record["text"], str)
            assert not isinstance(record.get("id"), list | dict)
        except (ValueError, RecursionError, AssertionError, KeyError):
            bad.append(number)
        else:
            if split_paragraphs(record["text"]):
                good.append(number)
    return good, bad


def test_every_bad_record_is_named_and_every_good_one_is_labelled(tmp_path: Path, invoke) -> None:
    without_ids = lines([{"text": record["text"], "n": n} for n, record in enumerate(NEWS * 4)])
    some = 0
    for seed in range(100):
        draw = random.Random(seed)
        data = damaged(damaged(without_ids, draw), draw)
        if data.startswith((b"\xff\xfe", b"\xfe\xff")) or data in b"\xef\xbb":
            continue  # UTF-16, and half a byte-order mark, which Python takes for a whole one
        (tmp_path / "news.jsonl").write_bytes(data)
        code, out, err = invoke(["label", "--format", "jsonl", "news.jsonl"])
        good, bad = expected(data)
        some += bool(good and bad)
        assert code == bool(bad), seed
        assert [
            int(n) for n in re.findall(r"^stancelib: news\.jsonl: line (\d+): (?!no text|paragraph)", err, re.MULTILINE)
        ] == bad, seed
        docs = dict.fromkeys(json.loads(line)["doc"] for line in out.decode().split("\n")[:-1])
        assert list(docs) == [f"news.jsonl:{n}" for n in good], seed
    assert some > 20
