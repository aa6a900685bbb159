"""Agreement against published examples and scikit-learn, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from stancelib.agreement import agreement, cohen_kappa, disagreements, krippendorff_alpha
from stancelib.errors import InputError
from stancelib.records import Paragraph

# Four annotators, twelve units, values missing: Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), C.
PUBLISHED = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


def one(number: str, *stances: tuple[str, str]) -> Paragraph:
    return Paragraph(number, f"متن {number}", tuple(t for t, _ in stances), dict(stances))


def test_alpha_of_the_published_example() -> None:
    values = np.array([[-1 if v is None else v for v in row] for row in PUBLISHED]).T
    assert krippendorff_alpha(values) == pytest.approx(0.743, abs=5e-4)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs).T
    ours = cohen_kappa(first, second)
    if len(set(first.tolist()) | set(second.tolist())) == 1:
        assert np.isnan(ours)
    else:
        assert ours == pytest.approx(cohen_kappa_score(first, second))


@given(st.lists(st.lists(st.integers(-1, 2), min_size=3, max_size=3), min_size=1, max_size=30))
def test_alpha_does_not_depend_on_order(rows: list[list[int]]) -> None:
    values = np.array(rows)
    turned = krippendorff_alpha(values[::-1, ::-1])
    assert krippendorff_alpha(values) == pytest.approx(turned, nan_ok=True)
    assert not krippendorff_alpha(values) > 1


def test_topics_and_stances_are_told_apart() -> None:
    first = [one("1", ("energy", "favor")), one("2", ("energy", "against")), one("3"), one("4"), one("5")]
    second = [one("1", ("energy", "favor")), one("2", ("energy", "favor")), one("3"), one("4", ("energy", "neutral"))]
    found = agreement([first, second], ["energy"], rounds=50)["energy"]
    assert [found[q].units for q in ("topic", "stance", "label")] == [4, 2, 4]
    assert [found[q].observed for q in ("topic", "stance", "label")] == [0.75, 0.5, 0.5]
    assert found["topic"].kappa == pytest.approx(0.5)
    assert found["topic"].alpha.value == pytest.approx(8 / 15)
    assert agreement([first, second, second], ["energy"], rounds=10)["energy"]["topic"].kappa is None


def test_disagreements_name_what_each_said() -> None:
    first, second = [one("1", ("energy", "favor")), one("2")], [one("1", ("energy", "against")), one("2")]
    assert disagreements({"a": first, "b": second}, ["energy", "gaza"]) == [
        {
            "id": "1",
            "text": "متن 1",
            "differ": ["energy"],
            "annotators": {
                "a": {"topics": ["energy"], "stance": {"energy": "favor"}},
                "b": {"topics": ["energy"], "stance": {"energy": "against"}},
            },
        }
    ]


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(InputError, match="at least two"):
        agreement([[one("1")]], ["energy"])
    with pytest.raises(InputError, match="annotated twice"):
        agreement([[one("1")], [one("2")]], ["energy"])
    with pytest.raises(InputError, match="annotator 1 has the paragraph 'متن' twice"):
        agreement(
            [[Paragraph("", "متن", (), {}), Paragraph("", " متن", (), {})], [Paragraph("", "متن", (), {})]], ["energy"]
        )
    with pytest.raises(InputError, match="not the same text"):
        agreement([[one("1")], [Paragraph("1", "متن دیگر", (), {})]], ["energy"])


def test_an_interval_is_as_wide_as_it_should_be() -> None:
    """Cohen's kappa, Krippendorff's alpha and Pearson's r of two binary annotators nearly coincide, so its error is known."""
    random = np.random.default_rng(0)
    true = random.random(2000) < 0.5
    first, second = ([one(str(n), *([("energy", "favor")] if h != f else [])) for n, (h, f) in enumerate(zip(true, random.random(2000) < 0.1, strict=True))] for _ in range(2))  # fmt: skip
    alpha = agreement([first, second], ["energy"], rounds=400)["energy"]["topic"].alpha
    assert alpha.value == pytest.approx(0.64, abs=0.04)
    assert alpha.high - alpha.low == pytest.approx(2 * 1.96 * (1 - 0.64**2) ** 0.5 / 2000**0.5, rel=0.25)


def test_one_paragraph_gives_no_interval() -> None:
    found = agreement([[one(str(n), *([("energy", "favor")] if n == 0 else [])) for n in range(100)]] * 2, ["energy"])
    assert found["energy"]["topic"].alpha.value == 1
    assert np.isnan(found["energy"]["topic"].alpha.low)


def test_three_annotators_with_values_missing() -> None:
    stances = ("favor", "against", "neutral")
    values = np.array([[-1 if v is None else v - 1 for v in row] for row in PUBLISHED[1:]])
    values[values > 2] = -1
    annotators = [[one(str(n), ("energy", stances[v])) for n, v in enumerate(row.tolist()) if v >= 0] for row in values]
    found = agreement(annotators, ["energy"], rounds=10)["energy"]["stance"]
    assert found.alpha.value == pytest.approx(krippendorff_alpha(values.T))


def test_the_command(run, tmp_path: Path) -> None:
    files = []
    for name, stance in (("a", "favor"), ("b", "against")):
        lines = [
            {"id": "1", "text": "صادرات نفت", "topics": ["energy"], "stance": {"energy": stance}},
            {"id": "2", "text": "باران آمد", "topics": [], "stance": {}},
        ]
        files.append(tmp_path / f"{name}.jsonl")
        files[-1].write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    code, out, err = run("agreement", *files, "--disagreements", tmp_path / "differ.jsonl")
    assert (code, err) == (0, "")
    assert "1 paragraphs are labelled differently" in out
    differ = json.loads((tmp_path / "differ.jsonl").read_text(encoding="utf-8"))
    assert set(differ["annotators"]) == set(map(str, files))
    code, out, _ = run("agreement", *files, "--format", "json")
    assert json.loads(out)["topics"]["energy"]["topic"]["kappa"] == 1.0
    assert run("agreement", files[0])[0] == 2
    assert run("agreement", files[0], files[0])[0] == 2
    assert run("agreement", files[0], tmp_path / "." / "x" / ".." / "a.jsonl")[0] in (1, 2)
    before = files[1].read_bytes()
    code, _, err = run("agreement", *files, "--disagreements", files[1])
    assert (code, files[1].read_bytes()) == (2, before)
    assert "is to be read and written" in err
    assert "no directory" in run("agreement", *files, "--disagreements", tmp_path / "none" / "x.jsonl")[2]
    files[1].write_text('{"id": "1"', encoding="utf-8")
    code, _, err = run("agreement", *files)
    assert code == 1
    assert f"{files[1]}: line 1" in err
