"""Gold + predicted -> scores with bootstrap intervals, and the baselines to hold them against. Needs numpy only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stancelib.errors import InputError
from stancelib.records import STANCES, Paragraph

if TYPE_CHECKING:
    from stancelib.arrays import Flags, Floats, Ints


#: With fewer different sources than this, paragraphs are resampled, not sources: so few groups give no interval.
MIN_GROUPS = 20


@dataclass(frozen=True, slots=True)
class Score:
    """A figure with the ends of its 95% bootstrap interval (percentile method, Efron & Tibshirani 1993)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `evaluate` found.

    ``topics``: topic -> precision, recall, f1. ``stance``: topic -> macro_f1, accuracy, f_avg, on the paragraphs that
    truly have the topic. ``stance_pooled``: macro-F1 over the three stances with all topics' paragraphs together.
    ``exact``: the share of paragraphs with every topic and every stance right and nothing else found.
    ``confusion``: topic -> counts, gold stance by predicted stance, in the order of STANCES. ``counts``: topic ->
    true positives, false positives, false negatives, true negatives. ``resampled``: "source" or "paragraph".
    """

    paragraphs: int
    topics: Mapping[str, Mapping[str, Score]]
    micro_f1: Score
    macro_f1: Score
    stance: Mapping[str, Mapping[str, Score]]
    stance_pooled: Score
    exact: Score
    confusion: Mapping[str, tuple[tuple[int, ...], ...]]
    counts: Mapping[str, tuple[int, int, int, int]]
    resampled: str


def evaluate(
    gold: Sequence[Paragraph],
    topics: Sequence[str],
    found: Flags,
    stances: Ints,
    *,
    rounds: int = 1000,
    seed: int = 0,
    progress: Callable[[Iterable[int]], Iterable[int]] | None = None,
) -> Evaluation:
    """Compare predictions with gold labels.

    Args:
        gold: n annotated paragraphs.
        topics: t topic names.
        found: (n, t) which topics were predicted.
        stances: (n, t) index into STANCES of the stance predicted for each topic, whether or not it was found.
        rounds: bootstrap rounds; whole sources are drawn where there are at least ``MIN_GROUPS``, else paragraphs.
        seed: of the bootstrap.
        progress: wraps the rounds, for a progress bar.

    Raises:
        InputError: a paragraph is not annotated, or there is none.

    >>> gold = [Paragraph("1", "نفت", ("energy",), {"energy": "favor"}), Paragraph("2", "ورزش", (), {})]
    >>> result = evaluate(gold, ["energy"], np.array([[True], [True]]), np.zeros((2, 1), dtype=int), rounds=10)
    >>> round(result.topics["energy"]["precision"].value, 2)
    0.5
    """
    truth = stance_matrix(gold, topics)
    has = truth >= 0
    exact = ((has == found) & (~has | (truth == stances))).all(axis=1)
    # Counts of each paragraph, (n, t, 4) and (n, t, 3 * 3): every score is a function of their sums.
    cells = np.stack([has & found, ~has & found, has & ~found, ~has & ~found], axis=2).astype(np.float64)
    pairs = np.zeros((*has.shape, 9))
    rows, columns = np.nonzero(truth >= 0)
    pairs[rows, columns, truth[rows, columns] * 3 + stances[rows, columns]] = 1
    groups, by = _groups(gold)
    size = int(groups.max()) + 1
    cell_sums, pair_sums = np.zeros((size, *cells.shape[1:])), np.zeros((size, *pairs.shape[1:]))
    np.add.at(cell_sums, groups, cells)
    np.add.at(pair_sums, groups, pairs)
    exact_sums, members = np.bincount(groups, weights=exact, minlength=size), np.bincount(groups, minlength=size)

    draws = np.random.default_rng(seed)
    samples = []
    for _ in progress(range(rounds)) if progress else range(rounds):
        weight = np.bincount(draws.integers(0, size, size), minlength=size).astype(np.float64)
        share = float(weight @ exact_sums / (weight @ members))
        samples.append(_scores(np.tensordot(weight, cell_sums, 1), np.tensordot(weight, pair_sums, 1), share))
    values = _scores(cells.sum(axis=0), pairs.sum(axis=0), float(exact.mean()))
    low, high = np.percentile(np.array(samples), [2.5, 97.5], axis=0)
    scores = [Score(float(v), float(lo), float(hi)) for v, lo, hi in zip(values, low, high, strict=True)]
    per_topic = {t: scores[4 + 6 * k : 10 + 6 * k] for k, t in enumerate(topics)}
    return Evaluation(
        paragraphs=len(gold),
        topics={t: dict(zip(("precision", "recall", "f1"), s[:3], strict=True)) for t, s in per_topic.items()},
        micro_f1=scores[0],
        macro_f1=scores[1],
        stance={t: dict(zip(("macro_f1", "accuracy", "f_avg"), s[3:], strict=True)) for t, s in per_topic.items()},
        stance_pooled=scores[2],
        exact=scores[3],
        confusion={
            t: tuple(tuple(int(c) for c in row) for row in pairs[:, k].sum(axis=0).reshape(3, 3))
            for k, t in enumerate(topics)
        },
        counts={t: _four(cells[:, k].sum(axis=0)) for k, t in enumerate(topics)},
        resampled=by,
    )


def stance_matrix(gold: Sequence[Paragraph], topics: Sequence[str]) -> Ints:
    """(n, t) index into STANCES of each gold stance, -1 where the paragraph doesn't have the topic.

    Raises:
        InputError: a paragraph is not annotated, or there is none.

    >>> stance_matrix([Paragraph("1", "نفت", ("energy",), {"energy": "against"})], ["energy", "gaza"]).tolist()
    [[1, -1]]
    """
    if not gold:
        raise InputError("there is no gold paragraph to measure on")
    require_annotated(gold)
    rows = [[STANCES.index(p.stance[t]) if t in p.stance else -1 for t in topics] for p in gold]
    return np.array(rows, dtype=np.int64).reshape(len(gold), len(topics))


def require_annotated(gold: Iterable[Paragraph]) -> None:
    """Refuse, by name, a gold paragraph that nobody annotated.

    Raises:
        InputError: there is one.
    """
    if bare := [p.id for p in gold if p.topics is None]:
        raise InputError(
            f"paragraph {bare[0]!r} is not annotated: gold paragraphs need topics (an empty list for none)"
        )


def _four(cells: Floats) -> tuple[int, int, int, int]:
    tp, fp, fn, tn = (int(cell) for cell in cells)
    return tp, fp, fn, tn


def _groups(gold: Sequence[Paragraph]) -> tuple[Ints, str]:
    """The group of each paragraph for resampling, and what a group is."""
    sources = [p.source for p in gold]
    if None not in sources and len(set(sources)) >= MIN_GROUPS:
        numbers = {source: number for number, source in enumerate(dict.fromkeys(sources))}
        return np.array([numbers[source] for source in sources]), "source"
    return np.arange(len(gold)), "paragraph"


def _ratio(above: Floats | float, below: Floats | float) -> Floats:
    """A ratio that is 0 where there is nothing below."""
    ratio: Floats = np.asarray(above, dtype=np.float64) / np.where(np.asarray(below) > 0, below, 1.0)
    return ratio


def _stance_f1(matrix: Floats) -> tuple[Floats, Flags]:
    """F1 of each stance from a 3 x 3 confusion, and which stances occur at all."""
    hits, there = np.diagonal(matrix), matrix.sum(axis=0) + matrix.sum(axis=1)
    return _ratio(2 * hits, there), there > 0


def _macro(matrix: Floats) -> float:
    """Mean F1 of the stances that occur in gold or prediction."""
    f1, there = _stance_f1(matrix)
    return float(f1[there].mean()) if there.any() else 0.0


def _scores(cells: Floats, pairs: Floats, exact: float) -> Floats:
    """All figures in one row: micro-F1, macro-F1, pooled stance, exact match, then six a topic."""
    tp, fp, fn = cells[:, 0], cells[:, 1], cells[:, 2]
    f1 = _ratio(2 * tp, 2 * tp + fp + fn)
    micro = _ratio(2 * tp.sum(), (2 * tp + fp + fn).sum())
    matrices = pairs.reshape(-1, 3, 3)
    row = [float(micro), float(f1.mean()), _macro(matrices.sum(axis=0)), exact]
    precision, recall = _ratio(tp, tp + fp), _ratio(tp, tp + fn)
    for k, matrix in enumerate(matrices):
        stance_f1, _ = _stance_f1(matrix)
        accuracy = float(_ratio(np.trace(matrix), matrix.sum()))
        # SemEval-2016 Task 6 (Mohammad et al. 2016): the mean of F(favor) and F(against); neutral counts by its errors.
        f_avg = float((stance_f1[0] + stance_f1[1]) / 2)
        row += [float(precision[k]), float(recall[k]), float(f1[k]), _macro(matrix), accuracy, f_avg]
    return np.array(row)


def keyword_baseline(tokens: Sequence[Sequence[str]], keywords: Mapping[str, Collection[str]]) -> Flags:
    """A topic is there when one of its keywords is: (n, t) from n paragraphs' tokens.

    >>> keyword_baseline([["بهای", "نفت"], ["باران"]], {"energy": {"نفت"}}).tolist()
    [[True], [False]]
    """
    sets = [set(words) for words in keywords.values()]
    return np.array([[not words.isdisjoint(paragraph) for words in sets] for paragraph in tokens], dtype=bool).reshape(
        len(tokens), len(sets)
    )


def majority_stances(paragraphs: Iterable[Paragraph], topics: Sequence[str]) -> Ints:
    """(t,) index into STANCES of each topic's most frequent stance.

    >>> majority_stances([Paragraph("1", "نفت", ("energy",), {"energy": "against"})], ["energy"]).tolist()
    [1]
    """
    counts = np.zeros((len(topics), len(STANCES)), dtype=np.int64)
    for paragraph in paragraphs:
        for topic, stance in paragraph.stance.items():
            if topic in topics:
                counts[list(topics).index(topic), STANCES.index(stance)] += 1
    most: Ints = counts.argmax(axis=1)
    return most
