"""Whether probabilities mean what they say, and what it buys to leave the unsure ones out. Needs numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stancelib.evaluate import stance_matrix
from stancelib.records import Paragraph

if TYPE_CHECKING:
    from stancelib.arrays import Flags, Floats, Ints

#: The thresholds of the coverage tables; the likeliest of three stances has at least a third.
THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions whose probability lies in ``low`` to ``high``: their mean probability, and the share that came true."""

    low: float
    high: float
    size: int
    probability: float
    share: float


@dataclass(frozen=True, slots=True)
class Point:
    """What is said when probabilities under ``threshold`` are left out (``coverage``), and how much of that is right.

    Where nothing is said, ``accuracy`` is not a number.
    """

    threshold: float
    coverage: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """The expected calibration error, and what it would be on average if the same probabilities were right."""

    value: float
    by_chance: float


def reliability(probability: Floats, true: Flags, bins: int = 10) -> list[Bin]:
    """The bins of a reliability diagram that are not empty (Niculescu-Mizil and Caruana 2005).

    Args:
        probability: (n,) what was predicted, 0 to 1.
        true: (n,) whether it came true.
        bins: of equal width.

    >>> [(b.size, b.probability, b.share) for b in reliability(np.array([0.1, 0.3, 0.9]), np.array([False, True, True]), 2)]
    [(2, 0.2, 0.5), (1, 0.9, 1.0)]
    """
    place = np.minimum((probability * bins).astype(np.int64), bins - 1)
    found = []
    for n in range(bins):
        if (inside := place == n).any():
            mean, share = float(probability[inside].mean()), float(true[inside].mean())
            found.append(Bin(n / bins, (n + 1) / bins, int(inside.sum()), mean, share))
    return found


def expected_calibration_error(probability: Floats, true: Flags, bins: int = 10) -> float:
    """How far probabilities are from shares, on average over predictions (Naeini et al. 2015); not a number where there
    are none. The fewer predictions, the larger it is by chance alone: see `calibration_error`.

    Args:
        probability, true, bins: as for `reliability`.

    >>> round(expected_calibration_error(np.array([0.1, 0.3, 0.9]), np.array([False, True, True]), bins=2), 3)
    0.233
    """
    gaps = [abs(b.probability - b.share) * b.size for b in reliability(probability, true, bins)]
    return sum(gaps) / len(probability) if len(probability) else float("nan")


def calibration_error(probability: Floats, true: Flags, rounds: int = 200, seed: int = 0) -> CalibrationError:
    """`expected_calibration_error` in ten bins, and its mean over draws in which the probabilities are right.

    Args:
        probability, true: as for `reliability`.
        rounds, seed: of the draws.
    """
    draws = np.random.default_rng(seed)
    chance = [
        expected_calibration_error(probability, draws.random(len(probability)) < probability) for _ in range(rounds)
    ]
    return CalibrationError(expected_calibration_error(probability, true), float(np.mean(chance)))


def accuracy_coverage(confidence: Floats, right: Flags, thresholds: Sequence[float]) -> list[Point]:
    """What abstention buys at each threshold: a risk-coverage curve (El-Yaniv and Wiener 2010), risk being 1 - accuracy.

    Args:
        confidence: (n,) probability of what was predicted.
        right: (n,) whether it was right.
        thresholds: under which nothing is said.

    >>> [(p.coverage, p.accuracy) for p in accuracy_coverage(np.array([0.5, 0.9]), np.array([False, True]), [0.0, 0.8])]
    [(1.0, 0.5), (0.5, 1.0)]
    """
    found = []
    for threshold in thresholds:
        said = confidence >= threshold
        accuracy = float(right[said].mean()) if said.any() else float("nan")
        found.append(Point(threshold, float(said.mean()) if len(said) else 0.0, accuracy))
    return found


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far the probabilities of a model can be trusted, measured on gold paragraphs.

    Args:
        topics, stances: the calibration error of each topic's presence and of its stance.
        topic, stance: the same over all topics together.
        topic_bins, stance_bins: their reliability.
        true_topics: what stances are worth from which probability on, on the paragraphs that truly have the topic;
            so are ``stances``, ``stance`` and ``stance_bins``.
        given: the same for the labels that the model gives: right is one whose topic is there and whose stance is right.
    """

    topics: Mapping[str, CalibrationError]
    stances: Mapping[str, CalibrationError]
    topic: CalibrationError
    stance: CalibrationError
    topic_bins: Sequence[Bin]
    stance_bins: Sequence[Bin]
    true_topics: Sequence[Point]
    given: Sequence[Point]


def calibration(
    gold: Sequence[Paragraph], topics: Sequence[str], found: Flags, topic: Floats, stance: Ints, stance_score: Floats
) -> Calibration:
    """Hold probabilities against gold labels.

    Args:
        gold: n annotated paragraphs.
        topics: t names.
        found, topic, stance, stance_score: (n, t) as `StanceModel.decide` gives them.

    Raises:
        InputError: a paragraph is not annotated, or there is none.
    """
    truth = stance_matrix(gold, topics)
    has, right = truth >= 0, truth == stance
    each = {name: (column, has[:, k]) for k, (name, column) in enumerate(zip(topics, topic.T, strict=True))}
    inside = {name: (stance_score[has[:, k], k], right[has[:, k], k]) for k, name in enumerate(topics)}
    return Calibration(
        topics={name: calibration_error(*pair) for name, pair in each.items()},
        stances={name: calibration_error(*pair) for name, pair in inside.items()},
        topic=calibration_error(topic.ravel(), has.ravel()),
        stance=calibration_error(stance_score[has], right[has]),
        topic_bins=reliability(topic.ravel(), has.ravel()),
        stance_bins=reliability(stance_score[has], right[has]),
        true_topics=accuracy_coverage(stance_score[has], right[has], THRESHOLDS),
        given=accuracy_coverage(stance_score[found], right[found], THRESHOLDS),
    )
