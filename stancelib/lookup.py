"""Tables that are asked about many hashes at once, and arrays that grow. Needs NumPy only."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from stancelib.arrays import Hashes, Ints, NDArray


_SPARE = 3  # slots for each key: most questions are about keys that are not there, and an empty slot answers those
_VALUE_BITS = np.uint64(26)
_VALUES = np.uint64((1 << 26) - 1)
_PAGE = 1 << 21


def on_large_pages(length: int, dtype: type) -> NDArray[Any]:
    """(length,) zeros; many of them are put on large pages of memory, where places taken at random are found sooner.

    NumPy asks the system for large pages (2 MB on most machines) for whatever has 4 MB or more.
    """
    size = length * np.dtype(dtype).itemsize
    if size < _PAGE // 4:
        return np.zeros(length, dtype=dtype)
    room = np.empty(max(size + _PAGE, 2 * _PAGE), dtype=np.uint8)
    start = -room.__array_interface__["data"][0] % _PAGE
    array: NDArray[Any] = room[start : start + size].view(dtype)
    array[:] = 0
    return array


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
            store = np.empty((max(length, 2 * len(self._store)), *self._store.shape[1:]), dtype=self._store.dtype)
            store[: self._length] = self._store[: self._length]
            self._store = store
        self._store[self._length : length] = more
        self._length = length

    def cut(self, length: int) -> None:
        """Forget what stands from ``length`` on."""
        self._length = length

    def __len__(self) -> int:
        return self._length

    @property
    def values(self) -> NDArray[Any]:
        """(length,) or (length, width): what is there so far, not a copy."""
        return self._store[: self._length]


def starts_of_runs(values: NDArray[Any]) -> Ints:
    """Where a value differs from the one before it; the first one always does."""
    differs = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return np.flatnonzero(differs)


class HashTable:
    """Hash -> value, for many hashes at once: open addressing, linear probing.

    A slot holds 38 bits of a key above its value, so that one look at memory answers a question. A key that is not
    there is taken for another one with a probability of about one in 10 ** 12.

    Args:
        keys: (n,) different hashes to begin with.
        values: (n,) the value of each, from 0 to 2 ** 26 - 2; 0, 1, … by default.
        room: how many keys there may be before it has to grow.

    Raises:
        ValueError: two of the keys are the same.
    """

    def __init__(self, keys: Hashes | None = None, values: Ints | None = None, room: int = 64) -> None:
        self._keys, self._values = Growing(np.uint64), Growing(np.int32)
        self._factor = np.uint64(0xD6E8FEB86659FD93)
        keys = np.zeros(0, dtype=np.uint64) if keys is None else keys
        self._room(max(len(keys), room))
        self.add(keys, np.arange(len(keys)) if values is None else values)
        if np.count_nonzero(self._slots) < len(keys):
            raise ValueError("two keys of a table are the same")

    def _room(self, length: int) -> None:
        bits = (_SPARE * length - 1).bit_length()
        self._shift = np.uint64(64 - bits)
        self._mask = (1 << bits) - 1
        self._slots = on_large_pages(1 << bits, np.uint64)  # 0: nothing here

    def __len__(self) -> int:
        return len(self._keys)

    def _first_slot(self, keys: Hashes) -> Ints:
        # The high bits of a product mix all bits of the key (Knuth, The Art of Computer Programming 3, 6.4).
        slot = keys * self._factor
        slot >>= self._shift
        return slot.view(np.int64)

    def find(self, keys: Hashes) -> Ints:
        """(n,) the value of each key, -1 where it is unknown."""
        tag = keys << _VALUE_BITS
        slot = self._first_slot(keys)
        there = self._slots[slot]
        found = there ^ tag  # the value plus one, if the tags are the same
        hit = found <= _VALUES
        found *= hit
        other = np.flatnonzero((there != 0) > hit)
        at, tag = slot[other], tag[other]
        while len(other):  # an empty slot ends the search, a slot with another key sends it on
            at = (at + 1) & self._mask
            there = self._slots[at]
            here = there ^ tag
            hit = here <= _VALUES
            found[other[hit]] = here[hit]
            on = np.flatnonzero((there != 0) > hit)
            other, at, tag = other[on], at[on], tag[on]
        values: Ints = found.view(np.int64)
        values -= 1
        return values

    def add(self, keys: Hashes, values: Ints) -> None:
        """Add different keys that are not there yet, with their values."""
        self._keys.extend(keys)
        self._values.extend(values)
        if _SPARE * len(self) > self._mask + 1:
            keys, values = self._keys.values, self._values.values
            self._room(2 * len(self))
        while not self._put(keys, values):
            # By chance that is next to never, so somebody has made words for these slots: no one can for random ones.
            self._factor = np.uint64(int.from_bytes(os.urandom(8), "little") | 1)
            keys, values = self._keys.values, self._values.values
            self._room(len(self))

    def _put(self, keys: Hashes, values: Ints) -> bool:
        """Put keys into free slots; false when it takes too long."""
        slot = self._first_slot(keys)
        slots = (keys << _VALUE_BITS) | (values + 1).astype(np.uint64)
        work = 8 * len(keys) + 4096  # by chance less than twice as many slots are tried as there are keys
        while len(slots) and (work := work - len(slots)) >= 0:
            free = np.flatnonzero(self._slots[slot] == 0)
            self._slots[slot[free]] = slots[free]  # of several that want a slot the last one gets it
            left = np.flatnonzero((self._slots[slot] ^ slots) > _VALUES)
            slots, slot = slots[left], (slot[left] + 1) & self._mask
        return not len(slots)
