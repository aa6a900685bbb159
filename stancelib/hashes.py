"""Strings as 64-bit numbers: many of them, their parts and what they make joined. Needs NumPy only.

The hash of a string c0 c1 … is the polynomial sum of code(cj) * r ** j modulo 2 ** 64. Prefix sums over a long run of
characters give the hash of every substring in one subtraction, and the hash of two strings joined follows from theirs:
hash(ab) = hash(a) + r ** len(a) * hash(b) (Karp and Rabin, 1987). Two different words out of a million share a hash
with a probability of about one in 10 ** 7; the hash is the same on every machine and in every run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from stancelib.arrays import Codes, Flags, Hashes, Ints


_R = 0x9E3779B97F4A7C15
_WORD = 1 << 64


class _Powers:
    """r ** 0, r ** 1, … modulo 2 ** 64, as far as anybody has asked."""

    def __init__(self, base: int) -> None:
        self._base = np.uint64(base)
        self._known = np.ones(1, dtype=np.uint64)

    def upto(self, length: int) -> Hashes:
        if length > len(self._known):
            steps = np.full(max(length, 4096), self._base)
            steps[0] = 1
            self._known = np.multiply.accumulate(steps)
        return self._known[:length]


_UP, _DOWN = _Powers(_R), _Powers(pow(_R, -1, _WORD))


def codes_of(characters: str) -> Codes:
    """(n,) code points of any string, lone surrogates included."""
    return np.frombuffer(characters.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def between(first: Ints, count: Ints) -> Ints:
    """The numbers first[0], first[0] + 1, … (count[0] of them), first[1], … in a row."""
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(first - ends + count, count)


class Substrings:
    """Hashes of substrings of a long run of characters.

    Args:
        codes: (n,) what stands for each character.
    """

    def __init__(self, codes: Codes) -> None:
        self._sums = np.zeros(len(codes) + 1, dtype=np.uint64)
        sums = self._sums[1:]
        sums[:] = codes  # one kind of number at a time: NumPy is several times slower where kinds meet
        sums *= _UP.upto(len(codes))
        np.cumsum(sums, out=sums)
        self._down = _DOWN.upto(len(codes) + 1)

    def hashes(self, start: Ints, end: Ints) -> Hashes:
        """The hash of the characters from each start up to its end."""
        result: Hashes = (self._sums[end] - self._sums[start]) * self._down[start]
        return result

    def of_length(self, length: int) -> Hashes:
        """(n - length + 1,) the hash of every substring of that length."""
        result: Hashes = self._sums[length:] - self._sums[: max(len(self._sums) - length, 0)]
        result *= self._down[: len(result)]
        return result


@dataclass(frozen=True, slots=True)
class Spelling:
    """Words as one run of characters.

    Args:
        codes: the code points of all words in a row.
        lengths: (n,) how many each word has.
    """

    codes: Codes
    lengths: Ints

    @property
    def starts(self) -> Ints:
        """(n,) where each begins."""
        starts: Ints = np.cumsum(self.lengths) - self.lengths
        return starts

    def hashes(self) -> Hashes:
        """The hash of each."""
        return Substrings(self.codes).hashes(self.starts, self.starts + self.lengths)

    def marked(self, before: str, after: str) -> Spelling:
        """The words with a character before each and another one after.

        >>> Spelling(codes_of("نفتگاز"), np.array([3, 3])).marked("<", ">").strings()
        ['<نفت>', '<گاز>']
        """
        lengths = self.lengths + 2
        ends = np.cumsum(lengths)
        codes = np.empty(len(self.codes) + 2 * len(lengths), dtype=self.codes.dtype)
        codes[ends - lengths] = ord(before)
        codes[ends - 1] = ord(after)
        codes[between(ends - lengths + 1, self.lengths)] = self.codes
        return Spelling(codes, lengths)

    def cut(self, length: int) -> Spelling:
        """The words without what each has past a length."""
        lengths = np.minimum(self.lengths, length)
        return Spelling(self.codes[between(self.starts, lengths)], lengths)

    def strings(self) -> list[str]:
        """The words."""
        every = self.codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
        ends = np.cumsum(self.lengths).tolist()
        return [every[start:end] for start, end in zip([0, *ends], ends, strict=False)]


class Lines(Sequence[str]):
    """Many strings without line ends, kept as one run of characters: what is asked of all of them is asked at once.

    Args:
        characters: the strings, a line end after each.

    >>> lines = Lines("نفت\\nگاز\\n")
    >>> len(lines), lines[1], list(lines)
    (2, 'گاز', ['نفت', 'گاز'])
    """

    def __init__(self, characters: str) -> None:
        self.characters = characters
        self._codes = codes_of(characters)
        self._ends = np.flatnonzero(self._codes == ord("\n"))
        self._starts = np.append(0, self._ends[:-1] + 1)[: len(self._ends)]

    @classmethod
    def of(cls, strings: Iterable[str]) -> Lines:
        """From strings in a row."""
        return cls("\n".join([*strings, ""]))

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, n: Any) -> Any:
        return list(self)[n] if isinstance(n, slice) else self.characters[self._starts[n] : self._ends[n]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.characters.split("\n")[:-1])

    def hashes(self) -> Hashes:
        """The hash of each."""
        return self._hashes(self._starts, self._ends)

    def hashes_of_joined_halves(self) -> Hashes:
        """The hash of each when the space in its middle is left out.

        Raises:
            ValueError: there is not exactly one space in each.
        """
        space = np.flatnonzero(self._codes == ord(" "))
        if len(space) != len(self) or (space < self._starts).any() or (space > self._ends).any():
            raise ValueError("a pair is not two words with a space between")
        return joined(self._hashes(self._starts, space), space - self._starts, self._hashes(space + 1, self._ends))

    def _hashes(self, starts: Ints, ends: Ints) -> Hashes:
        found = [np.zeros(0, dtype=np.uint64)]
        block = 1 << 16  # what fits the processor's caches
        cuts = np.searchsorted(starts, np.arange(0, len(self._codes) + block, block))
        for first, last in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
            if last > first:
                low = starts[first]
                part = Substrings(self._codes[low : ends[last - 1]])
                found.append(part.hashes(starts[first:last] - low, ends[first:last] - low))
        return np.concatenate(found)

    @property
    def sizes(self) -> Ints:
        """The number of characters of each."""
        sizes: Ints = self._ends - self._starts
        return sizes

    def begin_with(self, characters: str) -> Flags:
        """Which of them begin with some characters."""
        found = np.ones(len(self), dtype=bool)
        for n, code in enumerate(codes_of(characters)):
            # Each ends in a line end, so one that is shorter differs before its end is passed.
            found[found] = self._codes[self._starts[found] + n] == code
        return found

    def have(self, character: str) -> Ints:
        """The places of those that have a character somewhere."""
        return np.unique(np.searchsorted(self._ends, np.flatnonzero(self._codes == ord(character))))


def hashes_of(strings: Iterable[str]) -> Hashes:
    """The hashes of strings without line ends, in order.

    >>> one, two, both = hashes_of(["نف", "ت", "نفت"])
    >>> bool(joined(np.array([one]), np.array([2]), np.array([two]))[0] == both)
    True
    """
    return Lines.of(strings).hashes()


def without_first(hashes: Hashes, character: str) -> Hashes:
    """The hashes of strings without their first character, which is the same for all."""
    result: Hashes = (hashes - np.uint64(ord(character))) * _DOWN.upto(2)[1]
    return result


def joined(left: Hashes, length: Ints, right: Hashes) -> Hashes:
    """The hashes of strings joined in pairs, from those of the left ones, their lengths, and those of the right ones."""
    result: Hashes = left + _UP.upto(int(length.max(initial=0)) + 1)[length] * right
    return result
