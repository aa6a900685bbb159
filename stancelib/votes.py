"""The vote table: what every unit says for every label, looked up and added. Needs numpy only.

For a linear model over TF-IDF features of units with a unit-wise scale,

    score(label) = bias(label) + (1 / scale) * sum over units of weight(count) * vote(unit, label)
    scale        = sqrt(sum over units of (weight(count) * norm(unit)) ** 2)

so the features of a unit are looked up once, when the unit is first met, and a paragraph is a sum over its units.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from stancelib import text, units
from stancelib.lookup import Chunks, Growing, Ids, NgramTable, PairTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Everything a fitted vectorizer knows, and the coefficients on top: what a model file holds.

    Args:
        terms: the features' names in column order.
        idf: (features,) inverse document frequencies, character weight included.
        coef: (features, labels) coefficients.
        bias: (labels,) intercepts.
        pairs: the word pairs that are units, as (first, second).
        compounds: (first half, second half) -> joined form.
        lemmas: token -> lemma, where they differ.
        ngram_range: smallest and largest character n-gram.
        count: "binary", "log" or "raw": the weight of a unit that stands several times in a paragraph.
        gazetteer: whether states and length are units.
        normalizer: "fold" or "hazm".
    """

    terms: tuple[str, ...]
    idf: Floats
    coef: Floats
    bias: Floats
    pairs: tuple[tuple[str, str], ...]
    compounds: Mapping[tuple[str, str], str]
    lemmas: Mapping[str, str]
    ngram_range: tuple[int, int]
    count: str
    gazetteer: bool
    normalizer: str


_CACHED_CHARACTERS = 50_000_000
_SLICE = 1000
_PREFIX, _SUFFIX = 1, 2
_CLASSES = (units.STATE, units.CAPITAL, units.CITIZEN, units.LEADER)


