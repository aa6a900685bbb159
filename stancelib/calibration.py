"""Whether probabilities mean what they say, and what it buys to leave the unsure ones out. Needs numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stancelib.records import STANCES, Paragraph

if TYPE_CHECKING:
    from stancelib.arrays import Flags, Floats, Ints

#: The thresholds of the risk-coverage table; the likeliest of three stances has at least a third.
THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


class Bin(NamedTuple):
    """Predictions whose probability lies in ``low`` to ``high``: their mean probability, and the share that came true."""

    low: float
    high: float
    size: int
    probability: float
    share: float


class Point(NamedTuple):
    """What is answered when probabilities under ``threshold`` are left out (``coverage``), and how much of that is right.

    Where nothing is answered, ``accuracy`` is not a number.
    """

    threshold: float
    coverage: float
    accuracy: float


def reliability(probability: Floats, true: Flags, bins: int = 10) -> list[Bin]:
    """The bins of a reliability diagram that are not empty (Niculescu-Mizil and Caruana 2005).

    Args:
        probability: (n,) what was predicted, 0 to 1.
        true: (n,) whether it came true.
        bins: of equal width.

    >>> reliability(np.array([0.1, 0.3, 0.9]), np.array([False, True, True]), bins=2)
    [Bin(low=0.0, high=0.5, size=2, probability=0.2, share=0.5), Bin(low=0.5, high=1.0, size=1, probability=0.9, share=1.0)]
    """
    place = np.minimum((probability * bins).astype(np.int64), bins - 1)
    found = []
    for n in range(bins):
        if (inside := place == n).any():
            mean, share = float(probability[inside].mean()), float(true[inside].mean())
            found.append(Bin(n / bins, (n + 1) / bins, int(inside.sum()), mean, share))
    return found


def expected_calibration_error(probability: Floats, true: Flags, bins: int = 10) -> float:
    """How far probabilities are from shares, on average over predictions (Naeini et al. 2015); 0 where there are none.

    The fewer predictions, the larger it is by chance alone: some .08 for 100 in ten bins that are perfectly calibrated.

    Args:
        probability, true, bins: as for `reliability`.

    >>> round(expected_calibration_error(np.array([0.1, 0.3, 0.9]), np.array([False, True, True]), bins=2), 3)
    0.233
    """
    gaps = [abs(b.probability - b.share) * b.size for b in reliability(probability, true, bins)]
    return sum(gaps) / max(len(probability), 1)


def risk_coverage(confidence: Floats, right: Flags, thresholds: Sequence[float]) -> list[Point]:
    """What abstention buys at each threshold (El-Yaniv and Wiener 2010).

    Args:
        confidence: (n,) probability of what was predicted.
        right: (n,) whether it was right.
        thresholds: under which nothing is said.

    >>> risk_coverage(np.array([0.5, 0.9]), np.array([False, True]), [0.0, 0.8])
    [Point(threshold=0.0, coverage=1.0, accuracy=0.5), Point(threshold=0.8, coverage=0.5, accuracy=1.0)]
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

    ``topics`` and ``stances`` have the expected calibration error of each topic, of its presence and of its stance;
    ``topic_bins`` and ``stance_bins`` the reliability of all topics together, ``coverage`` what stances are worth from
    which probability on. Stances are those of the paragraphs that truly have the topic.
    """

    topics: Mapping[str, float]
    stances: Mapping[str, float]
    topic_error: float
    stance_error: float
    topic_bins: Sequence[Bin]
    stance_bins: Sequence[Bin]
    coverage: Sequence[Point]


def calibration(
    gold: Sequence[Paragraph], topics: Sequence[str], topic: Floats, stance: Ints, stance_score: Floats
) -> Calibration:
    """Hold probabilities against gold labels.

    Args:
        gold: n annotated paragraphs.
        topics: t names.
        topic, stance, stance_score: (n, t) as `StanceModel.decide` gives them.
    """
    truth = np.array([[STANCES.index(p.stance[t]) if t in p.stance else -1 for t in topics] for p in gold])
    has = truth >= 0
    right = truth == stance
    return Calibration(
        topics={t: expected_calibration_error(topic[:, k], has[:, k]) for k, t in enumerate(topics)},
        stances={
            t: expected_calibration_error(stance_score[has[:, k], k], right[has[:, k], k]) for k, t in enumerate(topics)
        },
        topic_error=expected_calibration_error(topic.ravel(), has.ravel()),
        stance_error=expected_calibration_error(stance_score[has], right[has]),
        topic_bins=reliability(topic.ravel(), has.ravel()),
        stance_bins=reliability(stance_score[has], right[has]),
        coverage=risk_coverage(stance_score[has], right[has], THRESHOLDS),
    )
