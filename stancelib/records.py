"""The frozen records that travel through stancelib: what goes in as gold, what comes out as labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: The stances, in the order of every stance column in the package.
STANCES: tuple[str, ...] = ("favor", "against", "neutral")

#: What a paragraph can be inside its article, as `articles.split_paragraphs` reports it.
KINDS: tuple[str, ...] = ("headline", "body")


#: What is known of an article besides its text; passed through from input to output.
METADATA: tuple[str, ...] = ("title", "date", "outlet")

#: The columns that stand before those of the topics in a table of labelled paragraphs; those of ``METADATA`` only where
#: the input has any.
HEAD_COLUMNS: dict[str, type] = {
    "doc": str,
    "id": str,
    **dict.fromkeys(METADATA, str),
    "par": int,
    "kind": str,
    "text": str,
}

#: The columns of a topic in a table, after its name: is it there, its probability, the stance, the stance's probability.
TOPIC_COLUMNS: tuple[tuple[str, type], ...] = (
    ("", bool),
    ("_score", float),
    ("_stance", str),
    ("_stance_score", float),
)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph with the labels that a person (or another annotator) gave it.

    Args:
        id: unique within its file.
        text: one paragraph, any length.
        topics: the topics it has; ``None`` means that nobody annotated it, which is not the same as ``()``.
        stance: one of ``STANCES`` for each topic in ``topics``.
        voice: whose stance it is, where known; never a feature.
        source: article or outlet; intervals are resampled by it.
        kind, style: as in labels/GUIDELINES.md; kept, not learned from.
    """

    id: str
    text: str
    topics: tuple[str, ...] | None = None
    stance: Mapping[str, str] = field(default_factory=dict)
    voice: str | None = None
    source: str | None = None
    kind: str | None = None
    style: str | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """One topic found in a paragraph, with the stance of its voice toward the topic's target.

    ``score`` is the calibrated probability of the topic, ``stance_score`` that of the likeliest stance given the topic.
    Where that is less than was asked for, ``stance`` is ``None`` and ``reason`` says so.
    """

    topic: str
    score: float
    stance: str | None
    stance_score: float
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class LabelledParagraph:
    """A paragraph of an article with its labels: what `StanceModel.label` returns.

    ``par`` counts from 1 within ``doc``; ``scores`` has the probability of every topic of the taxonomy. ``title``,
    ``date`` (ISO 8601) and ``outlet`` are the article's, where they are known.
    """

    doc: str
    par: int
    kind: str
    text: str
    labels: tuple[Label, ...]
    scores: Mapping[str, float]
    id: str | None = None
    title: str | None = None
    date: str | None = None
    outlet: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The record as the JSONL contract writes it: scores rounded to four places; ``id``, ``title``, ``date``,
        ``outlet`` and ``reason`` only where there is one."""
        head: dict[str, Any] = {"doc": self.doc}
        if self.id is not None:
            head["id"] = self.id
        for name in METADATA:
            if (value := getattr(self, name)) is not None:
                head[name] = value
        return head | {
            "par": self.par,
            "kind": self.kind,
            "text": self.text,
            "labels": [
                {
                    "topic": label.topic,
                    "score": round(label.score, 4),
                    "stance": label.stance,
                    "stance_score": round(label.stance_score, 4),
                    **({} if label.reason is None else {"reason": label.reason}),
                }
                for label in self.labels
            ],
            "scores": {topic: round(score, 4) for topic, score in self.scores.items()},
        }