class VoteTable:
    """Scores of many paragraphs by look-up.

    Args:
        features: a fitted vectorizer's features with their coefficients.
        cache_size: how many distinct tokens are remembered; past it everything that was remembered is dropped, so
            memory stays bounded on endless distinct words.
    """

    def __init__(self, features: FeatureTable, cache_size: int = 400_000) -> None:
        self.features = features
        self.cache_size = cache_size
        self._rows = {term: row for row, term in enumerate(features.terms)}
        ngrams = {term[1:]: row for term, row in self._rows.items() if term[0] == "#"}
        self._ngrams = NgramTable(ngrams, features.ngram_range)
        self._weighted = np.ascontiguousarray(features.coef * features.idf[:, None])
        self._names = units.gazetteer() if features.gazetteer else None
        # In order of codes, as `units.these_unit` has them.
        codes = sorted(set(self._names.states.values())) if self._names else []
        self._states = {code: number for number, code in enumerate(codes)}
        self._reset()

    def _reset(self) -> None:
        """Forget everything that was learned from text; known pairs and classes get the first numbers."""
        self._ids = Ids()
        self._chunks = Chunks(self._ids)
        labels = self.features.coef.shape[1]
        self._votes, self._norms = Growing(np.float64, labels), Growing(np.float64)
        self._kind, self._class, self._state = (Growing(np.int64) for _ in range(3))
        ids = self._ids
        compounds = {(ids[a], ids[b]): ids[whole] for (a, b), whole in self.features.compounds.items()}
        self._compounds = PairTable(compounds)
        pairs = {(ids[a], ids[b]): ids[f"{a} {b}"] for a, b in self.features.pairs}
        self._pairs = PairTable(pairs)
        # Class units follow, with the classes' own numbers in the place of the state's word.
        self._class_ids = np.array([ids[name] for name in _CLASSES], dtype=np.int64)
        beside: dict[tuple[int, int], int] = {}
        self._these = np.full((len(self._states), len(self._states)), -1, dtype=np.int64)
        for term in self.features.terms:
            if " " in term:
                left, right = term.split(" ")
                beside[ids[left], ids[right]] = ids[term]
            elif term.startswith(units.THESE):
                first, *second = term.removeprefix(units.THESE).split("+")
                a, b = self._states.get(first), self._states.get(second[0] if second else first)
                if a is not None and b is not None:
                    self._these[a, b] = ids[term]
        self._beside = PairTable(beside)
        self._states_ids = np.array([ids[units.states_unit(n)] for n in range(units.MOST_STATES + 1)], dtype=np.int64)
        lengths = (*units.LENGTH_LIMITS, units.LENGTH_LIMITS[-1] + 1)
        self._length_ids = np.array([ids[units.length_unit(n)] for n in lengths], dtype=np.int64)
        self._learn()

    def _learn(self) -> None:
        """Look up the votes, norm and classes of every number that is new."""
        known = len(self._norms)
        if known == len(self._ids):
            return
        new = self._ids.names[known:]
        owner, row = self._rows_of(new)
        votes = np.zeros((len(new), self.features.coef.shape[1]))
        # A feature that a unit has twice counts twice in its vote, and four times in its squared norm.
        idf = self.features.idf
        width = len(idf)
        keys = owner * width + row
        keys.sort()
        owner, row = np.divmod(keys, width)
        if len(row):
            starts = np.flatnonzero(np.diff(owner, prepend=-1))
            votes[owner[starts]] = np.add.reduceat(self._weighted[row], starts, axis=0)
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        times = np.diff(first, append=len(keys))
        norms = np.bincount(owner[first], (times * idf[row[first]]) ** 2, minlength=len(new))
        self._votes.extend(votes)
        self._norms.extend(norms)
        kind = [_PREFIX if u in text.PREFIXES else _SUFFIX if u in text.SUFFIXES else 0 for u in new]
        classes, states = [-1] * len(new), [-1] * len(new)
        if self._names is not None:
            for n, unit in enumerate(new):
                if (name := self._names.classes.get(unit)) is not None:
                    classes[n] = _CLASSES.index(name)
                    states[n] = self._states[self._names.states[unit]]
        for old, more in ((self._kind, kind), (self._class, classes), (self._state, states)):
            old.extend(np.array(more, dtype=np.int64))

    def _rows_of(self, new: Sequence[str]) -> tuple[Ints, Ints]:
        """(position in ``new``, row): `units.unit_features` of many units, as rows of the table."""
        names = [unit if "@" in unit else unit.replace(" ", "") for unit in new]
        found = [np.fromiter(map(self._rows.get, names, repeat(-1)), dtype=np.int64, count=len(new))]
        owners = [np.arange(len(new))]
        words = [n for n, unit in enumerate(new) if "@" not in unit and " " not in unit]
        if self.features.lemmas:
            lemmas = [self._rows.get(f"={self.features.lemmas.get(new[n])}", -1) for n in words]
            found.append(np.array(lemmas, dtype=np.int64))
            owners.append(np.array(words, dtype=np.int64))
        owner, row = self._ngrams.find([f"<{new[n]}>" for n in words])
        owner, row = np.concatenate([*owners, np.array(words, dtype=np.int64)[owner]]), np.concatenate([*found, row])
        return owner[row >= 0], row[row >= 0]

    # --- a batch of paragraphs ---------------------------------------------------------------------------------

    def _tokens(self, texts: Iterable[str]) -> tuple[Ints, Ints]:
        """(token numbers, paragraph of each token), affixes and compounds joined."""
        parts = [paragraph.split() for paragraph in texts]
        flat = list(chain.from_iterable(parts))
        chunks = self._chunks
        number = np.fromiter(map(chunks.__getitem__, flat), dtype=np.int64, count=len(flat))
        chunks.learn()
        self._learn()
        first = chunks.start[number]
        count = chunks.start[number + 1] - first
        ends = np.cumsum(count)
        tokens = chunks.tokens[np.arange(count.sum()) + np.repeat(first - ends + count, count)]
        owner = np.repeat(np.repeat(np.arange(len(parts)), [len(part) for part in parts]), count)
        affixes = np.flatnonzero(self._kind.values[tokens])
        if len(affixes):
            tokens, owner = self._join_affixes(tokens, owner, affixes)
        at, whole = self._compounds.find(tokens[:-1], tokens[1:])
        if len(at):
            keep = np.ones(len(tokens), dtype=bool)
            last = -2
            for position, value in zip(at.tolist(), whole.tolist(), strict=True):
                if owner[position] == owner[position + 1] and position != last + 1:
                    tokens[position] = value
                    keep[position + 1] = False
                    last = position
            tokens, owner = tokens[keep], owner[keep]
        return tokens, owner

    def _join_affixes(self, tokens: Ints, owner: Ints, affixes: Ints) -> tuple[Ints, Ints]:
        """`text.join_affixes` on numbers: only the neighbourhoods of free-standing affixes are touched."""
        names = self._ids.names
        keep = np.ones(len(tokens), dtype=bool)
        last = -1  # the last position that an earlier affix has already dealt with
        for position in affixes.tolist():
            if position <= last:
                continue
            par = owner[position]
            if self._kind.values[tokens[position]] == _PREFIX:
                if position + 1 < len(tokens) and owner[position + 1] == par:
                    joined = names[tokens[position]] + names[tokens[position + 1]]
                    keep[position] = False
                    tokens[position + 1] = self._ids[joined[: text.TOKEN_LENGTH]]
                    last = position + 1
                continue
            before = position - 1
            while before >= 0 and not keep[before]:
                before -= 1
            if before >= 0 and owner[before] == par:
                joined = names[tokens[before]] + names[tokens[position]]
                tokens[before] = self._ids[joined[: text.TOKEN_LENGTH]]
                keep[position] = False
        self._learn()
        return tokens[keep], owner[keep]

    def _units(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """(unit numbers, paragraph of each unit): `units.paragraph_units` for a batch."""
        tokens, owner = self._tokens(texts)
        found, owners = [tokens], [owner]
        inside = owner[:-1] == owner[1:]
        if self.features.pairs:
            at, pair = self._pairs.find(tokens[:-1], tokens[1:])
            ok = inside[at]
            found.append(pair[ok])
            owners.append(owner[at[ok]])
        if self._names is not None:
            kind = self._class.values[tokens]
            named = np.flatnonzero(kind >= 0)
            found.append(self._class_ids[kind[named]])
            owners.append(owner[named])
            mixed = tokens.copy()
            mixed[named] = self._class_ids[kind[named]]
            edge = np.flatnonzero(((kind[:-1] >= 0) | (kind[1:] >= 0)) & inside)
            at, unit = self._beside.find(mixed[edge], mixed[edge + 1])
            found.append(unit)
            owners.append(owner[edge[at]])
            each = np.unique(owner[named] * len(self._states) + self._state.values[tokens[named]])
            par, state = np.divmod(each, len(self._states))
            states = np.bincount(par, minlength=len(texts))
            first = np.flatnonzero(np.diff(par, prepend=-1))
            last = first + states[par[first]] - 1
            few = last <= first + 1
            these = self._these[state[first[few]], state[last[few]]]
            found.append(these[these >= 0])
            owners.append(par[first[few]][these >= 0])
            lengths = np.searchsorted(units.LENGTH_LIMITS, np.bincount(owner, minlength=len(texts)))
            found += [self._states_ids[np.minimum(states, units.MOST_STATES)], self._length_ids[lengths]]
            owners += [np.arange(len(texts))] * 2
        return np.concatenate(found), np.concatenate(owners)

    def _counted(self, texts: Sequence[str]) -> tuple[Ints, Ints, Floats]:
        """(unit, paragraph, weight), each unit once a paragraph, in paragraph order."""
        if len(self._ids) > self.cache_size or self._chunks.characters > _CACHED_CHARACTERS:
            self._reset()
        if self.features.normalizer == "hazm":
            texts = [text.hazm_normalizer()(paragraph) for paragraph in texts]
        unit, owner = self._units(texts)
        keys = (owner << 32) | unit
        keys.sort()
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        counts = np.diff(first, append=len(keys)).astype(np.float64)
        keys = keys[first]
        return keys & 0xFFFFFFFF, keys >> 32, _weight(counts, self.features.count)

    def scores(self, texts: Sequence[str]) -> Floats:
        """Decision values, shape (paragraphs, labels)."""
        # In slices, so that what is at hand at once stays small however many texts there are.
        slices = [self._scores_at_once(texts[at : at + _SLICE]) for at in range(0, len(texts), _SLICE)]
        return np.concatenate([np.zeros((0, len(self.features.bias))), *slices])

    def _scores_at_once(self, texts: Sequence[str]) -> Floats:
        result = np.repeat(self.features.bias[None, :], len(texts), axis=0)
        unit, owner, weight = self._counted(texts)
        if len(unit):
            starts = np.flatnonzero(np.diff(owner, prepend=-1))
            sums = np.add.reduceat(self._votes.values[unit] * weight[:, None], starts, axis=0)
            scale = np.sqrt(np.add.reduceat(weight**2 * self._norms.values[unit], starts))
            result[owner[starts]] += sums / np.where(scale > 0, scale, 1.0)[:, None]
        return result

    def votes(self, paragraph: str) -> list[tuple[str, Floats]]:
        """The units of one paragraph with their exact share of each score; with the bias they add up to it.

        Returns:
            (unit, (labels,)) pairs in order of first occurrence; a pair of words has a space in it.
        """
        unit, _, weight = self._counted([paragraph])
        scale = math.sqrt(float(weight**2 @ self._norms.values[unit])) or 1.0
        names = self._ids.names
        return [
            (names[n], self._votes.values[n] * w / scale)
            for n, w in zip(unit.tolist(), weight.tolist(), strict=True)
            if self._norms.values[n]
        ]


def _weight(counts: Floats, count: str) -> Floats:
    if count == "binary":
        return np.ones_like(counts)
    if count == "log":
        counts = 1.0 + np.log(counts)
    return counts
