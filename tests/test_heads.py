"""The trained heads on problems whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from stancelib.heads import StancePairs, calibrate_topics, fit_stances, stance_temperatures
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


def test_topic_probabilities_are_calibrated_on_the_paragraphs_that_count() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(6000, 1)) * 2
    real = np.arange(6000) < 4000
    has = random.random((6000, 1)) < 1 / (1 + np.exp(-(0.5 * values - 1)))
    has[~real] = True  # would spoil everything if they counted
    found = calibrate_topics(values, has, real)
    assert found.slope == pytest.approx([0.5], abs=0.05)
    assert found.offset == pytest.approx([-1], abs=0.1)
