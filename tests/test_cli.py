from __future__ import annotations

import io
import json
import random
import sys
from pathlib import Path

import pytest

from stancelib import shipped
from stancelib.model import StanceModel
from stancelib.store import save

SEED = next((Path(__file__).parent.parent / "seeds").glob("*.txt"))


def test_label_table(run) -> None:
    code, out, err = run("label", SEED)
    assert (code, err) == (0, "")
    assert "headline" in out
    assert "+ favor" in out


def test_label_jsonl(run) -> None:
    code, out, _ = run("label", "--format", "jsonl", SEED.parent)
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [row["par"] for row in rows] == list(range(1, 10))
    assert set(rows[0]) == {"doc", "par", "kind", "text", "labels", "scores"}
    assert set(rows[0]["scores"]) == {"energy", "gaza", "bilateral_ties"}


@pytest.mark.parametrize(
    "arguments",
    [
        "suggest POOL --labelled FILE -o FILE",
        "suggest POOL --model FILE -o FILE",
        "report POOL --model FILE -o FILE",
        "label POOL --model FILE -o FILE --format jsonl",
        "bootstrap POOL --terms FILE -o FILE",
        "bootstrap POOL --terms FILE -o m.stance --labels FILE",
        "bootstrap FILE --terms POOL -o m.stance --labels FILE",
        "bootstrap POOL --terms terms.toml -o FILE --labels FILE",
        "train FILE -o FILE",
        "train POOL --taxonomy FILE -o FILE",
        "convert FILE -o FILE",
        "convert POOL --taxonomy FILE -o FILE",
        "convert --config-for doccano --taxonomy FILE -o FILE",
        "agreement FILE POOL --disagreements FILE",
    ],
)
def test_nothing_that_is_read_is_written_over(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file.jsonl").write_text('{"text": "نفت", "topics": [], "stance": {}}\n', encoding="utf-8")
    Path("pool.jsonl").write_text('{"text": "گاز"}\n', encoding="utf-8")
    names = {"FILE": "file.jsonl", "POOL": "pool.jsonl"}
    code, out, err = run(*(names.get(argument, argument) for argument in arguments.split()))
    assert (code, out) == (2, "")
    assert "file.jsonl is to be read and written" in " ".join(err.split())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file.jsonl", "pool.jsonl"]


def test_label_stdin_and_threshold(run, monkeypatch: pytest.MonkeyPatch) -> None:
    class In:
        buffer = io.BytesIO("صادرات نفت ایران افزایش یافت.".encode())

    monkeypatch.setattr(sys, "stdin", In())
    code, out, _ = run("label", "--format", "jsonl", "--threshold", "1", "-")
    assert code == 0
    assert json.loads(out)["labels"] == []
    assert json.loads(out)["doc"] == "-"


@pytest.mark.parametrize("beginning", ["PK\x03\x04\x14", "%PDF-1.7", "\xd0\xcf\x11\xe0"])
def test_a_document_is_no_text(run, tmp_path: Path, beginning: str) -> None:
    (tmp_path / "news.xlsx").write_bytes(beginning.encode("latin-1") + b" text")
    for encoding in ((), ("--encoding", "windows-1256")):
        code, out, err = run("label", *encoding, tmp_path / "news.xlsx")
        assert (code, out) == (1, "")
        assert "news.xlsx: this is a" in err and "save it as plain text, a table as CSV" in err


def test_a_verb_that_is_mistyped(run) -> None:
    code, _, err = run("lable", "article.txt")
    assert code == 2 and "No such command 'lable'. Did you mean label?" in err
    assert "Did you mean" not in run("xyz")[2]


@pytest.mark.parametrize(
    ("verb", "option"),
    [("label", "--threshold"), ("label", "--stance-threshold"), ("evaluate", "--threshold"), ("errors", "--threshold")],
)
@pytest.mark.parametrize("value", ["nan", "-nan", "1.01", "-0.1", "inf", "", "half"])
def test_a_probability_that_is_none(run, verb: str, option: str, value: str) -> None:
    code, out, err = run(verb, option, value, SEED)
    assert (code, out) == (2, "")
    assert option in err


def test_a_weight_that_is_no_number(run, tmp_path: Path) -> None:
    code, _, err = run("train", "--extend", "--weight", "nan", "-o", tmp_path / "m", SEED)
    assert (code, "'nan' is not a number" in err) == (2, True)


@pytest.mark.parametrize("verb", ["train", "check", "evaluate", "errors"])
def test_of_many_bad_lines_the_first_are_named(run, tmp_path: Path, verb: str) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text("{\n" * 5000, encoding="utf-8")
    code, _, err = run(verb, bad, *(["-o", tmp_path / "m"] if verb == "train" else []))
    assert code == 1
    assert "bad.jsonl: line 20: not JSON" in err
    assert "line 21:" not in err
    assert "and 4,980 more bad lines" in err


ESCAPE = "\x1b[31m\x9b1m\u202eنفت\r"


def test_nothing_that_is_shown_moves_the_cursor(run, tmp_path: Path) -> None:
    """File names, ids, sources, texts and arguments may hold anything; files keep it, a terminal does not get it."""
    article, gold, none = (tmp_path / f"{ESCAPE}.{suffix}" for suffix in ("txt", "jsonl", "csv"))
    article.write_text(f"نفت {ESCAPE} گران شد.\n\nباران", encoding="utf-8")
    rows = [
        {"id": f"{ESCAPE}{n}", "text": f"صادرات نفت {ESCAPE} گران شد و افزایش یافت.", "topics": [], "kind": ESCAPE}
        for n in range(2)
    ]
    gold.write_text("".join(json.dumps(row | {"source": ESCAPE}) + "\n" for row in rows) + "{", encoding="utf-8")
    for arguments in (
        ("label", article, gold, none),
        ("label", "--format", ESCAPE, article),
        ("label", article, "-o", none / "x"),
        ("label", "--model", none, article),
        ("check", gold),
        ("errors", gold),
        ("evaluate", gold, none),
        ("agreement", gold, none),
        ("train", "-o", tmp_path / ESCAPE / "m", gold),
        ("train", "-o", tmp_path / "m", "--taxonomy", gold, gold),
        ("train", gold, "-o", tmp_path / "m"),
        (ESCAPE,),
    ):
        _, out, err = run(*arguments)
        for character in "\x1b\x9b\u202e\r":
            assert character not in out + err, arguments
        assert "\\x9b1m\\u202e" in out + err  # click itself takes "\x1b[31m" out of its messages
    code, out, _ = run("label", "--format", "jsonl", article)
    assert code == 0
    assert json.loads(out.splitlines()[0])["doc"] == str(article)
    assert "\x1b[31m\x9b1m\u202eنفت" in json.loads(out.splitlines()[0])["text"]


def test_bad_input_is_named_and_the_rest_is_written(run, tmp_path: Path) -> None:
    bad, out_file = tmp_path / "bad.txt", tmp_path / "out.jsonl"
    bad.write_bytes("گفتگو".encode("windows-1256"))
    code, out, err = run("label", "--format", "jsonl", "-o", out_file, bad, tmp_path / "none.txt", SEED)
    assert (code, out) == (1, "")
    assert "bad.txt: not utf-8" in err
    assert "none.txt: can't be read" in err
    assert len(out_file.read_text(encoding="utf-8").splitlines()) == 9


def test_usage_and_model_errors(run, tmp_path: Path) -> None:
    assert run("label")[0] == 2
    assert run("sing")[0] == 2
    (tmp_path / "m").write_bytes(b"no model")
    code, _, err = run("label", "--model", tmp_path / "m", SEED)
    assert code == 3
    assert "not a stancelib model file" in err


def test_info(run, small_model: StanceModel, tmp_path: Path) -> None:
    save(small_model, tmp_path / "m.stance")
    code, out, _ = run("info", "--model", tmp_path / "m.stance")
    assert code == 0
    assert "bilateral_ties" in out


FLOODS = """[[topic]]
name = "floods"
title = {en = "Floods", fa = "سیل"}
about = {en = "Floods", fa = "سیل"}
target = {en = "the relief work", fa = "امدادرسانی"}
"""


def test_a_topic_of_ones_own(run, tmp_path: Path, gold) -> None:
    """A fourth topic, taught from a small label file and found in text that was not in it."""
    draw = random.Random(0)
    places = ["گلستان", "خوزستان", "لرستان", "مازندران", "سیستان", "کرمان", "فارس", "ایلام", "گیلان", "بوشهر"]
    praise = ["امدادرسانی سریع هلال احمر ستودنی بود", "نیروهای امدادی به موقع رسیدند و مردم قدردان هستند"]
    blame = ["کمک‌ها دیر رسید و مردم از کندی امداد گله دارند", "هیچ مسئولی به داد سیل‌زدگان نرسید"]
    rows = [
        {"id": f"f{n}", "text": f"سیل در {draw.choice(places)} {draw.choice(['پل', 'خانه', 'جاده', 'مزرعه'])}‌های {draw.choice(places)} را برد؛ {draw.choice(praise if n % 2 else blame)}.",
         "topics": ["floods"], "stance": {"floods": "favor" if n % 2 else "against"}}
        for n in range(60)
    ]  # fmt: skip
    rows += [{"id": p.id, "text": p.text, "topics": [], "stance": {}} for p in gold[:120]]
    labels, toml, model = tmp_path / "floods.jsonl", tmp_path / "floods.toml", tmp_path / "floods.stance"
    labels.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    toml.write_text(FLOODS, encoding="utf-8")
    code, out, err = run("train", "--taxonomy", toml, "-o", model, labels)
    assert (code, err) == (0, "")
    assert "floods: 30 favor, 30 against, 0 neutral" in out
    article = tmp_path / "new.txt"
    article.write_text(
        "سیلاب شهرهای همدان را گرفت و امدادگران به موقع رسیدند؛ اهالی قدردان هستند.\n\nبهای طلا ثابت ماند.",
        encoding="utf-8",
    )
    code, out, _ = run("label", "--format", "jsonl", "--model", model, article)
    found = [[(label["topic"], label["stance"]) for label in json.loads(line)["labels"]] for line in out.splitlines()]
    assert found == [[("floods", "favor")], []]


def test_too_few_examples_are_refused_by_name(run, tmp_path: Path) -> None:
    labels = tmp_path / "few.jsonl"
    labels.write_text('{"text": "نفت", "topics": ["energy"], "stance": {"energy": "favor"}}', encoding="utf-8")
    code, _, err = run("train", "-o", tmp_path / "m", labels)
    assert code == 2
    assert "energy, gaza, bilateral_ties" in err
    assert not (tmp_path / "m").exists()


def test_extend(run, tmp_path: Path, gold, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty paragraphs of one's own teach a word that the shipped corpus doesn't have, and their weight counts."""
    monkeypatch.setattr(shipped, "paragraphs", lambda: gold[::10])
    places = ["اهواز", "تبریز", "یزد", "قم", "کرج", "ساری", "رشت", "زنجان"]
    rows = [
        {"id": str(n), "text": f"زرینه‌سوخت در {places[n % 8]} برای {places[n % 7]} {n} بار رونق گرفت و ستوده شد.",
         "topics": ["energy"], "stance": {"energy": "favor"}}
        for n in range(40)
    ]  # fmt: skip
    labels, article = tmp_path / "own.jsonl", tmp_path / "new.txt"
    labels.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    article.write_text("زرینه‌سوخت در بازار کاشان دیده شد.", encoding="utf-8")
    probability = []
    for weight in ("0.01", "10"):
        model = tmp_path / f"{weight}.stance"
        code, out, err = run("train", "--extend", "--weight", weight, "-o", model, labels)
        assert (code, err) == (0, "")
        assert "energy: 40 favor" in out
        _, out, _ = run("label", "--format", "jsonl", "--model", model, article)
        probability.append(json.loads(out)["scores"]["energy"])
    assert probability[0] + 0.3 < probability[1]


def test_wrong_ways_to_train(run, tmp_path: Path) -> None:
    for arguments in (
        ["-o", tmp_path / "m"],
        ["-o", tmp_path / "m", "--weight", "2", SEED],
        ["-o", tmp_path / "m", "--extend", "--thresholds-from", "r", SEED],
    ):
        code, out, err = run("train", *arguments)
        assert (code, out) == (2, "")
        assert "--extend" in err


def test_training_that_would_come_to_nothing_is_refused_before_it_begins(run, tmp_path: Path, gold) -> None:
    empty, some = tmp_path / "empty.jsonl", tmp_path / "some.jsonl"
    empty.write_text('{"text": "نفت"}\n', encoding="utf-8")
    some.write_text(
        "".join(
            json.dumps({"id": p.id, "text": p.text, "topics": p.topics, "stance": p.stance}) + "\n" for p in gold[::10]
        ),
        encoding="utf-8",
    )
    code, _, err = run("train", "--extend", "-o", tmp_path / "m", empty)
    assert code == 1
    assert "no labelled paragraph" in err
    code, _, err = run("train", "-o", tmp_path / "nowhere" / "m", some)
    assert code == 2
    assert "nowhere" in err
    code, _, err = run("train", "--thresholds-from", "zzz", "-o", tmp_path / "m", some)
    assert code == 1
    assert "no id begins with 'zzz'" in err
    code, _, err = run("train", "--extend", "-o", tmp_path / "m", some)
    assert code == 2
    assert "stand in the shipped corpus already" in err
    assert not (tmp_path / "m").exists()


def test_errors_with_a_learning_curve(run, tmp_path: Path, gold) -> None:
    labels, test = tmp_path / "labels.jsonl", tmp_path / "test.jsonl"
    for file, part in ((labels, gold[::25]), (test, gold[3::300])):
        rows = ({"id": p.id, "text": p.text, "topics": p.topics, "stance": p.stance} for p in part)
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    code, out, err = run("errors", "-n", "0", "--curve", labels, test)
    assert (code, err) == (0, "")
    sizes = [line.split()[0] for line in out.split("trained on")[1].splitlines()[1:]]
    assert sizes[-1] == str(len(gold[::25]))
    assert len(sizes) >= 2
    code, out, err = run("errors", "--format", "jsonl", "--curve", labels, "--thresholds-from", "r", test)
    assert code == 0
    assert all(json.loads(line) for line in out.splitlines())
    assert "trained on" in err
    assert run("errors", "--thresholds-from", "r", test)[0] == 2


def test_gold_that_cannot_be_used(run, tmp_path: Path) -> None:
    bare = tmp_path / "bare.jsonl"
    bare.write_text('{"id": "1", "text": "نفت"}\n', encoding="utf-8")
    for verb in ("errors", "evaluate"):
        code, out, err = run(verb, bare)
        assert (code, out) == (1, "")
        assert "1 paragraphs without topics are not annotated" in err
        assert "no gold paragraph" in err
    assert "1 not annotated" in run("check", bare)[1]
    bare.write_text("", encoding="utf-8")
    assert run("check", bare)[0] == 1


def test_check(run, tmp_path: Path) -> None:
    code, out, err = run("check", SEED.parent.parent / "labels" / "corpus" / "s6_against.jsonl")
    assert (code, err) == (0, "")
    assert out.startswith("300 paragraphs, 0 without a topic")
    twice = tmp_path / "twice.jsonl"
    line = '{"id": "%s", "text": "وزیر نفت گفت صادرات گاز دو برابر می‌شود", "topics": []}'
    twice.write_text(f"{line % 'a'}\n{line % 'b'}\n{{\n", encoding="utf-8")
    code, out, err = run("check", twice)
    assert code == 1
    assert "a and b share 100%" in out
    assert "twice.jsonl: line 3: not JSON" in err
    assert json.loads(run("check", "--format", "json", twice)[1])["counts"]["duplicates"] == 1


def test_errors(run, tmp_path: Path) -> None:
    wrong = tmp_path / "gold.jsonl"
    wrong.write_text(
        '{"id": "1", "source": "خبر", "text": "صادرات نفت ایران افزایش یافت.", "topics": [], "stance": {}}\n'
        '{"id": "2", "text": "باران بارید.", "topics": []}\n',
        encoding="utf-8",
    )
    code, out, err = run("errors", wrong)
    assert (code, err) == (0, "")
    assert out.startswith("2 paragraphs, 1 with a mistake")
    assert "false positive: energy" in out
    row = json.loads(run("errors", "--format", "jsonl", "--topic", "energy", wrong)[1])
    assert (row["id"], row["kind"], row["topic"]) == ("1", "false positive", "energy")
    assert "نفت" in [unit for unit, _ in row["votes"]]
    assert run("errors", "--format", "jsonl", "--topic", "gaza", wrong)[1] == ""
    code, _, err = run("errors", "--topic", "sport", wrong)
    assert code == 1
    assert "allowed: energy, gaza, bilateral_ties" in err
    wrong.write_text('{"id": "2", "text": "باران بارید.", "topics": []}', encoding="utf-8")
    assert run("errors", wrong)[1].startswith("1 paragraphs, 0 with a mistake")


def test_evaluate(run) -> None:
    gold = SEED.parent.parent / "labels" / "seeds.jsonl"
    code, out, _ = run("evaluate", "--rounds", "20", gold)
    assert code == 0
    assert "topic micro-F1" in out
    assert json.loads(run("evaluate", "--rounds", "20", "--format", "json", gold)[1])["model"]["paragraphs"] == 9
