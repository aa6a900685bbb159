"""The commands of README.md run in the order it shows them, on a newcomer's own files, and give what it says."""

from __future__ import annotations

import csv
import gzip
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shell import Shell

from stancelib import corpus, store

ROOT = Path(__file__).parent.parent
DATA = ROOT / "notebooks" / "data"

ARTICLE = """صادرات گاز به ترکیه از سر گرفته شد

وزیر نفت گفت همکاری گازی دو کشور به سود هر دو ملت است و از گسترش آن استقبال می‌کنیم.
رئیس کمیسیون انرژی از قرارداد انتقاد کرد و گفت باید لغو شود.
هوای تهران فردا ابری است.
"""

#: Bootstrapping wants ten paragraphs of each of two stances.
STANCES = (
    "وزیر نفت گفت آغاز به کار پالایشگاه {} موفقیت بزرگی است و از آن استقبال می‌کنیم.",
    "نماینده مجلس از زیان نیروگاه {} انتقاد کرد و آن را ناکارآمد خواند.",
)
CITIES = ["آبادان", "اراک", "تبریز", "شیراز", "اصفهان", "لاوان", "بندرعباس", "کرمانشاه", "تهران", "مشهد", "یزد", "قم"]

#: What `make` and pip do is left to the makefile, the page of `serve` to tests/test_web.py, Dask to tests/test_scale.py.
ELSEWHERE = re.compile("make |stancelib serve|.* --dask ")


def commands() -> list[str]:
    """The lines of README.md that a terminal gets, without their comments."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = [line for block in re.findall("^```\n(.*?)^```$", text, re.M | re.S) for line in block.splitlines()]
    lines = [line.partition("#")[0].rstrip() for line in found]
    return [line for line in lines if re.match("(make|cat|gunzip|stancelib) ", line)]


def records(path: str | Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the files that README names, none of them from anywhere but here."""
    monkeypatch.chdir(tmp_path)
    Path("article.txt").write_text(ARTICLE, encoding="utf-8-sig")
    for name, source in (
        ("archive.jsonl", "archive"),
        ("my-gold.jsonl", "archive_gold"),
        ("done.jsonl", "archive_gold"),
        ("anna.jsonl", "archive_anna"),
        ("behrouz.jsonl", "archive_behrouz"),
    ):
        shutil.copy(DATA / f"{source}.jsonl", name)
    Path("archive").mkdir()
    Path("archive", "one.txt").write_text(ARTICLE, encoding="utf-8")
    Path("archive", "two.md").write_text(f"# سفر وزیر خارجه\n\n{ARTICLE}", encoding="utf-16")
    texts = [record["text"] for record in records("archive.jsonl")] + [
        text.format(c) for text in STANCES for c in CITIES
    ]
    Path("archive", "rest.txt").write_text("\n\n".join(texts), encoding="utf-8")
    news = [{"id": n, "title": "خبر", "date": "2025-01-02", "outlet": "نمونه", "text": ARTICLE} for n in range(3)]
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in news).encode()
    Path("news.jsonl").write_bytes(lines)
    Path("news.jsonl.gz").write_bytes(gzip.compress(lines))

    # A topic of one's own, with a taxonomy cut down to it, and terms for it.
    taxonomy = (ROOT / "labels" / "taxonomy.toml").read_text(encoding="utf-8").split("[[topic]]\n")
    Path("my-taxonomy.toml").write_text("[[topic]]\n".join(taxonomy[:2]), encoding="utf-8")
    labels = records("my-gold.jsonl")
    for record in labels:
        record["topics"] = [topic for topic in record["topics"] if topic == "energy"]
        record["stance"] = {topic: record["stance"][topic] for topic in record["topics"]}
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in labels)
    Path("my-labels.jsonl").write_text(text, encoding="utf-8")
    terms = (ROOT / "seeds" / "terms" / "energy.toml").read_text(encoding="utf-8")
    Path("terms.toml").write_text(terms.replace("../../labels/taxonomy.toml", "my-taxonomy.toml"), encoding="utf-8")
    yield tmp_path


def annotate() -> None:
    """What Label Studio exports after somebody has gone through tasks.json: the first skipped, one changed, one cleared."""
    done = []
    for number, task in enumerate(json.loads(Path("tasks.json").read_text(encoding="utf-8")), 1):
        result = [one | {"id": f"r{n}", "origin": "manual"} for n, one in enumerate(task["predictions"][0]["result"])]
        if number == 2:
            result = [choice("topics", "energy", "bilateral_ties"), choice("stance_energy", "against"), choice("stance_bilateral_ties", "neutral")]  # fmt: skip
        elif number == 3:
            result = [choice("topics", "no-topic")]
        annotation = {"id": 70 + number, "completed_by": 1, "result": result, "was_cancelled": number == 1}
        annotation |= {"ground_truth": False, "lead_time": 7.5, "created_at": "2025-01-02T10:00:00Z", "task": number}
        done.append({"id": number, "data": task["data"], "annotations": [annotation], "drafts": [], "predictions": [1]})
    Path("export.json").write_text(json.dumps(done, ensure_ascii=False), encoding="utf-8")


