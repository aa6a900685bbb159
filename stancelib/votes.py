"""The vote table: what every unit says for every label, looked up and added. Needs numpy only.

For a linear model over TF-IDF features of units with a unit-wise scale,

    score(label) = bias(label) + (1 / scale) * sum over units of weight(count) * vote(unit, label)
    scale        = sqrt(sum over units of (weight(count) * norm(unit)) ** 2)

so the features of a unit are looked up once, when the unit is first met, and a paragraph is a sum over its units.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stancelib import lemmas, scan, text, units
from stancelib.hashes import Lines, Spelling, Substrings, between, hashes_of, joined, without_first
from stancelib.lookup import Growing, HashTable, starts_of_runs

if TYPE_CHECKING:
    from stancelib.arrays import Flags, Floats, Hashes, Ints, NDArray


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Everything a fitted vectorizer knows, and the coefficients on top: what a model file holds.

    Args:
        terms: the features' names in row order.
        idf: (features,) inverse document frequencies, character weight included.
        quantised: (features, labels) coefficients in 16 bits, as multiples of ``step``.
        step: (labels,) what the coefficients are multiples of.
        bias: (labels,) intercepts.
        pairs: the word pairs that are units, a space between the two.
        compounds: (first half, second half) of each.
        lemmas: token -> lemma, where they differ.
        ngram_range: smallest and largest character n-gram.
        count: "binary", "log" or "raw": the weight of a unit that stands several times in a paragraph.
        gazetteer: the states' names; ``None`` where states and length are no units.
        normalizer: "fold" or "hazm".
    """

    terms: Lines
    idf: Floats
    quantised: NDArray[np.int16]
    step: Floats
    bias: Floats
    pairs: Lines
    compounds: Collection[tuple[str, str]]
    lemmas: Mapping[str, str]
    ngram_range: tuple[int, int]
    count: str
    gazetteer: units.Gazetteer | None
    normalizer: str

    @property
    def coef(self) -> Floats:
        """(features, labels) the coefficients."""
        coef: Floats = self.quantised * self.step
        return coef


# Slices of a batch that fit the processor's caches; their size was chosen by measurement.
_SLICE, _SLICE_CHARACTERS = 2000, 1_000_000
# `VoteTable._weighted_sections` sorts numbers that hold a paragraph, a unit and a place in the slice, the latter two
# in so many bits.
_UNIT_BITS, _PLACE_BITS = 26, 23
_PREFIX, _SUFFIX = 1, 2
_SPACE = hashes_of([" "])
_NOTHING, _ONE = np.zeros(1, dtype=np.uint64), np.ones(1, dtype=np.int64)


class _Special:
    """What must be known of some words before units are made of them: affixes, states' names, halves of compounds.

    Word -> row; every array has a last row, -1, that stands for all other words.
    """

    def __init__(self, features: FeatureTable) -> None:
        names = features.gazetteer or units.Gazetteer({}, {})
        opens = {first for first, _ in features.compounds}
        words = sorted({*text.PREFIXES, *text.SUFFIXES, *names.classes, *opens})
        # In order of codes, as `units.these_unit` has them.
        self.codes = {code: n for n, code in enumerate(sorted(set(names.states.values())))}
        self._rows = HashTable(hashes_of(words))
        nothing = ""
        words.append(nothing)
        self.affix = np.array([_PREFIX if w in text.PREFIXES else _SUFFIX if w in text.SUFFIXES else 0 for w in words])
        self.group = np.array([units.CLASSES.index(names.classes[w]) if w in names.classes else -1 for w in words])
        self.state = np.array([self.codes[names.states[w]] if w in names.classes else -1 for w in words])
        self.opens = np.array([w in opens for w in words])

    def find(self, hashes: Hashes) -> Ints:
        """(n,) the rows of words."""
        return self._rows.find(hashes)


