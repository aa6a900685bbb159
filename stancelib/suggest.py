"""Which paragraphs of an unlabelled pool to label next: those the model is least sure of, no two of them alike.

Uncertainty sampling (Lewis and Gale 1994): the more labels of a paragraph the model expects to get wrong, the more there is
to learn from it. Several at once are picked by maximal marginal relevance (Carbonell and Goldstein 1998), each for its
uncertainty less its likeness to those picked before. benchmarks/active.py measures what that saves. Needs scikit-learn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stancelib import text, units
from stancelib.audit import repeats
from stancelib.errors import InputError
from stancelib.model import StanceModel
from stancelib.records import STANCES

if TYPE_CHECKING:
    from stancelib.arrays import Floats

#: The picks come from so many times as many paragraphs, the least sure ones, but at least from ``SHORTEST``.
SHORTLIST, SHORTEST = 10, 1000

#: What uncertainty counts beside likeness, between 0 and 1. Of 200 picks out of 31,000 real paragraphs 50 have another with
#: a likeness over 0.25 where uncertainty alone counts; a half leaves 11, for 2% fewer expected errors.
RELEVANCE = 0.5


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A paragraph that is worth labelling.

    Args:
        number: its place in the pool, from 0.
        text: the paragraph.
        expected_errors: how many of its labels the model expects to get wrong.
        why: the label of which it is least sure, in words.
    """

    number: int
    text: str
    expected_errors: float
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Doubts:
    """How likely the labels of n paragraphs are wrong.

    Args:
        topic: (n, topics) probability that the decision on the topic is wrong; 0.5 at the model's threshold.
        stance: (n, topics) probability that the topic is there and the likeliest stance of it is wrong.
        found: (n, topics) calibrated probability of the topic.
        turns: (topics,) the probability at which the decision turns.
        stances: (n, topics, 3) probabilities of the stances, given the topic.
    """

    topic: Floats
    stance: Floats
    found: Floats
    turns: Floats
    stances: Floats

    @property
    def expected_errors(self) -> Floats:
        """(n,) the expected number of labels that are wrong."""
        total: Floats = (self.topic + self.stance).sum(axis=1)
        return total


def doubts(model: StanceModel, texts: Sequence[str]) -> Doubts:
    """How unsure a model is of n paragraphs.

    A threshold is not where the probability is one half, but where the decision turns; probabilities below and above it
    are stretched so that it becomes one half.

    >>> import stancelib
    >>> unsure, sure = doubts(stancelib.load(), ["وزیر با همتای خود دیدار کرد.", "باران بارید."]).expected_errors
    >>> bool(unsure > sure)
    True
    """
    scores = model.score(texts)
    found, stances = model.topic_probabilities(scores), model.stance_probabilities(scores)
    turns = model.topic_probabilities(model.threshold[None])[0].clip(1e-9, 1 - 1e-9)
    there = np.where(found < turns, found / turns / 2, 1 - (1 - found) / (1 - turns) / 2)
    return Doubts(np.minimum(there, 1 - there), there * (1 - stances.max(axis=2)), found, turns, stances)


class Shortlist:
    """Takes a pool of any size part by part, keeps what may be picked, and picks. Deterministic.

    Args:
        model: whose doubts count.
        count: how many paragraphs to pick.
        labelled: texts that are labelled already; neither they nor near-duplicates of them are picked.

    >>> import stancelib
    >>> pool = Shortlist(stancelib.load(), 1, labelled=["وزیر با همتای خود دیدار کرد."])
    >>> pool.add(["وزیر با همتای خود دیدار کرد.", "باران بارید.", "سفیر از خط لوله گفت."])
    >>> [one.number for one in pool.pick()]
    [2]
    """

    def __init__(self, model: StanceModel, count: int, labelled: Iterable[str] = ()) -> None:
        if count < 1:
            raise InputError(f"{count} paragraphs are to be picked; allowed: 1 and more")
        self._model, self._count = model, count
        self._size = max(SHORTLIST * count, SHORTEST)
        self._labelled = list(labelled)
        self._seen = {_key(one) for one in self._labelled}
        self._kept: list[Suggestion] = []
        self._least = -1.0
        self._added = 0

    def add(self, texts: Sequence[str]) -> None:
        """Take the next part of the pool."""
        found = doubts(self._model, texts)
        errors = found.expected_errors
        for n in np.flatnonzero(errors > self._least).tolist():
            if (key := _key(texts[n])) and key not in self._seen:
                self._seen.add(key)
                self._kept.append(Suggestion(self._added + n, texts[n], float(errors[n]), _why(self._model, found, n)))
        self._added += len(texts)
        if len(self._kept) > 2 * self._size:
            self._cut()

    def _cut(self) -> None:
        self._kept.sort(key=lambda one: (-one.expected_errors, one.number))
        if len(self._kept) > self._size:
            self._least = self._kept[self._size - 1].expected_errors
            del self._kept[self._size :]

    def pick(self) -> list[Suggestion]:
        """The paragraphs to label, the one that says most first; fewer where the pool has not as many different ones."""
        self._cut()
        compounds = units.gazetteer().compounds
        tokens = [text.tokens(one, compounds) for one in (*self._labelled, *(one.text for one in self._kept))]
        before = len(self._labelled)
        again = {int(repeat.second) for repeat in repeats([str(n) for n in range(len(tokens))], tokens)}
        different = [one for n, one in enumerate(self._kept, before) if n not in again]
        if not different:
            return []
        return [different[n] for n in _relevant(different, self._count)]


def _key(paragraph: str) -> str:
    """The same for texts that differ in spelling and spaces only; empty where there is no letter or digit."""
    return "".join(text.words(paragraph))


def _why(model: StanceModel, found: Doubts, n: int) -> str:
    names = model.taxonomy.names
    topic, stance = found.topic[n], found.stance[n]
    if topic.max() >= stance.max():
        k = int(topic.argmax())
        return f"is it about {names[k]}? probability {found.found[n, k]:.2f}, threshold {found.turns[k]:.2f}"
    k = int(stance.argmax())
    first, second = np.argsort(-found.stances[n, k], kind="stable")[:2].tolist()
    return (
        f"which stance on {names[k]}? {STANCES[first]} {found.stances[n, k, first]:.2f}, "
        f"{STANCES[second]} {found.stances[n, k, second]:.2f}"
    )


def _relevant(candidates: Sequence[Suggestion], count: int) -> list[int]:
    """Greedy maximal marginal relevance: the numbers of the candidates picked, in order."""
    from stancelib.features import PersianTfidfVectorizer

    vectors = PersianTfidfVectorizer(min_df=1, pairs=False, gazetteer=False, ngram_range=(3, 4))
    X = vectors.fit_transform([one.text for one in candidates])
    relevance = np.array([one.expected_errors for one in candidates])
    relevance = RELEVANCE * relevance / max(relevance.max(), 1e-12)
    likeness, dense = np.zeros(len(candidates)), np.zeros(X.shape[1])
    picked: list[int] = []
    for _ in range(min(count, len(candidates))):
        best = int(np.argmax(relevance - (1 - RELEVANCE) * likeness))
        picked.append(best)
        relevance[best] = -np.inf
        row = X[best]
        dense[row.indices] = row.data
        likeness = np.maximum(likeness, X @ dense)
        dense[row.indices] = 0
    return picked
