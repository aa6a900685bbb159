"""Trained classifiers: which topics a paragraph has, and for each topic the stance. Training only; needs scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from stancelib.records import STANCES

if TYPE_CHECKING:
    from stancelib.arrays import Flags, Floats, Ints


#: For each paragraph with a topic, a stream of news has so many times the paragraphs without it that labelled paragraphs
#: have, as these are chosen for being about something: the mean over topics of that ratio between the real paragraphs that
#: docs/quality.md measures on and the retold ones, in round figures.
OFF_TOPIC = 1.5

_NEVER = -1e3  # the intercept of a stance that a topic never had in training, so that it is never given


@dataclass(frozen=True, slots=True)
class Linear:
    """Coefficients (labels, features) and intercepts (labels,) of linear classifiers."""

    coef: Floats
    intercept: Floats


@dataclass(frozen=True, slots=True)
class PlattScaling:
    """How decision values of topics become decisions and probabilities; each is (topics,).

    ``threshold`` is on the decision value; probability = 1 / (1 + exp(-(slope * value + offset))) (Platt 1999).
    """

    threshold: Floats
    slope: Floats
    offset: Floats


#: How exactly a model is fitted, and how exactly those are that only say which features matter and how good it is.
EXACT, ROUGH = 1e-4, 0.1


def _logistic(C: float, tol: float) -> LogisticRegression:
    # liblinear's dual solver goes paragraph by paragraph, which is some five times faster than the primal one where
    # features outnumber paragraphs. It is the same on every machine, which a rebuildable model needs, but not in
    # several threads at once: they would draw the order of paragraphs from one generator.
    return LogisticRegression(C=C, solver="liblinear", dual=True, tol=tol, max_iter=1000, random_state=0)


def fit_topics(X: sp.csr_matrix, has: Flags, C: float, weight: Floats, tol: float = EXACT) -> Linear:
    """Fit one logistic regression a topic, each feature scaled by its log-count ratio (NB features, Wang and Manning
    2012), so that a word that tells topics apart costs less than one that stands everywhere.

    Args:
        X: TF-IDF matrix (paragraphs, features).
        has: (paragraphs, topics).
        C: inverse regularisation strength.
        weight: (paragraphs,) how much each counts.
        tol: of the solver.
    """
    present = _present(X)
    coef, intercept = np.zeros((has.shape[1], X.shape[1])), np.zeros(has.shape[1])
    for k, y in enumerate(has.T):
        ratio = _log_count_ratio(present, y, weight)
        model = _logistic(C, tol).fit(_scaled(X, ratio), y, sample_weight=weight)
        coef[k], intercept[k] = model.coef_[0] * ratio, model.intercept_[0]
    return Linear(coef, intercept)


def topic_values_out_of_fold(X: sp.csr_matrix, has: Flags, C: float, weight: Floats, seed: int = 0) -> Floats:
    """(paragraphs, topics) decision values from 3-fold cross-validation; ``seed`` is of the folds."""
    values = np.zeros(has.shape)
    for k, y in enumerate(has.T):
        for train, test in StratifiedKFold(3, shuffle=True, random_state=seed).split(X, y):
            head = fit_topics(X[train], y[train, None], C, weight[train], ROUGH)
            values[test, k] = X[test] @ head.coef[0] + head.intercept[0]
    return values


def calibrate_topics(values: Floats, has: Flags, real: Flags) -> PlattScaling:
    """Threshold and calibration of each topic.

    Args:
        values: (paragraphs, topics) decision values of paragraphs that were not learned from.
        has: (paragraphs, topics).
        real: (paragraphs,) which stand for the text the model will meet; only they count, unless fewer than 30 of them
            have the topic, or don't.
    """
    columns = []
    for value, y in zip(values.T, has.T, strict=True):
        enough = min(y[real].sum(), (~y[real]).sum()) >= 30
        chosen = real if enough else np.ones(len(y), dtype=bool)
        platt = LogisticRegression(C=1e6).fit(value[chosen, None], y[chosen], np.where(y[chosen], 1.0, OFF_TOPIC))
        # Rounded, as the last digits depend on how many cores there are, and a model file is to come out the same.
        slope, offset = np.round([platt.coef_[0, 0], platt.intercept_[0]], 6)
        columns.append((_best_threshold(value[chosen], y[chosen]), slope, offset))
    return PlattScaling(*(np.array(column) for column in zip(*columns, strict=True)))


def _best_threshold(values: Floats, y: Flags) -> float:
    """The decision value with the best F1, as it would be with ``OFF_TOPIC`` times the paragraphs off the topic: the
    middle of the thresholds within half a point of the best, rounded."""
    grid = np.linspace(-3.0, 1.0, 81)
    found = values[:, None] > grid
    right = (found & y[:, None]).sum(0)
    f1 = 2 * right / np.maximum(right + OFF_TOPIC * (found & ~y[:, None]).sum(0) + y.sum(), 1)
    return float(np.round(np.mean(grid[f1 >= f1.max() - 0.005]), 2))


@dataclass(frozen=True, slots=True)
class StancePairs:
    """Every (paragraph, topic) that has a stance: ``row`` and ``topic`` numbers, ``stance`` in the order of STANCES."""

    row: Ints
    topic: Ints
    stance: Ints
    topics: int

    @classmethod
    def of(cls, stances: Sequence[Mapping[str, str]], topics: Sequence[str]) -> StancePairs:
        """From topic -> stance for each paragraph."""
        found = [
            (row, k, STANCES.index(given[name]))
            for row, given in enumerate(stances)
            for k, name in enumerate(topics)
            if name in given
        ]
        row, topic, stance = np.array(found, dtype=np.int64).T
        return cls(row, topic, stance, len(topics))

    def __getitem__(self, chosen: Flags) -> StancePairs:
        return StancePairs(self.row[chosen], self.topic[chosen], self.stance[chosen], self.topics)


def fit_stances(
    X: sp.csr_matrix, pairs: StancePairs, C: float, weight: Floats, scale: Floats, tol: float = EXACT
) -> Linear:
    """Fit the stance classifiers of all topics together, every stance of a topic with the same weight in all.

    Each feature stands twice, for stance at large and for stance toward this topic ("frustratingly easy domain
    adaptation", Daumé III 2007), so a topic with few examples borrows from the others; each is scaled by its
    log-count ratio (NB features, Wang and Manning 2012). Both only change what is learned: what comes out is one
    linear classifier for each topic and stance.

    Args:
        X: TF-IDF matrix (paragraphs, features).
        pairs: the stances.
        C: inverse regularisation strength.
        weight: (paragraphs,) how much each counts.
        scale: (features,) what each feature is multiplied by while learning: under 1, it must say more to be heard.
        tol: of the solver.

    Returns:
        ``coef`` (topics * 3, features) and ``intercept`` (topics * 3,), for each topic its stances.
    """
    topics, width = pairs.topics, X.shape[1]
    heard = np.concatenate([np.tile(scale, 1 + topics), np.ones(topics)])
    toward = np.eye(topics)[pairs.topic]
    XP = X[pairs.row]
    A = sp.hstack([XP, *(sp.diags(one) @ XP for one in toward.T), sp.csr_matrix(toward)], format="csr")
    present = _present(A)
    mine = weight[pairs.row]
    seen = np.zeros((topics, len(STANCES)))
    np.add.at(seen, (pairs.topic, pairs.stance), mine)
    balanced = mine / seen[pairs.topic, pairs.stance]

    coef, intercept = np.zeros((topics, len(STANCES), width)), np.full((topics, len(STANCES)), _NEVER)
    for stance in np.unique(pairs.stance):
        yes = pairs.stance == stance
        half = np.where(yes, balanced / balanced[yes].sum(), balanced / balanced[~yes].sum()) * mine.sum() / 2
        ratio = _log_count_ratio(present, yes, half)
        ratio[-topics:] = 1.0
        ratio *= heard
        model = _logistic(C, tol).fit(_scaled(A, ratio), yes, sample_weight=half)
        learned = model.coef_[0] * ratio
        blocks = learned[:-topics].reshape(1 + topics, width)
        coef[:, stance] = blocks[0] + blocks[1:]
        intercept[:, stance] = np.where(seen[:, stance] > 0, model.intercept_[0] + learned[-topics:], _NEVER)
    return Linear(coef.reshape(-1, width), intercept.ravel())


def _present(X: sp.csr_matrix) -> sp.csr_matrix:
    """1 where X has anything."""
    present = X.copy()
    present.data = np.ones_like(present.data)
    return present


def _scaled(X: sp.csr_matrix, ratio: Floats) -> sp.csr_matrix:
    """X with its columns multiplied by ``ratio``."""
    # A copy of everything: scikit-learn sorts the indices of what it is given in place.
    scaled = X.copy()
    scaled.data *= ratio[X.indices]
    return scaled


def _log_count_ratio(present: sp.csr_matrix, yes: Flags, weight: Floats) -> Floats:
    """(features,) |log of (share of a feature in the class / share in the rest)|, one paragraph added, mean 1."""
    inside, outside = 1 + present.T @ (weight * yes), 1 + present.T @ (weight * ~yes)
    ratio: Floats = np.abs(np.log((inside / weight[yes].sum()) / (outside / weight[~yes].sum())))
    ratio /= max(ratio.mean(), 1e-12)
    return ratio


def stance_values_out_of_fold(
    X: sp.csr_matrix, pairs: StancePairs, C: float, weight: Floats, scale: Floats, seed: int = 0
) -> Floats:
    """(pairs, 3) decision values from 3-fold cross-validation over paragraphs; ``seed`` is of the folds."""
    values = np.zeros((len(pairs.row), len(STANCES)))
    fold = np.random.default_rng(seed).integers(0, 3, X.shape[0])[pairs.row]
    for k in range(3):
        test = fold == k
        head = fit_stances(X, pairs[~test], C, weight, scale, ROUGH)
        every = (X[pairs.row[test]] @ head.coef.T + head.intercept).reshape(-1, pairs.topics, len(STANCES))
        values[test] = every[np.arange(len(every)), pairs.topic[test]]
    return values


def stance_temperatures(values: Floats, pairs: StancePairs, real: Flags) -> Floats:
    """(topics,) what decision values of stances are divided by before the softmax, by log loss (Guo et al. 2017).

    It changes probabilities, never a decision.

    Args:
        values: (pairs, 3) decision values of paragraphs that were not learned from.
        pairs: the stances.
        real: (paragraphs,) which stand for the text the model will meet; only they count, unless fewer than 30 of them
            have the topic.
    """
    # A stance that the paragraphs of a fold didn't have could not be given there, which says nothing of its probability.
    could = values[np.arange(len(values)), pairs.stance] > _NEVER / 2
    result = np.ones(pairs.topics)
    for k in range(pairs.topics):
        mine = (pairs.topic == k) & could
        chosen = mine & real[pairs.row]
        chosen = chosen if chosen.sum() >= 30 else mine
        found = minimize_scalar(_log_loss, (0.0, 4.0), (-2.0, 6.0), (values[chosen], pairs.stance[chosen]), "bounded")
        result[k] = np.round(np.exp(found.x), 2)
    return result


def _log_loss(log_temperature: float, values: Floats, stance: Ints) -> float:
    values = values / np.exp(log_temperature)
    return float(np.mean(logsumexp(values, axis=1) - values[np.arange(len(stance)), stance]))
