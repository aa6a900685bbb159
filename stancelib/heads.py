"""Trained classifiers: which topics a paragraph has, and for each topic the stance. Training only; needs scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from stancelib.records import STANCES

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TopicHead:
    """One logistic regression a topic, with its threshold and its calibration.

    ``coef`` is (topics, features), ``intercept``, ``threshold`` (on the decision value), ``slope`` and ``offset``
    (Platt 1999: probability = 1 / (1 + exp(-(slope * value + offset)))) are (topics,).
    """

    coef: Floats
    intercept: Floats
    threshold: Floats
    slope: Floats
    offset: Floats


@dataclass(frozen=True, slots=True)
class StanceHead:
    """One multinomial logistic regression: ``coef`` (3, features) and ``intercept`` (3,), in the order of STANCES."""

    coef: Floats
    intercept: Floats


def _logistic(C: float) -> LogisticRegression:
    # liblinear: single-threaded and the same on every machine, which a rebuildable model needs.
    return LogisticRegression(C=C, solver="liblinear", tol=1e-6, max_iter=1000, random_state=0)


def fit_topics(
    X: sp.csr_matrix, has: NDArray[np.bool_], C: float, real: NDArray[np.bool_] | None, seed: int = 0
) -> TopicHead:
    """Fit one classifier a topic; threshold and calibration come from 3-fold cross-validation.

    Args:
        X: TF-IDF matrix (paragraphs, features).
        has: (paragraphs, topics).
        C: inverse regularisation strength.
        real: which paragraphs stand for the text the model will meet; thresholds are chosen on them. ``None``: all.
    """
    columns = []
    for k in range(has.shape[1]):
        y = has[:, k]
        values = np.zeros(len(y))
        for train, test in StratifiedKFold(3, shuffle=True, random_state=seed).split(X, y):
            values[test] = _logistic(C).fit(X[train], y[train]).decision_function(X[test])
        chosen = real if real is not None and y[real].sum() >= 30 else np.ones(len(y), dtype=bool)
        platt = LogisticRegression(C=1e6).fit(values[chosen, None], y[chosen])
        final = _logistic(C).fit(X, y)
        columns.append(
            (
                final.coef_[0],
                final.intercept_[0],
                _best_threshold(values[chosen], y[chosen]),
                platt.coef_[0, 0],
                platt.intercept_[0],
            )
        )
    coef, intercept, threshold, slope, offset = (np.array(column) for column in zip(*columns, strict=True))
    return TopicHead(coef, intercept, threshold, slope, offset)


def _best_threshold(values: Floats, y: NDArray[np.bool_]) -> float:
    """The decision value with the best F1: the middle of the thresholds within half a point of the best, rounded."""
    grid = np.linspace(-1.5, 0.5, 41)
    found = values[:, None] > grid
    f1 = 2 * (found & y[:, None]).sum(0) / np.maximum(found.sum(0) + y.sum(), 1)
    return float(np.round(np.mean(grid[f1 >= f1.max() - 0.005]), 2))


def fit_stance(X: sp.csr_matrix, stances: Sequence[str], C: float) -> StanceHead:
    """Fit the stance classifier of one topic on the paragraphs that have it, each stance with the same weight in all.

    Args:
        X: TF-IDF matrix (paragraphs with the topic, features).
        stances: their stances.
        C: inverse regularisation strength.
    """
    model = LogisticRegression(C=C, tol=1e-6, max_iter=2000, class_weight="balanced").fit(X, stances)
    coef = np.zeros((len(STANCES), X.shape[1]))
    intercept = np.full(len(STANCES), -1e3)  # a stance never seen in training is never given
    rows = model.coef_ if len(model.classes_) > 2 else np.vstack([-model.coef_ / 2, model.coef_ / 2])
    starts = (
        model.intercept_ if len(model.classes_) > 2 else np.array([-model.intercept_[0] / 2, model.intercept_[0] / 2])
    )
    for row, start, name in zip(rows, starts, model.classes_, strict=True):
        coef[STANCES.index(name)] = row
        intercept[STANCES.index(name)] = start
    return StanceHead(coef, intercept)
