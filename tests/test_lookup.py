"""The look-up tables against plain dictionaries."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stancelib.lookup import Growing, NgramTable, PairTable

WORDS = st.lists(st.text(st.characters(codec=None), max_size=12), max_size=12)


def ngrams(word: str, smallest: int, largest: int) -> list[str]:
    return [word[i : i + n] for n in range(smallest, largest + 1) for i in range(len(word) - n + 1)]


@given(WORDS, WORDS, st.integers(1, 3), st.integers(0, 9))
def test_ngrams_as_a_dictionary_finds_them(known: list[str], words: list[str], smallest: int, more: int) -> None:
    largest = smallest + more
    rows = {gram: row for row, gram in enumerate(dict.fromkeys(g for w in known for g in ngrams(w, smallest, largest)))}
    words = [*words, *known[::2]]
    expected = Counter(
        (n, rows[gram]) for n, word in enumerate(words) for gram in ngrams(word, smallest, largest) if gram in rows
    )
    owner, row = NgramTable(rows, (smallest, largest)).find(words)
    assert Counter(zip(owner.tolist(), row.tolist(), strict=True)) == expected


NUMBERS = st.integers(0, 9)


@given(st.dictionaries(st.tuples(NUMBERS, NUMBERS), NUMBERS, max_size=20), st.lists(st.integers(0, 99), max_size=30))
def test_pairs_as_a_dictionary_finds_them(pairs: dict[tuple[int, int], int], numbers: list[int]) -> None:
    sequence = np.array(numbers, dtype=np.int64)
    at, values = PairTable(pairs).find(sequence[:-1], sequence[1:])
    expected = [(n, pairs[pair]) for n, pair in enumerate(pairwise(numbers)) if pair in pairs]
    assert list(zip(at.tolist(), values.tolist(), strict=True)) == expected


@given(st.lists(st.lists(st.integers(0, 9), max_size=90), max_size=9))
def test_a_growing_array_holds_everything_in_order(parts: list[list[int]]) -> None:
    growing, wide = Growing(np.int64), Growing(np.float64, 2)
    for part in parts:
        growing.extend(np.array(part, dtype=np.int64))
        wide.extend(np.array([[n, -n] for n in part], dtype=np.float64).reshape(-1, 2))
    together = [n for part in parts for n in part]
    assert growing.values.tolist() == together
    assert len(growing) == len(together)
    assert wide.values.tolist() == [[n, -n] for n in together]
