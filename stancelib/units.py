"""From a paragraph to its units and from a unit to its features: the one definition that training and prediction share.

A unit is what gets a vote: a word, a pair of neighbouring words, a word beside a state, or a fact about the paragraph
(how many states it names). Each unit has its own features; the votes of the units add up to the score.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise

from stancelib import text

#: Marks the class that stands in for a state's name in a unit, and units about the paragraph.
STATE = "@state"
CAPITAL = "@capital"
CITIZEN = "@citizen"
LEADER = "@leader"
CLASSES = (STATE, CAPITAL, CITIZEN, LEADER)

#: How the unit begins that says which states a paragraph names.
THESE = "@these="


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """State names: which tokens are one, and of which class.

    ``classes`` maps a token to ``STATE``, ``CAPITAL``, ``CITIZEN`` or ``LEADER``; ``states`` maps it to the state's code;
    ``compounds`` are the names of two words, which are joined before they are looked up.
    """

    classes: Mapping[str, str]
    states: Mapping[str, str]
    compounds: Collection[tuple[str, str]] = ()


@functools.cache
def gazetteer() -> Gazetteer:
    """The gazetteer of data/states.tsv."""
    classes: dict[str, str] = {}
    states: dict[str, str] = {}
    compounds: set[tuple[str, str]] = set()
    table = resources.files("stancelib").joinpath("data/states.tsv").read_text(encoding="utf-8")
    for line in table.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        code, *columns = line.split("\t")
        for kind, names in zip(CLASSES, columns, strict=True):
            for name in filter(None, names.split("|")):
                words = text.words(name)
                joined = "".join(words)
                if len(words) == 2:
                    compounds.add((words[0], words[1]))
                elif len(words) > 2:
                    continue  # «بوسنی و هرزگوین»: its first word is enough
                classes.setdefault(joined, kind)
                states.setdefault(joined, code)
    return Gazetteer(classes, states, frozenset(compounds))


#: No longer n-gram is a feature; a model file with a longer one is refused.
LARGEST_NGRAM = 20


def ngrams(token: str, smallest: int, largest: int) -> list[str]:
    """Character n-grams of a token between boundary marks, longest token `text.TOKEN_LENGTH` characters.

    >>> ngrams("نفت", 3, 4)
    ['<نف', 'نفت', 'فت>', '<نفت', 'نفت>']
    """
    marked = f"<{token}>"
    return [
        marked[start : start + size] for size in range(smallest, largest + 1) for start in range(len(marked) - size + 1)
    ]


#: More states than this in a paragraph are told apart no further; paragraphs up to each length are one class.
MOST_STATES = 4
LENGTH_LIMITS = (8, 14, 22, 40, 80)


def states_unit(count: int) -> str:
    """The unit that says how many different states a paragraph names."""
    return f"@states={min(count, MOST_STATES)}"


def these_unit(first: str, second: str) -> str:
    """The unit that says which states a paragraph names, where it names one (given twice) or two, in order of codes.

    >>> these_unit("IR", "TR"), these_unit("IR", "IR")
    ('@these=IR+TR', '@these=IR')
    """
    return f"{THESE}{first}" if first == second else f"{THESE}{first}+{second}"


def length_unit(count: int) -> str:
    """The unit that says how long a paragraph is, in tokens: headlines read otherwise than bodies."""
    return "@length=" + next((str(limit) for limit in LENGTH_LIMITS if count <= limit), "more")


def placed_units(tokens: Sequence[str], pairs: bool, names: Gazetteer | None) -> list[tuple[str, int, int]]:
    """The units of a paragraph, one for each occurrence, each with the tokens that it is made of.

    Args:
        tokens: the paragraph's tokens in order.
        pairs: whether neighbouring words are units too («حقوق بشر», written with a space between).
        names: the gazetteer, or ``None`` for no units about states and length.

    Returns:
        (unit, first token, one past the last token); both are 0 for a fact about the whole paragraph.

    >>> placed_units(["حقوق", "بشر"], True, None)
    [('حقوق', 0, 1), ('بشر', 1, 2), ('حقوق بشر', 0, 2)]
    """
    units = [(token, place, place + 1) for place, token in enumerate(tokens)]
    if pairs:
        units += [(f"{first} {second}", place, place + 2) for place, (first, second) in enumerate(pairwise(tokens))]
    if names is not None:
        classes = [names.classes.get(token) for token in tokens]
        units += [(kind, place, place + 1) for place, kind in enumerate(classes) if kind]
        units += [
            (f"{left or tokens[place]} {right or tokens[place + 1]}", place, place + 2)
            for place, (left, right) in enumerate(pairwise(classes))
            if left or right
        ]
        named = sorted({names.states[token] for token, kind in zip(tokens, classes, strict=True) if kind})
        units.append((states_unit(len(named)), 0, 0))
        if 1 <= len(named) <= 2:
            units.append((these_unit(named[0], named[-1]), 0, 0))
        units.append((length_unit(len(tokens)), 0, 0))
    return units


def paragraph_units(tokens: Sequence[str], pairs: bool, names: Gazetteer | None) -> list[str]:
    """`placed_units` without their places."""
    return [unit for unit, _, _ in placed_units(tokens, pairs, names)]


def unit_features(unit: str, lemma: str | None, ngram_range: tuple[int, int]) -> list[str]:
    """The features of one unit; repeats count.

    A word has itself, its lemma and its n-grams; a pair has its joined form, so that a compound meets itself
    written as one word; everything about states and length is one feature.
    """
    if "@" in unit:
        return [unit]
    if " " in unit:
        return [unit.replace(" ", "")]
    features = [unit]
    if lemma is not None:
        features.append(f"={lemma}")
    return features + [f"#{gram}" for gram in ngrams(unit, *ngram_range)]
