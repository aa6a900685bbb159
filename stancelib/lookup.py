"""Tables that are asked about many things at once: numbers of tokens and chunks, values of pairs, rows of n-grams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stancelib import text

Ints = NDArray[np.int64]


class Growing:
    """An array that grows at its end without being copied each time.

    Args:
        dtype: of the values.
        width: values in a row; ``None`` for a plain row of values.
    """

    def __init__(self, dtype: type, width: int | None = None) -> None:
        self._store: NDArray[Any] = np.zeros(64 if width is None else (64, width), dtype=dtype)
        self._length = 0

    def extend(self, more: NDArray[Any]) -> None:
        length = self._length + len(more)
        if length > len(self._store):
            store = np.zeros((max(length, 2 * len(self._store)), *self._store.shape[1:]), dtype=self._store.dtype)
            store[: self._length] = self._store[: self._length]
            self._store = store
        self._store[self._length : length] = more
        self._length = length

    def __len__(self) -> int:
        return self._length

    @property
    def values(self) -> NDArray[Any]:
        """(length,) or (length, width): what is there so far, not a copy."""
        return self._store[: self._length]


class Ids(dict[str, int]):
    """Token -> number, in order of first sight."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __missing__(self, token: str) -> int:
        number = self[token] = len(self.names)
        self.names.append(token)
        return number


class Chunks(dict[str, int]):
    """Whitespace-free stretch of text -> its number, in order of first sight.

    After `learn`, ``tokens[start[n] : start[n + 1]]`` are the numbers of the tokens of chunk n.
    """

    def __init__(self, ids: Ids) -> None:
        super().__init__()
        self._ids = ids
        self._new: list[str] = []
        self._tokens, self._start = Growing(np.int64), Growing(np.int64)
        self._start.extend(np.zeros(1, dtype=np.int64))
        self.characters = 0

    def __missing__(self, chunk: str) -> int:
        number = self[chunk] = len(self)
        self._new.append(chunk)
        return number

    def learn(self) -> None:
        """Look into the chunks that are new since the last call, all folded in one go."""
        if not self._new:
            return
        ids = self._ids
        tokens, lengths = text.tokens_of_chunks(self._new)
        numbers = np.fromiter(map(ids.__getitem__, tokens), np.int64, len(tokens))
        self.characters += sum(map(len, self._new))
        self._start.extend(len(self._tokens) + np.cumsum(lengths))
        self._tokens.extend(numbers)
        self._new = []

    @property
    def tokens(self) -> Ints:
        return self._tokens.values

    @property
    def start(self) -> Ints:
        return self._start.values


class SortedTable:
    """Number -> value, for many numbers at once.

    Args:
        keys: (n,) different numbers in any order.
        values: (n,) the value of each.
    """

    def __init__(self, keys: NDArray[Any], values: Ints) -> None:
        order = np.argsort(keys, kind="stable")
        self._keys, self._values = keys[order], values[order]

    def find(self, keys: NDArray[Any]) -> tuple[NDArray[np.bool_], Ints]:
        """Which of the numbers are known, and the values of those."""
        if not len(self._keys):
            return np.zeros(len(keys), dtype=bool), self._values
        where = np.searchsorted(self._keys, keys)
        where[where == len(self._keys)] = 0
        hit = self._keys[where] == keys
        return hit, self._values[where[hit]]


class PairTable:
    """(left number, right number) -> value, for many pairs at once."""

    def __init__(self, pairs: Mapping[tuple[int, int], int]) -> None:
        keys = np.array([(left << 32) | right for left, right in pairs], dtype=np.int64)
        self._table = SortedTable(keys, np.array(list(pairs.values()), dtype=np.int64))
        ends = max((max(pair) for pair in pairs), default=0) + 2
        self._left, self._right = np.zeros(ends, dtype=bool), np.zeros(ends, dtype=bool)
        for left, right in pairs:
            self._left[left] = self._right[right] = True

    def find(self, left: Ints, right: Ints) -> tuple[Ints, Ints]:
        """Positions where (left, right) is a known pair, and its values there."""
        last = len(self._left) - 1  # the last entry of each mask is False and stands for "too new to be in a pair"
        at = np.flatnonzero(self._left[np.minimum(left, last)] & self._right[np.minimum(right, last)])
        hit, values = self._table.find((left[at] << 32) | right[at])
        return at[hit], values


class NgramTable:
    """Character n-gram -> row, for all n-grams of many words at once.

    An n-gram is a number in a base that is larger than the alphabet; up to 2 ** 64, which is 9 characters of an
    alphabet of 130, different n-grams have different numbers, beyond that a collision is as likely as in any 64-bit
    hash.

    Args:
        rows: n-gram -> row.
        ngram_range: smallest and largest n-gram.
    """

    def __init__(self, rows: Mapping[str, int], ngram_range: tuple[int, int]) -> None:
        self._range = ngram_range
        alphabet = sorted(set(chain.from_iterable(rows)))
        self._base = np.uint64(len(alphabet) + 2)
        # Digits start at 1, so that n-grams of different lengths differ; the last digit is every other character.
        self._digits = np.full(ord(max(alphabet, default=" ")) + 2, len(alphabet) + 1, dtype=np.uint64)
        self._digits[[ord(character) for character in alphabet]] = np.arange(1, len(alphabet) + 1)
        keys, values = [np.zeros(0, dtype=np.uint64)], [np.zeros(0, dtype=np.int64)]
        for size in range(ngram_range[0], ngram_range[1] + 1):
            grams = [gram for gram in rows if len(gram) == size]
            keys.append(self._keys(self._encode("".join(grams)), size)[::size])
            values.append(np.array([rows[gram] for gram in grams], dtype=np.int64))
        self._table = SortedTable(np.concatenate(keys), np.concatenate(values))

    def _encode(self, characters: str) -> NDArray[np.uint64]:
        codes = np.frombuffer(characters.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        digits: NDArray[np.uint64] = self._digits[np.minimum(codes, len(self._digits) - 1)]
        return digits

    def _keys(self, digits: NDArray[np.uint64], size: int) -> NDArray[np.uint64]:
        count = max(len(digits) - size + 1, 0)
        keys = digits[:count].copy()
        for offset in range(1, size):
            keys *= self._base
            keys += digits[offset : offset + count]
        return keys

    def find(self, words: Sequence[str]) -> tuple[Ints, Ints]:
        """(position of the word, row) for every known n-gram of every word, once for each time it is there."""
        lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
        owner = np.repeat(np.arange(len(words)), lengths)
        left = np.repeat(np.cumsum(lengths), lengths) - np.arange(lengths.sum())  # characters from here to the end
        digits = self._encode("".join(words))
        owners, rows = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for size in range(self._range[0], self._range[1] + 1):
            inside = np.flatnonzero(left >= size)
            hit, found = self._table.find(self._keys(digits, size)[inside])
            owners.append(owner[inside[hit]])
            rows.append(found)
        return np.concatenate(owners), np.concatenate(rows)
