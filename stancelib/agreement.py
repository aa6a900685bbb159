"""How far annotators agree, by topic and stance, and the paragraphs on which they don't. Needs numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from stancelib.errors import InputError
from stancelib.evaluate import Score
from stancelib.records import STANCES, Paragraph

if TYPE_CHECKING:
    from stancelib.arrays import Floats, Ints


def krippendorff_alpha(values: Ints) -> float:
    """Krippendorff's alpha for nominal values, any number of annotators, values missing anywhere.

    1 is perfect agreement, 0 what chance gives; not a number where all values are the same or nothing can be compared.
    After Krippendorff, Content Analysis (2004), chapter 11.

    Args:
        values: (units, annotators) the value that each gave, 0 and more; -1 where there is none.

    >>> round(krippendorff_alpha(np.array([[0, 0], [1, 1], [0, 1], [0, 0]])), 3)
    0.533
    """
    disagreement, counts = _parts(values)
    return _alpha(float(disagreement.sum()), counts.sum(axis=0))


def cohen_kappa(first: Ints, second: Ints) -> float:
    """Cohen's kappa of two annotators (Cohen 1960); not a number where both gave one and the same value throughout.

    Args:
        first, second: (units,) the values that each gave, 0 and more; a unit where one is -1 is left out.

    >>> round(cohen_kappa(np.array([0, 1, 0, 0]), np.array([0, 1, 1, 0])), 3)
    0.5
    """
    both = (first >= 0) & (second >= 0)
    first, second = first[both], second[both]
    size = int(max(first.max(initial=0), second.max(initial=0))) + 1
    table = np.bincount(first * size + second, minlength=size * size).reshape(size, size) / max(len(first), 1)
    by_chance = float(table.sum(axis=0) @ table.sum(axis=1))
    return (float(np.trace(table)) - by_chance) / (1 - by_chance) if len(first) and by_chance < 1 else float("nan")


def _parts(values: Ints) -> tuple[Floats, Floats]:
    """(units,) the disagreement of each unit and (units, categories) how many gave each value; 0 where nobody answered
    or only one, so that alpha is a function of their sums."""
    counts = (values[:, :, None] == np.arange(max(int(values.max(initial=0)) + 1, 1))).sum(axis=1).astype(np.float64)
    answers = counts.sum(axis=1)
    counts[answers < 2] = 0
    return np.where(answers < 2, 0, (answers**2 - (counts**2).sum(axis=1)) / np.maximum(answers - 1, 1)), counts


def _alpha(disagreement: float, by_value: Floats) -> float:
    total = float(by_value.sum())
    expected = (total**2 - float((by_value**2).sum())) / (total - 1) if total else 0.0
    return 1 - disagreement / expected if expected > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement on one question.

    Args:
        units: how many paragraphs at least two annotators answered it for.
        observed: observed agreement, the share of pairs of answers that are the same.
        alpha: Krippendorff's, with a 95% bootstrap interval over paragraphs; the ends are no numbers where alpha was none
            in more than one round of twenty, as on a topic that hardly any paragraph has.
        kappa: Cohen's, where there are two annotators, else ``None``.
    """

    units: int
    observed: float
    alpha: Score
    kappa: float | None


def agreement(
    annotators: Sequence[Sequence[Paragraph]], topics: Sequence[str], *, rounds: int = 1000, seed: int = 0
) -> dict[str, dict[str, Agreement]]:
    """Agreement of annotators on every topic.

    Args:
        annotators: two or more, each with the paragraphs they labelled; paragraphs meet by id, or by text where they
            have none. One that is not annotated counts as not there.
        topics: the topics to ask about.
        rounds, seed: of the bootstrap.

    Returns:
        topic -> "topic" (is it there?), "stance" (which, where both found the topic) and "label" (both in one: no
        topic, or it and a stance).

    Raises:
        InputError: fewer than two annotators, one id with two texts, one annotator's paragraph twice, or nothing that two
            of them labelled.

    >>> one = [Paragraph("1", "نفت", ("energy",), {"energy": "favor"}), Paragraph("2", "ورزش", (), {})]
    >>> round(agreement([one, one], ["energy"], rounds=10)["energy"]["label"].alpha.value, 1)
    1.0
    """
    units = _units(annotators)
    found = {}
    for topic in topics:
        # -2: not annotated, -1: no such topic, else the stance.
        label = np.array([[_value(p, topic) for p in unit] for unit in units])
        questions = {
            "topic": np.where(label == -2, -1, (label >= 0).astype(np.int64)),
            "stance": np.maximum(label, -1),
            "label": label + 1,
        }
        found[topic] = {name: _agreement(values, rounds, seed) for name, values in questions.items()}
    return found


