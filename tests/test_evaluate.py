from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_score

from stancelib.errors import InputError
from stancelib.evaluate import evaluate
from stancelib.records import STANCES, Paragraph

TOPICS = ("energy", "gaza")


def draw(count: int, sources: int | None = None):
    random = np.random.default_rng(3)
    gold = []
    for n in range(count):
        stance = {t: STANCES[random.integers(3)] for t in TOPICS if random.random() < 0.4}
        gold.append(Paragraph(str(n), "x", tuple(stance), stance, source=None if sources is None else str(n % sources)))
    return gold, random.random((count, 2)) < 0.4, random.integers(0, 3, (count, 2))


def test_equals_scikit_learn() -> None:
    gold, found, stances = draw(300)
    result = evaluate(gold, TOPICS, found, stances, rounds=50)
    has = np.array([[t in p.topics for t in TOPICS] for p in gold])
    assert result.micro_f1.value == pytest.approx(f1_score(has, found, average="micro"))
    assert result.macro_f1.value == pytest.approx(f1_score(has, found, average="macro"))
    assert result.topics["gaza"]["precision"].value == pytest.approx(precision_score(has[:, 1], found[:, 1]))
    true = [STANCES.index(p.stance["energy"]) for p in gold if "energy" in p.stance]
    said = stances[has[:, 0], 0]
    assert result.stance["energy"]["macro_f1"].value == pytest.approx(f1_score(true, said, average="macro"))
    assert result.stance["energy"]["accuracy"].value == pytest.approx(accuracy_score(true, said))
    assert result.stance["energy"]["f_avg"].value == pytest.approx(f1_score(true, said, average=None)[:2].mean())
    pooled_true = [STANCES.index(p.stance[t]) for p in gold for t in TOPICS if t in p.stance]
    assert result.stance_pooled.value == pytest.approx(f1_score(pooled_true, stances[has], average="macro"))
    assert sum(map(sum, result.confusion["energy"])) == len(true)
    said_labels = [{(t, STANCES[stances[n, k]]) for k, t in enumerate(TOPICS) if found[n, k]} for n in range(len(gold))]
    assert result.exact.value == pytest.approx(
        np.mean([said == set(p.stance.items()) for said, p in zip(said_labels, gold, strict=True)])
    )
    assert 0 < result.exact.value < 1


def test_intervals() -> None:
    gold, found, stances = draw(300)
    result = evaluate(gold, TOPICS, found, stances, rounds=300)
    assert result == evaluate(gold, TOPICS, found, stances, rounds=300)
    assert result.resampled == "paragraph"
    assert result.micro_f1.low < result.micro_f1.value < result.micro_f1.high
    assert evaluate(*_with_sources(30), rounds=10).resampled == "source"
    assert evaluate(*_with_sources(5), rounds=10).resampled == "paragraph"


def _with_sources(count: int):
    gold, found, stances = draw(100, count)
    return gold, TOPICS, found, stances


def test_perfect_and_absent() -> None:
    gold = [Paragraph("1", "x", ("energy",), {"energy": "favor"}), Paragraph("2", "x", (), {})]
    result = evaluate(gold, TOPICS, np.array([[True, False], [False, False]]), np.zeros((2, 2), dtype=int), rounds=20)
    assert result.micro_f1.value == 1
    assert result.stance_pooled.value == 1  # against and neutral occur nowhere and are left out of the mean
    assert result.topics["gaza"]["f1"].value == 0


def test_gold_must_be_annotated() -> None:
    with pytest.raises(InputError, match="'7' is not annotated"):
        evaluate([Paragraph("7", "x")], TOPICS, np.zeros((1, 2), dtype=bool), np.zeros((1, 2), dtype=int))