class VoteTable:
    """Scores of many paragraphs by look-up.

    Every unit that can say anything has a number. The first numbers are the model's word pairs and its units about
    states and length; words get theirs when they are first met, when all that must be known of them is looked up.

    Args:
        features: a fitted vectorizer's features with their coefficients.
        cache_size: how many words are remembered; past it all of them are dropped, so that memory stays bounded on
            endless distinct words.
    """

    def __init__(self, features: FeatureTable, cache_size: int = 100_000) -> None:
        self.features = features
        self.cache_size = cache_size
        self._lock = threading.Lock()
        terms, pairs = features.terms, features.pairs
        hashes = terms.hashes()
        grams = terms.begin_with("#")
        ngrams, others = np.flatnonzero(grams), np.flatnonzero(~grams)
        # N-grams are asked for most often; a table of their own fits the processor's cache.
        self._ngrams = HashTable(without_first(hashes[ngrams], "#"), ngrams)
        self._rows = HashTable(hashes[others], others)
        self._special = _Special(features)
        self._compounds = HashTable(hashes_of([f"{first} {second}" for first, second in features.compounds]))
        # A pair's feature is its joined form; every other unit without n-grams is its own.
        self._marked = terms.have("@")
        rows = np.concatenate([self._rows.find(pairs.hashes_of_joined_halves()), self._marked])
        hashes = np.concatenate([pairs.hashes(), hashes[self._marked]])
        self._base = len(rows)
        self._letters, self._ends = Growing(np.uint32), Growing(np.int64)
        self._lemmas = HashTable(hashes_of(features.lemmas))
        self._lemma_rows = self._rows.find(hashes_of([f"={lemma}" for lemma in features.lemmas.values()]))
        self._numbers = HashTable(hashes, room=self._base + cache_size)
        # Votes for each label, then the squared norm; a column of zeros more where that makes their number even.
        self._labels = len(features.bias)
        self._width = self._labels + 1 + (self._labels + 1) % 2
        self._votes = Growing(np.float64, self._width)
        idf = np.where(rows >= 0, features.idf[rows], 0.0)
        votes = np.zeros((len(rows), self._width))
        np.multiply(features.quantised[rows], idf[:, None], out=votes[:, : self._labels])
        votes[:, : self._labels] *= features.step
        votes[:, self._labels] = idf**2
        self._votes.extend(votes)
        self._hashes, self._lengths, self._kinds = Growing(np.uint64), Growing(np.int64), Growing(np.int64)
        self._hashes.extend(hashes)
        self._lengths.extend(np.zeros(self._base, dtype=np.int64))
        self._kinds.extend(np.full(self._base, -1))
        self._groups = hashes_of(units.CLASSES)
        self._group_lengths = np.array([len(name) for name in units.CLASSES])
        self._group_units = self._numbers.find(self._groups)
        self._state_units = self._numbers.find(hashes_of([units.states_unit(n) for n in range(units.MOST_STATES + 1)]))
        lengths = (*units.LENGTH_LIMITS, units.LENGTH_LIMITS[-1] + 1)
        self._length_units = self._numbers.find(hashes_of([units.length_unit(n) for n in lengths]))
        self._these = np.full((len(self._special.codes),) * 2, -1)
        for n in np.flatnonzero(terms.begin_with(units.THESE)[self._marked]).tolist():
            first, *second = terms[self._marked[n]].removeprefix(units.THESE).split("+")
            a, b = self._special.codes.get(first), self._special.codes.get(second[0] if second else first)
            if a is not None and b is not None:
                self._these[a, b] = len(pairs) + n

    def __reduce__(self) -> tuple[type[VoteTable], tuple[FeatureTable, int]]:
        """Copies and other processes begin with nothing remembered."""
        return VoteTable, (self.features, self.cache_size)

    def _name(self, number: int) -> str:
        """The unit with that number."""
        if number >= self._base:
            return self._spelling(np.array([number])).strings()[0]
        pairs = self.features.pairs
        name: str = pairs[number] if number < len(pairs) else self.features.terms[self._marked[number - len(pairs)]]
        return name

    def _spelling(self, numbers: Ints) -> Spelling:
        """Words that were learned."""
        lengths = self._lengths.values[numbers]
        starts = self._ends.values[numbers - self._base] - lengths
        return Spelling(self._letters.values[between(starts, lengths)], lengths)

    # --- words that are new ------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One thread at a time. What breaks it off, Ctrl-C in a notebook or want of memory, leaves no word learned by half."""
        with self._lock:
            try:
                yield
            except BaseException:
                self._forget()
                raise

    def _forget(self) -> None:
        for growing in (self._votes, self._hashes, self._lengths, self._kinds):
            growing.cut(self._base)
        self._letters.cut(0)
        self._ends.cut(0)
        self._numbers = HashTable(self._hashes.values, room=self._base + self.cache_size)

    def _learn(self, words: Spelling, hashes: Hashes) -> None:
        """Give new words their numbers, and look up their votes, norms and kinds."""
        owner, row = self._rows_of(words, hashes)
        idf = self.features.idf
        width = len(idf)
        votes = np.zeros((len(hashes), self._width))
        # A feature that a unit has twice counts twice in its vote, and four times in its squared norm.
        keys = owner * width + row
        keys.sort()
        owner, row = np.divmod(keys, width)
        if len(row):
            starts = starts_of_runs(owner)
            shares = np.zeros((len(row), self._width))
            shares[:, : self._labels] = self.features.quantised.take(row, axis=0)
            shares *= idf[row, None]
            votes[owner[starts]] = _sums(shares, starts)
            votes[:, : self._labels] *= self.features.step
            first = starts_of_runs(keys)
            times = np.diff(first, append=len(keys))
            votes[:, self._labels] = np.bincount(owner[first], (times * idf[row[first]]) ** 2, minlength=len(hashes))
        self._numbers.add(hashes, np.arange(len(hashes)) + len(self._hashes))
        self._ends.extend(np.cumsum(words.lengths) + len(self._letters))
        self._letters.extend(words.codes)
        self._votes.extend(votes)
        self._hashes.extend(hashes)
        self._lengths.extend(words.lengths)
        self._kinds.extend(self._special.find(hashes))

    def _rows_of(self, words: Spelling, hashes: Hashes) -> tuple[Ints, Ints]:
        """(position in ``words``, row): `units.unit_features` of many words, as rows of the table."""
        owners, rows = [np.arange(len(hashes))], [self._rows.find(hashes)]
        if self.features.lemmas:
            lemma = self._lemmas.find(hashes)
            owners.append(np.flatnonzero(lemma >= 0))
            rows.append(self._lemma_rows[lemma[owners[-1]]])
        marked = words.marked("<", ">")
        substrings = Substrings(marked.codes)
        place = np.repeat(np.arange(len(hashes)), marked.lengths)
        # Characters up to the end of the word.
        left = np.repeat(np.cumsum(marked.lengths), marked.lengths) - np.arange(len(place))
        for size in range(self.features.ngram_range[0], self.features.ngram_range[1] + 1):
            start = np.flatnonzero(left >= size)
            owners.append(place[start])
            rows.append(self._ngrams.find(substrings.of_length(size)[start]))
        owner, row = np.concatenate(owners), np.concatenate(rows)
        known = row >= 0
        return owner[known], row[known]

    def _numbers_of(self, hashes: Hashes, spelling: Callable[[Ints], Spelling]) -> Ints:
        """The numbers of words; those that are new are learned, and ``spelling`` says what stands at some positions."""
        numbers = self._numbers.find(hashes)
        unknown = np.flatnonzero(numbers < 0)
        if len(unknown):
            new, first = np.unique(hashes[unknown], return_index=True)
            self._learn(spelling(unknown[first]), new)
            numbers[unknown] = self._numbers.find(hashes[unknown])
        return numbers

    # --- a slice of paragraphs ---------------------------------------------------------------------------------

    def _words(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """(numbers of the words, paragraph of each): `text.tokens` for many paragraphs."""
        found = scan.words(texts)
        words, owner = self._numbers_of(found.hashes, found.spelling), found.owner
        kinds = self._kinds.values[words]
        special = np.flatnonzero(kinds >= 0)
        affix = self._special.affix[kinds[special]]
        prefixes = special[(affix == _PREFIX) & (special < len(words) - 1)]
        inner = np.union1d(_every_other(prefixes, owner) + 1, special[affix == _SUFFIX])
        words, owner = self._join(words, owner, inner)
        first = np.flatnonzero(self._special.opens[self._kinds.values[words[:-1]]])
        first = first[self._compounds.find(self._pair_hashes(words[first], words[first + 1])) >= 0]
        first = first[owner[first] == owner[first + 1]]
        return self._join(words, owner, _every_other(first, owner) + 1)

    def _join(self, words: Ints, owner: Ints, inner: Ints) -> tuple[Ints, Ints]:
        """Write the words at the places ``inner`` and those before them, if in the same paragraph, as one."""
        inner = inner[(inner > 0) & (owner[inner] == owner[inner - 1])]
        if not len(inner):
            return words, owner
        start = np.flatnonzero(np.diff(inner, prepend=-1) != 1)
        head, size = inner[start] - 1, np.diff(start, append=len(inner)) + 1
        part = words[between(head, size)]
        first = np.cumsum(size) - size
        length = self._lengths.values[part]
        before = np.cumsum(length) - length
        before -= np.repeat(before[first], size)
        hashes = np.add.reduceat(joined(_NOTHING, before, self._hashes.values[part]), first)

        def spelling(which: Ints) -> Spelling:
            letters = self._spelling(part[between(first[which], size[which])])
            inside = np.cumsum(size[which]) - size[which]
            return Spelling(letters.codes, np.add.reduceat(letters.lengths, inside)).cut(text.TOKEN_LENGTH)

        if len(cut := np.flatnonzero(np.add.reduceat(length, first) > text.TOKEN_LENGTH)):
            hashes[cut] = spelling(cut).hashes()
        words[head] = self._numbers_of(hashes, spelling)
        return np.delete(words, inner), np.delete(owner, inner)

    def _pair_hashes(self, left: Ints, right: Ints) -> Hashes:
        """The hashes of pairs of words with a space between."""
        hashes = self._hashes.values
        return joined(hashes[left], self._lengths.values[left], joined(_SPACE, _ONE, hashes[right]))

    def _sections(self, texts: Sequence[str]) -> Iterator[tuple[Ints, Ints]]:
        """`units.paragraph_units` for many paragraphs, as (unit numbers, paragraph of each) a kind of unit.

        Within a section units stand in the order of the text, so sums over them don't depend on what else is in the
        slice, nor on what was met before: the same paragraph always gets the same scores, to the last bit.
        """
        words, owner = self._words(texts)
        yield words, owner
        inside = owner[:-1] == owner[1:]
        if self.features.pairs:
            yield _known(self._numbers.find(self._pair_hashes(words[:-1], words[1:])), owner[:-1], inside)
        if self.features.gazetteer is None:
            return
        kinds = self._kinds.values[words]
        group = self._special.group[kinds]
        named = np.flatnonzero(group >= 0)
        yield _known(self._group_units[group[named]], owner[named])
        # Beside a state its class stands in the place of its name.
        near = np.flatnonzero(((group[:-1] >= 0) | (group[1:] >= 0)) & inside)
        left, length = self._with_groups(words[near], group[near])
        right, _ = self._with_groups(words[near + 1], group[near + 1])
        yield _known(self._numbers.find(joined(left, length, joined(_SPACE, _ONE, right))), owner[near])
        every = len(self._special.codes)
        each = np.unique(owner[named] * every + self._special.state[kinds[named]])
        paragraph, state = np.divmod(each, every)
        states = np.bincount(paragraph, minlength=len(texts))
        first = starts_of_runs(paragraph)
        last = first + states[paragraph[first]] - 1
        few = last <= first + 1
        yield _known(self._these[state[first[few]], state[last[few]]], paragraph[first[few]])
        all_of_them = np.arange(len(texts))
        yield _known(self._state_units[np.minimum(states, units.MOST_STATES)], all_of_them)
        length = np.searchsorted(units.LENGTH_LIMITS, np.bincount(owner, minlength=len(texts)))
        yield _known(self._length_units[length], all_of_them)

    def _with_groups(self, words: Ints, group: Ints) -> tuple[Hashes, Ints]:
        """(hashes, lengths) of words, of the class's name where a word has a class."""
        hashes, lengths = self._hashes.values[words], self._lengths.values[words]
        named = np.flatnonzero(group >= 0)
        hashes[named] = self._groups[group[named]]
        lengths[named] = self._group_lengths[group[named]]
        return hashes, lengths

    def _weighted_sections(self, texts: Sequence[str]) -> list[tuple[Ints, Ints, Floats]]:
        """(unit numbers, paragraph of each, weight of each), every unit once a paragraph, in the order of the text."""
        if self.features.normalizer == "hazm":
            texts = [lemmas.normalizer()(paragraph) for paragraph in texts]
        if len(self._ends) > self.cache_size:
            self._forget()
        sections = list(self._sections(texts))
        unit = np.concatenate([unit for unit, _ in sections])
        owner = np.concatenate([owner for _, owner in sections])
        keys = (((owner << _UNIT_BITS) | unit) << _PLACE_BITS) | np.arange(len(unit))
        keys.sort()
        first = starts_of_runs(keys >> _PLACE_BITS)
        counts = np.diff(first, append=len(keys)).astype(np.float64)
        weight = np.zeros(len(unit))
        weight[keys[first] & ((1 << _PLACE_BITS) - 1)] = _weight(counts, self.features.count)
        once = []
        end = 0
        for unit, owner in sections:
            start, end = end, end + len(unit)
            here = np.flatnonzero(weight[start:end])
            once.append((unit[here], owner[here], weight[start:end][here]))
        return once

    # --- scores ------------------------------------------------------------------------------------------------

    def scores(self, texts: Sequence[str]) -> Floats:
        """Decision values, shape (paragraphs, labels)."""
        result = np.empty((len(texts), len(self.features.bias)))
        with self._alone():
            for start, end in _slices(texts):
                result[start:end] = self._scores_of_slice(texts[start:end])
        return result

    def _scores_of_slice(self, texts: Sequence[str]) -> Floats:
        sums = np.zeros((len(texts), self._width))
        for unit, owner, weight in self._weighted_sections(texts):
            if len(unit):
                rows = self._votes.values.take(unit, axis=0)
                more = np.flatnonzero(weight != 1)
                rows[more] *= weight[more, None]
                rows[more, self._labels] *= weight[more]
                starts = starts_of_runs(owner)
                sums[owner[starts]] += _sums(rows, starts)
        scale = np.sqrt(sums[:, self._labels, None])
        scores: Floats = self.features.bias + sums[:, : self._labels] / np.where(scale > 0, scale, 1.0)
        return scores

    def votes(self, paragraph: str) -> list[tuple[str, Floats]]:
        """The units of one paragraph with their exact share of each score; with the bias they add up to it.

        Returns:
            (unit, (labels,)) pairs, words first, in order of first occurrence; a pair of words has a space in it.
        """
        with self._alone():
            found = [
                (self._name(n), w, self._votes.values[n].copy())
                for unit, _, weight in self._weighted_sections([paragraph])
                for n, w in zip(unit.tolist(), weight.tolist(), strict=True)
            ]
        scale = math.sqrt(sum(weight * weight * row[self._labels] for _, weight, row in found)) or 1.0
        return [(name, row[: self._labels] * weight / scale) for name, weight, row in found if row[self._labels]]


def _slices(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where to cut a batch, so that what is at hand at once stays small however many texts there are."""
    start = characters = 0
    for n, length in enumerate(map(len, texts)):
        if n > start and (n - start == _SLICE or characters + length > _SLICE_CHARACTERS):
            yield start, n
            start, characters = n, 0
        characters += length
    if start < len(texts):
        yield start, len(texts)


def _known(unit: Ints, owner: Ints, allowed: Flags | None = None) -> tuple[Ints, Ints]:
    """Those units that the model knows (and that are allowed)."""
    known = np.flatnonzero((unit >= 0) if allowed is None else (unit >= 0) & allowed)
    return unit[known], owner[known]


def _sums(rows: Floats, starts: Ints) -> Floats:
    """The sums of the rows from each start up to the next; as complex numbers two columns are added at a time."""
    sums: Floats = np.add.reduceat(rows.view(np.complex128), starts, axis=0).view(np.float64)
    return sums


def _every_other(places: Ints, owner: Ints) -> Ints:
    """Of places in a row within one paragraph the first, the third and so on."""
    new = (np.diff(places, prepend=-2) != 1) | (owner[places] != owner[places - 1])
    number = np.arange(len(places))
    since = number - np.maximum.accumulate(np.where(new, number, 0))
    every_other: Ints = places[since % 2 == 0]
    return every_other


def _weight(counts: Floats, count: str) -> Floats:
    if count == "binary":
        return np.ones_like(counts)
    if count == "log":
        more = np.flatnonzero(counts > 1)
        counts[more] = 1.0 + np.log(counts[more])
    return counts
