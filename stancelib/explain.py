"""Why a paragraph has its scores: the exact share of every unit in each of them, and where the unit stands in the text.

The model is additive over the units of a paragraph (`votes` has the formula), so this is no estimate as LIME and SHAP
make for models that are not (Rudin, 2019, "Stop explaining black box machine learning models", Nature Machine
Intelligence 1): the shares and the bias add up to the score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from stancelib import text, units
from stancelib.errors import InputError
from stancelib.records import STANCES
from stancelib.votes import VoteTable

if TYPE_CHECKING:
    from stancelib.arrays import Floats


@dataclass(frozen=True, slots=True, eq=False)
class UnitVotes:
    """What one unit says.

    Args:
        unit: a token, two tokens with a space between, or a fact: ``@state`` stands for a state's name, ``@length=40``
            for a paragraph of up to 40 tokens.
        spans: (start, end) of each place where it stands, in characters of the paragraph as it was given; none for a
            fact about the whole paragraph.
        votes: (labels,) its share of each score, all its places together.
    """

    unit: str
    spans: tuple[tuple[int, int], ...]
    votes: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """The scores of a paragraph taken apart.

    Args:
        text: the paragraph.
        labels: the names of the scores: a topic, or a topic and a stance with a colon between.
        bias: (labels,) what each score is before a word is read.
        units: in the order of the text, words before pairs before facts; those that say nothing are left out.
    """

    text: str
    labels: tuple[str, ...]
    bias: Floats
    units: tuple[UnitVotes, ...]

    @property
    def scores(self) -> Floats:
        """(labels,) the scores: the bias and all votes."""
        scores: Floats = self.bias + sum((unit.votes for unit in self.units), np.zeros(len(self.labels)))
        return scores

    def pulls(self, label: str, rather_than: str | None = None) -> list[tuple[UnitVotes, float]]:
        """What spoke for a label and what against it, the strongest for it first.

        Args:
            label: one of ``labels``.
            rather_than: another one, whose votes are taken off: why this stance and not that one.

        Returns:
            Every unit with its vote; with `base` they add up to the score, or to the difference of the two scores.

        Raises:
            InputError: there is no such label.
        """
        toward = self._toward(label, rather_than)
        return sorted(((unit, float(unit.votes @ toward)) for unit in self.units), key=lambda pull: -pull[1])

    def base(self, label: str, rather_than: str | None = None) -> float:
        """What is there before a word is read, of the score or the difference that `pulls` takes apart."""
        return float(self.bias @ self._toward(label, rather_than))

    def stances(self, topic: str) -> list[str]:
        """The labels of a topic's stances, the likeliest first."""
        scores = dict(zip(self.labels, self.scores.tolist(), strict=True))
        return sorted((f"{topic}:{stance}" for stance in STANCES), key=lambda label: -scores[label])

    def _toward(self, label: str, rather_than: str | None) -> Floats:
        if unknown := [name for name in (label, rather_than) if name not in (None, *self.labels)]:
            raise InputError(f"there is no label {unknown[0]!r}; allowed: {', '.join(self.labels)}")
        toward = np.zeros(len(self.labels))
        toward[self.labels.index(label)] = 1
        if rather_than is not None:
            toward[self.labels.index(rather_than)] -= 1
        return toward

    def as_dict(self) -> dict[str, Any]:
        """For JSON: labels, bias, units and scores, figures rounded to six places."""
        return {
            "labels": list(self.labels),
            "bias": _rounded(self.bias),
            "units": [
                {"unit": u.unit, "spans": [list(span) for span in u.spans], "votes": _rounded(u.votes)}
                for u in self.units
            ],
            "scores": _rounded(self.scores),
        }


def _rounded(values: Floats) -> list[float]:
    return [round(value, 6) for value in values.tolist()]


def explain(table: VoteTable, labels: Sequence[str], paragraph: str) -> Explanation:
    """Take the scores of one paragraph apart; `StanceModel.explain` is easier to call.

    Args:
        table: a model's votes.
        labels: the names of its columns.
        paragraph: any text.
    """
    places = _places(table, paragraph)
    found = table.votes(paragraph)
    return Explanation(
        text=paragraph,
        labels=tuple(labels),
        bias=table.features.bias,
        units=tuple(UnitVotes(unit, tuple(places.get(unit, ())), votes) for unit, votes in found),
    )


def _places(table: VoteTable, paragraph: str) -> dict[str, list[tuple[int, int]]]:
    """Where each unit stands. hazm's normaliser does not say what became of which character: then nowhere."""
    features = table.features
    if features.normalizer == "hazm":
        return {}
    tokens = text.token_spans(paragraph, features.compounds)
    placed = units.placed_units([token for token, _, _ in tokens], bool(features.pairs), features.gazetteer)
    places: dict[str, list[tuple[int, int]]] = {}
    for unit, first, last in placed:
        if last > first:
            places.setdefault(unit, []).append((tokens[first][1], tokens[last - 1][2]))
    return places
