"""Labelled paragraphs -> what a trainer should know of them before learning from them: repeats, balance, spelling, names."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stancelib import text, units
from stancelib.corpus import Report, report
from stancelib.records import Paragraph

#: Paragraphs that share half of their runs of five words are one text told twice (shingles and containment, Broder 1997).
SHINGLE = 5
NEAR = 0.5

#: A name is reported when at least so many paragraphs of a topic hold it and so large a share of them has one stance.
NAME_COUNT = 20
NAME_SHARE = 0.9

#: In a real stream half of the paragraphs or more have no topic.
FEW_WITHOUT_TOPIC = 0.45

#: What spellings are counted: a name and the pattern that shows it.
SPELLINGS: Mapping[str, re.Pattern[str]] = {
    "ZWNJ": re.compile("\u200c"),
    "«می» or «نمی» before a space": re.compile(r"(?<!\w)ن?می (?=\w)"),
    "Arabic ي or ك": re.compile("[يك]"),
    "Persian digits": re.compile("[۰-۹]"),
    "Latin digits": re.compile("[0-9]"),
    "hashtag": re.compile(r"#\w"),
    "emoji": re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]"),
}


@dataclass(frozen=True, slots=True)
class Repeat:
    """Two paragraphs that are one: their ids and the share of the shorter one's shingles that both have."""

    first: str
    second: str
    share: float


@dataclass(frozen=True, slots=True)
class OneSidedName:
    """A name that goes with one stance: ``count`` paragraphs of the topic hold it, ``share`` of them with ``stance``."""

    name: str
    topic: str
    stance: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Audit:
    """What `audit` found.

    ``counts``: topics, stances and exact duplicates. ``unannotated``: paragraphs that nobody labelled. ``words``: the 5th,
    25th, 50th, 75th and 95th percentile of the number of words. ``kinds``, ``styles``: value -> paragraphs, "" where it isn't given. ``spellings``: share of the paragraphs with
    each of ``SPELLINGS``. ``repeats`` has exact duplicates too, with share 1. A paragraph without an id goes by its place.
    """

    counts: Report
    unannotated: int
    words: tuple[int, ...]
    kinds: Mapping[str, int]
    styles: Mapping[str, int]
    spellings: Mapping[str, float]
    repeats: tuple[Repeat, ...]
    names: tuple[OneSidedName, ...]

    def warnings(self) -> Iterator[str]:
        """What may hurt a model trained on these paragraphs, in words."""
        annotated = self.counts.paragraphs - self.unannotated
        share = self.counts.without_topic / max(annotated, 1)
        if annotated and share < FEW_WITHOUT_TOPIC:
            yield f"{share:.0%} of the paragraphs have no topic; in a real stream half or more have none"
        for topic, counts in self.counts.stances.items():
            total = sum(counts.values())
            for stance, count in counts.items():
                if total and count < 0.1 * total:
                    yield f"{topic}: only {count} of {total} are {stance}"
        for one in self.names:
            yield (
                f"{one.topic}: «{one.name}» is {one.stance} in {one.share:.0%} of {one.count} paragraphs; "
                "a model may take the name for the stance"
            )


def audit(paragraphs: Sequence[Paragraph], topics: Sequence[str]) -> Audit:
    """Look a set of labelled paragraphs over.

    Args:
        paragraphs: annotated or not; what isn't counts in everything but the labels.
        topics: the topics' names.

    >>> found = audit([Paragraph("1", "نفت ارزان شد", ("energy",), {"energy": "neutral"})], ["energy"])
    >>> found.counts.stances["energy"]["neutral"], found.words[2]
    (1, 3)
    """
    tokens = [text.tokens(p.text, units.gazetteer().compounds) for p in paragraphs]
    lengths = [len(p.text.split()) for p in paragraphs] or [0]
    return Audit(
        counts=report(paragraphs, topics),
        unannotated=sum(p.topics is None for p in paragraphs),
        words=tuple(int(n) for n in np.percentile(lengths, [5, 25, 50, 75, 95])),
        kinds=dict(Counter(p.kind or "" for p in paragraphs).most_common()),
        styles=dict(Counter(p.style or "" for p in paragraphs).most_common()),
        spellings={
            name: sum(bool(pattern.search(p.text)) for p in paragraphs) / max(len(paragraphs), 1)
            for name, pattern in SPELLINGS.items()
        },
        repeats=tuple(repeats([p.id or f"paragraph {n}" for n, p in enumerate(paragraphs, 1)], tokens)),
        names=tuple(one_sided_names(paragraphs, tokens, topics)),
    )


def shingles(tokens: Sequence[str], size: int) -> set[tuple[str, ...]]:
    """Every run of ``size`` tokens; a shorter paragraph is one run, an empty one none.

    >>> sorted(shingles(["a", "b", "c"], 2))
    [('a', 'b'), ('b', 'c')]
    """
    if len(tokens) < size:
        return {tuple(tokens)} if tokens else set()
    return {tuple(tokens[start : start + size]) for start in range(len(tokens) - size + 1)}


def repeats(ids: Sequence[str], tokens: Sequence[Sequence[str]]) -> Iterator[Repeat]:
    """Paragraphs that share at least ``NEAR`` of the shorter one's shingles with an earlier one that is no repeat itself,
    each with the one it shares most with. In time about linear, however often a text is repeated."""
    sets = [shingles(words, SHINGLE) for words in tokens]
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, found in enumerate(sets):
        shared = Counter(other for shingle in found for other in holders[shingle])
        shares = [(count / min(len(found), len(sets[other])), -other) for other, count in shared.items()]
        share, other = max(shares, default=(0.0, 0))
        if share >= NEAR:
            yield Repeat(ids[-other], ids[number], share)
        else:
            for shingle in found:
                holders[shingle].append(number)


def one_sided_names(
    paragraphs: Sequence[Paragraph], tokens: Sequence[Sequence[str]], topics: Sequence[str]
) -> Iterator[OneSidedName]:
    """Names of states, and of voices that are named in their own paragraph, that go with one stance nearly always."""
    there: Counter[str] = Counter()
    spoke: Counter[str] = Counter()
    for paragraph, words in zip(paragraphs, tokens, strict=True):
        there.update(set(words))
        spoke.update(set(words).intersection(word for word in text.tokens(paragraph.voice or "") if len(word) > 3))
    # A word that is mostly met outside of voices is no speaker's name.
    names = set(units.gazetteer().classes) | {word for word, count in spoke.items() if 2 * count >= there[word]}
    for topic in topics:
        seen: dict[str, Counter[str]] = defaultdict(Counter)
        total: Counter[str] = Counter()
        for paragraph, words in zip(paragraphs, tokens, strict=True):
            if topic in paragraph.stance:
                total[paragraph.stance[topic]] += 1
                for name in names.intersection(words):
                    seen[name][paragraph.stance[topic]] += 1
        for name, counts in sorted(seen.items(), key=lambda item: -item[1].total()):
            stance, most = counts.most_common(1)[0]
            # Where nearly all of the topic has this stance, no name is to blame.
            to_blame = total[stance] < 0.8 * total.total()
            if to_blame and counts.total() >= NAME_COUNT and most >= NAME_SHARE * counts.total():
                yield OneSidedName(name, topic, stance, counts.total(), most / counts.total())
