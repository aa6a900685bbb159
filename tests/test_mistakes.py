"""What a model gets wrong, against a count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from stancelib import mistakes
from stancelib.curve import learning_curve
from stancelib.errors import InputError
from stancelib.model import Settings, StanceModel
from stancelib.records import STANCES, Paragraph


def test_every_mistake_is_found_once(small_model: StanceModel, gold: list[Paragraph]) -> None:
    test = gold[5::40]
    names = small_model.taxonomy.names
    found, said = small_model.predict([p.text for p in test])
    expected = set()
    for n, p in enumerate(test):
        for k, name in enumerate(names):
            if found[n, k] and name not in p.stance:
                expected.add((p.id, "false positive", name))
            if not found[n, k] and name in p.stance:
                expected.add((p.id, "false negative", name))
            if name in p.stance and STANCES[said[n, k]] != p.stance[name]:
                expected.add((p.id, "stance", name))
    wrong = mistakes.find(small_model, test)
    assert {(m.paragraph.id, m.kind, m.topic) for m in wrong} == expected
    assert len(wrong) == len(expected) > 20
    assert {m.kind for m in wrong} == set(mistakes.KINDS)
    confidence = [m.confidence for m in wrong]
    assert confidence == sorted(confidence, reverse=True)
    assert sum(sum(counts) for counts in mistakes.by_kind(wrong, names).values()) == len(wrong)
    ids = {m.paragraph.id for m in wrong}
    assert sum(group.wrong for group in mistakes.by_length(wrong, test)) == len(ids)
    assert sum(group.paragraphs for group in mistakes.by_source(wrong, test)) == len(test)


def test_votes_lead_to_the_mistake(small_model: StanceModel, gold: list[Paragraph]) -> None:
    """With every vote named, the pulls add up to how far the wrong answer is ahead, less the intercepts."""
    names = list(small_model.taxonomy.names)
    bias = small_model.table.features.bias
    for one in mistakes.find(small_model, gold[5::400], votes=10_000):
        scores = small_model.score([one.paragraph.text])[0] - bias
        k = names.index(one.topic)
        stances = scores[len(names) + 3 * k : len(names) + 3 * k + 3]
        ahead = {"false positive": scores[k], "false negative": -scores[k]}.get(one.kind)
        if ahead is None:
            ahead = stances[STANCES.index(one.predicted)] - stances[STANCES.index(one.gold)]
        pulls = np.array([vote for _, vote in one.votes])
        assert (pulls > 0).all()
        sign = {"false positive": {k: 1}, "false negative": {k: -1}}.get(one.kind) or {
            len(names) + 3 * k + STANCES.index(one.predicted): 1,
            len(names) + 3 * k + STANCES.index(one.gold): -1,
        }
        every = [
            sum(v[column] * s for column, s in sign.items()) for _, v in small_model.table.votes(one.paragraph.text)
        ]
        assert sum(every) == pytest.approx(ahead)
        assert pulls.tolist() == pytest.approx(sorted((pull for pull in every if pull > 0), reverse=True))


def test_gold_must_be_annotated(small_model: StanceModel) -> None:
    with pytest.raises(InputError, match="'9' is not annotated"):
        mistakes.find(small_model, [Paragraph("9", "نفت")])


def test_learning_curve(gold: list[Paragraph]) -> None:
    some, test = gold[::20], gold[7::40]
    points = list(learning_curve(some, test, settings=Settings(prune=2000), shares=(0.5, 1.0), rounds=10))
    assert [size for size, _ in points] == [round(len(some) / 2), len(some)]
    whole = StanceModel.fit(some, settings=Settings(prune=2000))
    found, _ = whole.predict([p.text for p in test])
    true = np.array([[name in p.topics for name in whole.taxonomy.names] for p in test])
    assert points[1][1].micro_f1.value == pytest.approx(2 * (found & true).sum() / (found.sum() + true.sum()))
