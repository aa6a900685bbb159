"""Gold + a model -> what it gets wrong, how sure it was, and which words led it there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stancelib.evaluate import require_annotated
from stancelib.model import StanceModel
from stancelib.records import STANCES, Paragraph

#: What can go wrong: a topic predicted that isn't there, a topic not predicted, the wrong stance on a topic that is there.
KINDS: tuple[str, ...] = ("false positive", "false negative", "stance")

#: Paragraphs up to so many words are one group of lengths.
LENGTHS = (15, 30, 60, 120)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong label.

    Args:
        paragraph: the gold paragraph.
        kind: one of ``KINDS``; a stance counts whether or not the topic was found, so it is judged by itself.
        topic: on which topic.
        gold, predicted: the stances of gold and model, ``None`` where either doesn't have the topic.
        confidence: the model's probability of what it predicted: of the topic, of its absence, or of the stance.
        votes: the units that pulled hardest to the wrong side with their votes; for a stance the vote for the stance
            predicted less that for the gold one.
    """

    paragraph: Paragraph
    kind: str
    topic: str
    gold: str | None
    predicted: str | None
    confidence: float
    votes: tuple[tuple[str, float], ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON lines: the paragraph's id, source and text, then the rest, figures rounded to four places."""
        return {
            "id": self.paragraph.id,
            "source": self.paragraph.source,
            "kind": self.kind,
            "topic": self.topic,
            "gold": self.gold,
            "predicted": self.predicted,
            "confidence": round(self.confidence, 4),
            "votes": [[unit, round(vote, 4)] for unit, vote in self.votes],
            "text": self.paragraph.text,
        }


def find(
    model: StanceModel, gold: Sequence[Paragraph], *, threshold: float | None = None, votes: int = 6
) -> list[Mistake]:
    """Every wrong label, the surest first.

    Args:
        model: what is judged.
        gold: annotated paragraphs.
        threshold: a probability from which on a topic is there, instead of the model's own thresholds.
        votes: how many units to name for each.

    Raises:
        InputError: a paragraph is not annotated.

    >>> import stancelib
    >>> gold = [Paragraph("1", "تیم نفت آبادان بازی را برد.", (), {})]
    >>> [(m.kind, m.topic) for m in find(stancelib.load(), gold, threshold=0.0)][0][0]
    'false positive'
    """
    require_annotated(gold)
    texts = [p.text for p in gold]
    scores = model.score(texts)
    found, topic_probability = model.topics_found(scores, threshold), model.topic_probabilities(scores)
    probability = model.stance_probabilities(scores)
    likeliest = probability.argmax(axis=2)
    names = model.taxonomy.names
    mistakes = []
    for row, paragraph in enumerate(gold):
        # The kind, the topic, the confidence, and which label was given rather than which one.
        wrong: list[tuple[str, int, float, str, str | None]] = []
        for k, name in enumerate(names):
            sure = float(topic_probability[row, k])
            if found[row, k] and name not in paragraph.stance:
                wrong.append((KINDS[0], k, sure, name, None))
            elif name in paragraph.stance:
                if not found[row, k]:
                    wrong.append((KINDS[1], k, 1 - sure, name, None))
                answer, truth = STANCES[likeliest[row, k]], paragraph.stance[name]
                if answer != truth:
                    sure = float(probability[row, k, likeliest[row, k]])
                    wrong.append((KINDS[2], k, sure, f"{name}:{answer}", f"{name}:{truth}"))
        if not wrong:
            continue
        (why,) = model.explain([paragraph.text])
        for kind, k, confidence, given, truth_label in wrong:
            pulls = [(unit.unit, vote) for unit, vote in why.pulls(given, truth_label)]
            if kind == KINDS[1]:  # what pulled away from the topic
                pulls = [(unit, -vote) for unit, vote in reversed(pulls)]
            mistakes.append(
                Mistake(
                    paragraph=paragraph,
                    kind=kind,
                    topic=names[k],
                    gold=paragraph.stance.get(names[k]),
                    predicted=STANCES[likeliest[row, k]] if kind == "stance" or found[row, k] else None,
                    confidence=confidence,
                    votes=tuple(pull for pull in pulls[:votes] if pull[1] > 0),
                )
            )
    return sorted(mistakes, key=lambda mistake: -mistake.confidence)


@dataclass(frozen=True, slots=True)
class Group:
    """Paragraphs of one source or length: how many, and how many of them have a mistake."""

    name: str
    paragraphs: int
    wrong: int


def by_kind(mistakes: Iterable[Mistake], topics: Sequence[str]) -> Mapping[tuple[str, str], Sequence[int]]:
    """(kind, gold -> predicted) to a count for each topic: how often each confusion happened, the commonest first.

    >>> by_kind([Mistake(Paragraph("1", "نفت"), "stance", "energy", "favor", "neutral", 0.9, ())], ["energy"])
    {('stance', 'favor -> neutral'): [1]}
    """
    table: dict[tuple[str, str], list[int]] = {}
    for mistake in mistakes:
        what = f"{mistake.gold} -> {mistake.predicted}" if mistake.kind == "stance" else ""
        table.setdefault((mistake.kind, what), [0] * len(topics))[list(topics).index(mistake.topic)] += 1
    return dict(sorted(table.items(), key=lambda item: (KINDS.index(item[0][0]), -sum(item[1]))))


def by_source(mistakes: Iterable[Mistake], gold: Sequence[Paragraph]) -> list[Group]:
    """How many paragraphs of each source are wrong, the source with the most first."""
    groups = _groups(mistakes, gold, lambda p: p.source or "no source")
    return sorted(groups, key=lambda group: -group.wrong)


def by_length(mistakes: Iterable[Mistake], gold: Sequence[Paragraph]) -> list[Group]:
    """How many paragraphs of each length (in words between spaces, by ``LENGTHS``) are wrong, the shortest first."""
    names = [f"up to {limit} words" for limit in LENGTHS] + [f"over {LENGTHS[-1]} words"]
    groups = _groups(mistakes, gold, lambda p: names[int(np.searchsorted(LENGTHS, len(p.text.split())))])
    return sorted(groups, key=lambda group: names.index(group.name))


def _groups(mistakes: Iterable[Mistake], gold: Sequence[Paragraph], name: Callable[[Paragraph], str]) -> list[Group]:
    wrong = {id(mistake.paragraph) for mistake in mistakes}
    counts: dict[str, list[int]] = {}
    for paragraph in gold:
        count = counts.setdefault(name(paragraph), [0, 0])
        count[0] += 1
        count[1] += id(paragraph) in wrong
    return [Group(group, *count) for group, count in counts.items()]
