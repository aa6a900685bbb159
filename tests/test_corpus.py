from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from stancelib import corpus, taxonomy
from stancelib.errors import InputError, TaxonomyError

GOOD = '{"id": "a", "text": "نفت", "topics": ["energy"], "stance": {"energy": "favor"}}'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ("[" * 100_000, "not JSON"),
        ('{"text": " ", "topics": []}', "text is missing"),
        ('{"text": "x", "topics": ["sport"], "stance": {"sport": "favor"}}', "unknown topic 'sport'; allowed: energy"),
        ('{"text": "x", "topics": ["energy"], "stance": {}}', "exactly the topics"),
        ('{"text": "x", "topics": ["energy"], "stance": {"energy": "pro"}}', "allowed: favor, against, neutral"),
        ('{"text": "x", "topics": "energy"}', "must be a list"),
        (GOOD, "stands already at"),
    ],
)
def test_bad_lines_are_named_and_good_ones_kept(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text(f"{GOOD}\n\n{line}\n", encoding="utf-8")
    reading = corpus.read([file], taxonomy.default().names)
    assert [p.id for p in reading.paragraphs] == ["a"]
    assert len(reading.problems) == 1
    assert f"{file}: line 3: " in reading.problems[0]
    assert message in reading.problems[0]


def test_csv(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(
        "id,text,topics,stance\n1,گاز غزه,energy;gaza,neutral;favor\n2,ورزش,,\n3,نفت,energy,\n", encoding="utf-8"
    )
    reading = corpus.read([file])
    assert reading.paragraphs[0].stance == {"energy": "neutral", "gaza": "favor"}
    assert reading.paragraphs[1].topics == ()
    assert reading.problems == [f"{file}: line 4: topics and stance must list as many names, separated by ;"]


def test_not_annotated_is_not_none(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"text": "x"}', encoding="utf-8")
    assert corpus.read([file]).paragraphs[0].topics is None


def test_a_csv_row_can_say_that_nobody_annotated_it(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("text,topics,stance\nx, ? ,\ny,,\nz,?,favor\n", encoding="utf-8")
    reading = corpus.read([file])
    assert [p.topics for p in reading.paragraphs] == [None, ()]
    assert len(reading.problems) == 1


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        corpus.read([tmp_path / "none.jsonl"])


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("x = ", "not TOML"),
        ("a = 1", "one or more"),
        ("[[topic]]\nname = 'A b'", "lower-case letters"),
        ("[[topic]]\nname = 'a'\ntitle = 'x'", r"title must be \{en"),
        ("[[topic]]\nname = 'a'\nfoo = 'x'", "unknown key 'foo'"),
    ],
)
def test_taxonomy_errors(toml: str, message: str) -> None:
    with pytest.raises(TaxonomyError, match=message):
        taxonomy.parse(toml)


def test_taxonomy_survives_a_round_trip() -> None:
    assert taxonomy.from_dict(taxonomy.default().as_dict(), "x") == taxonomy.default()


def test_the_datasheet_counts_what_is_there() -> None:
    root = Path(__file__).parent.parent
    sheet = (root / "labels" / "DATASHEET.md").read_text(encoding="utf-8")
    updated = runpy.run_path(str(root / "benchmarks" / "datasheet.py"))["updated"]
    assert updated(sheet) == sheet, "run python benchmarks/datasheet.py"


def test_a_csv_quotation_that_never_ends_is_named(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text('text,topics\n"' + "نفت\n" * 1000, encoding="utf-8")
    reading = corpus.read([file])
    assert reading.paragraphs == []
    assert len(reading.problems) == 1
    assert re.search(r"labels\.csv: line 2: .*nothing up to line 1001 was read: a quotation mark", reading.problems[0])