def disagreements(annotators: Mapping[str, Sequence[Paragraph]], topics: Sequence[str]) -> list[dict[str, Any]]:
    """The paragraphs that annotators label differently, for somebody to settle.

    Args:
        annotators: as for `agreement`, each with a name.
        topics: the topics to look at.

    Returns:
        For each such paragraph id, text and what else is known of it, ``differ`` (the topics on which they do) and
        ``annotators``: name -> topics and stance as in a label file. With the right ``topics`` and ``stance`` added it
        is a line of one.
    """
    found = []
    for unit in _units(list(annotators.values())):
        differ = [t for t in topics if len({_value(p, t) for p in unit} - {-2}) > 1]
        if differ:
            first = next(p for p in unit if p is not None)
            given = {
                name: {"topics": list(p.topics or ()), "stance": dict(p.stance)}
                for name, p in zip(annotators, unit, strict=True)
                if p is not None
            }
            known = {key: getattr(first, key) for key in ("id", "text", "source", "voice", "kind", "style")}
            kept = {key: value for key, value in known.items() if value}
            found.append(kept | {"differ": differ, "annotators": given})
    return found


def _units(annotators: Sequence[Sequence[Paragraph]]) -> list[list[Paragraph | None]]:
    """The paragraphs that at least two annotated, in order of first sight, with what each annotator has for them."""
    if len(annotators) < 2:
        raise InputError("agreement needs at least two annotators")
    units: dict[str, list[Paragraph | None]] = {}
    for n, paragraphs in enumerate(annotators):
        for paragraph in paragraphs:
            if paragraph.topics is not None:
                unit = units.setdefault(paragraph.id or _plain(paragraph), [None] * len(annotators))
                if unit[n] is not None:
                    raise InputError(
                        f"annotator {n + 1} has the paragraph {paragraph.id or _plain(paragraph)[:50]!r} twice"
                    )
                unit[n] = paragraph
    for name, unit in units.items():
        if len({_plain(p) for p in unit if p is not None}) > 1:
            raise InputError(f"paragraph {name!r} has not the same text everywhere: are these labels of one set?")
    shared = [unit for unit in units.values() if sum(p is not None for p in unit) >= 2]
    if not shared:
        raise InputError("no paragraph was annotated twice: ids (or texts, where there are no ids) don't meet")
    return shared


def _plain(paragraph: Paragraph) -> str:
    return " ".join(paragraph.text.split())


def _value(paragraph: Paragraph | None, topic: str) -> int:
    if paragraph is None:
        return -2
    return STANCES.index(paragraph.stance[topic]) if topic in paragraph.stance else -1


def _agreement(values: Ints, rounds: int, seed: int) -> Agreement:
    """Of (units, annotators) values, -1 where there is none."""
    disagreement, counts = _parts(values)
    pairs = [(values[:, a], values[:, b]) for a, b in combinations(range(values.shape[1]), 2)]
    both = sum(int(((a >= 0) & (b >= 0)).sum()) for a, b in pairs)
    same = sum(int(((a >= 0) & (a == b)).sum()) for a, b in pairs)
    random = np.random.default_rng(seed)
    draws = (np.bincount(random.integers(0, len(values), len(values)), minlength=len(values)) for _ in range(rounds))
    samples = np.array([_alpha(float(draw @ disagreement), draw @ counts) for draw in draws])
    known = samples[np.isfinite(samples)]
    low, high = np.percentile(known, [2.5, 97.5]) if len(known) >= 0.95 * rounds else (np.nan, np.nan)
    return Agreement(
        units=int((counts.sum(axis=1) > 0).sum()),
        observed=same / both if both else float("nan"),
        alpha=Score(_alpha(float(disagreement.sum()), counts.sum(axis=0)), float(low), float(high)),
        kappa=cohen_kappa(*pairs[0]) if len(pairs) == 1 else None,
    )