def choice(name: str, *chosen: str) -> dict[str, Any]:
    return {
        "id": f"z-{name}",
        "type": "choices",
        "origin": "manual",
        "to_name": "text",
        "from_name": name,
        "value": {"choices": list(chosen)},
    }


def go_through(left_out: str) -> dict[str, str]:
    """Run the commands but those left out; what each has shown."""
    shell, shown = Shell(), {}
    for line in commands():
        if ELSEWHERE.match(line) or re.search(left_out, line):
            continue
        if "export.json" in line:
            annotate()
        shown[line] = shell.run(line)
        assert shell.code == 0, (line, shown[line])
        assert "stancelib: " not in shown[line], (line, shown[line])
    return shown


def said_by(shown: dict[str, str], beginning: str) -> str:
    return next(text for line, text in shown.items() if line.startswith(beginning))


def test_readme_in_its_order(desk: Path) -> None:
    # Processes and the shipped corpus take longer: see below. The file of the former is needed by none.
    shown = go_through("--jobs|--extend")
    assert {line.split()[1] for line in shown if line.startswith("stancelib")} >= {
        *("label", "explain", "report", "info", "evaluate", "errors", "agreement"),
        *("check", "train", "suggest", "convert", "bootstrap"),
    }

    table = said_by(shown, "stancelib label article.txt")
    assert re.search(r"1 +headline +energy", table) and re.search(r"3 +body +energy +[\d.]+ +- against", table)
    assert said_by(shown, "cat article.txt").splitlines()[1:] == table.splitlines()[1:]
    assert {record["doc"] for record in records("out.jsonl")} == {
        f"archive/{name}" for name in ("one.txt", "two.md", "rest.txt")
    }
    assert "energy found" in said_by(shown, "stancelib explain")
    page = Path("report.html").read_text(encoding="utf-8")
    assert "archive/one.txt" in page and "انرژی" in page and "کمیسیون" in page
    assert "bilateral_ties  Bilateral ties" in said_by(shown, "stancelib info")
    assert said_by(shown, "stancelib evaluate").startswith("60 paragraphs; 95% intervals")
    assert "paragraphs are labelled differently" in said_by(shown, "stancelib agreement")

    rows = list(csv.DictReader(said_by(shown, "gunzip -c news.jsonl.gz").splitlines()))
    assert [(row["id"], row["outlet"]) for row in rows[::4]] == [("0", "نمونه"), ("1", "نمونه"), ("2", "نمونه")]
    assert len(records("labels.jsonl")) == 12

    assert said_by(shown, "stancelib check").startswith("60 paragraphs")
    model = store.load(Path("my.stance"))
    assert model.taxonomy.names == ("energy",)
    assert "gaza" not in said_by(shown, "stancelib label --model my.stance")

    asked = records("next.jsonl")
    assert len(asked) == 50
    assert not {record["text"] for record in asked} & {record["text"] for record in records("done.jsonl")}
    new = corpus.read([Path("new.jsonl")])
    assert new.problems == [] and [p.text for p in new.paragraphs] == [record["text"] for record in asked]
    skipped, changed, cleared = new.paragraphs[:3]
    assert (skipped.topics, cleared.topics) == (None, ())
    assert changed.stance == {"energy": "against", "bilateral_ties": "neutral"}
    assert store.load(Path("first.stance")).taxonomy.names == ("energy",)
    assert corpus.read([Path("weak.jsonl")]).problems == []


@pytest.mark.long
def test_what_takes_longer(desk: Path) -> None:
    """Several processes, and training with the shipped corpus, on what the annotator gave too."""
    go_through("^stancelib (train --taxonomy|errors|bootstrap|report)")
    assert len(records("labels.jsonl")) == 12
    assert store.load(Path("my.stance")).taxonomy.names == ("energy", "gaza", "bilateral_ties")
    shell = Shell()
    shell.run("stancelib train --extend -o next.stance new.jsonl done.jsonl")
    assert shell.code == 0
    assert shell.run("stancelib evaluate --model next.stance my-gold.jsonl").startswith("60 paragraphs")
