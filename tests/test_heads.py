"""The trained heads on problems whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from stancelib.heads import (
    OFF_TOPIC,
    StancePairs,
    calibrate_topics,
    fit_stances,
    fit_topics,
    stance_temperatures,
    stance_values_out_of_fold,
)
from stancelib.records import STANCES

TOPICS = ("first", "second")


def problem(count: int = 240):
    """Feature 0, 1, 2 is the stance; feature 3 is the topic; the second topic never has "against"."""
    random = np.random.default_rng(0)
    stances, rows = [], []
    for n in range(count):
        topic = TOPICS[n % 2]
        stance = STANCES[random.choice([0, 1, 2] if topic == "first" else [0, 2])]
        stances.append({topic: stance} if n % 5 else {})
        rows.append([*np.eye(3)[STANCES.index(stance)].tolist(), float(n % 2), 1.0])
    return sp.csr_matrix(np.array(rows)), stances


def test_stances_are_learned_and_shared() -> None:
    X, stances = problem()
    pairs = StancePairs.of(stances, TOPICS)
    head = fit_stances(X, pairs, C=1.0, weight=np.ones(X.shape[0]), scale=np.ones(X.shape[1]))
    assert head.coef.shape == (6, X.shape[1])
    values = (X @ head.coef.T + head.intercept).reshape(-1, 2, 3)
    assert (values[pairs.row, pairs.topic].argmax(axis=1) == pairs.stance).all()


def test_a_stance_that_a_topic_never_had_is_never_given() -> None:
    X, stances = problem()
    head = fit_stances(X, StancePairs.of(stances, TOPICS), C=1.0, weight=np.ones(X.shape[0]), scale=np.ones(X.shape[1]))
    values = (X @ head.coef.T + head.intercept).reshape(-1, 2, 3)
    assert (values[:, 0].argmax(axis=1) == STANCES.index("against")).any()
    assert not (values[:, 1].argmax(axis=1) == STANCES.index("against")).any()


def test_temperatures_undo_a_wrong_scale() -> None:
    random = np.random.default_rng(0)
    true = random.normal(size=(4000, 3)) * 2
    probabilities = np.exp(true) / np.exp(true).sum(axis=1, keepdims=True)
    stance = (probabilities.cumsum(axis=1) > random.random((4000, 1))).argmax(axis=1)
    pairs = StancePairs(np.arange(4000), np.zeros(4000, dtype=np.int64), stance, 1)
    found = stance_temperatures(true * 5, pairs, np.ones(4000, dtype=bool))
    assert found == pytest.approx([5], rel=0.1)


def test_one_example_of_a_stance_does_not_spoil_the_probabilities_of_the_others() -> None:
    random = np.random.default_rng(0)
    stance = np.array([0] * 30 + [2] * 30 + [1])
    X = sp.csr_matrix(np.eye(3)[stance] + random.random((61, 3)) * 0.1)
    pairs = StancePairs(np.arange(61), np.zeros(61, dtype=np.int64), stance, 1)
    values = stance_values_out_of_fold(X, pairs, 1.0, np.ones(61), np.ones(3))
    assert stance_temperatures(values, pairs, np.ones(61, dtype=bool))[0] < 2


def test_topic_probabilities_are_calibrated_on_the_paragraphs_that_count() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(6000, 1)) * 2
    real = np.arange(6000) < 4000
    has = random.random((6000, 1)) < 1 / (1 + np.exp(-(0.5 * values - 1)))
    has[~real] = True  # would spoil everything if they counted
    found = calibrate_topics(values, has, real)
    assert found.slope == pytest.approx([0.5], abs=0.05)
    # As in a stream with OFF_TOPIC times the paragraphs off the topic.
    assert found.offset == pytest.approx([-1 - np.log(OFF_TOPIC)], abs=0.1)


def test_thresholds_are_for_a_stream_with_more_off_topic_news() -> None:
    """The best F1 by hand, with every false positive counted ``OFF_TOPIC`` times."""
    random = np.random.default_rng(1)
    has = random.random((3000, 1)) < 0.4
    values = random.normal(size=(3000, 1)) + np.where(has, 0.6, -1.4)
    found = float(calibrate_topics(values, has, np.ones(3000, dtype=bool)).threshold[0])

    def f1(threshold: float, times: float) -> float:
        said = values > threshold
        right = (said & has).sum()
        return 2 * right / (right + times * (said & ~has).sum() + has.sum())

    grid = np.linspace(-3, 1, 81)
    assert f1(found, OFF_TOPIC) >= max(f1(t, OFF_TOPIC) for t in grid) - 0.005
    plain = np.mean([t for t in grid if f1(t, 1.0) >= max(f1(u, 1.0) for u in grid) - 0.005])
    assert found > plain + 0.05


def test_a_feature_that_is_scaled_down_is_heard_less() -> None:
    X, stances = problem()
    X = sp.csr_matrix(sp.hstack([X[:, :3], X[:, :3]]))  # every stance is told by two features alike
    pairs, one = StancePairs.of(stances, TOPICS), np.ones(X.shape[0])
    coef = np.abs(fit_stances(X, pairs, 1.0, one, np.array([1, 1, 1, 0.5, 0.5, 0.5])).coef)
    assert (coef[:, 3:].sum(axis=1) < 0.5 * coef[:, :3].sum(axis=1)).all()


def test_a_paragraph_of_weight_two_is_two_paragraphs() -> None:
    X, stances = problem(120)
    has = np.array([[topic in one for topic in TOPICS] for one in stances])
    twice = np.concatenate([np.arange(120), np.arange(0, 120, 3)])
    weight = np.where(np.arange(120) % 3 == 0, 2.0, 1.0)
    weighted = fit_topics(X, has, 1.0, weight)
    repeated = fit_topics(sp.csr_matrix(X[twice]), has[twice], 1.0, np.ones(len(twice)))
    # The log-count ratios count a paragraph once for its presence and once for its weight alike.
    assert weighted.coef == pytest.approx(repeated.coef, rel=0.02, abs=0.02)
