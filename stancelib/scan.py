"""Many texts to words at once: what `text.words` does with one, as array operations on code points. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from stancelib import text
from stancelib.hashes import Spelling, Substrings, between, codes_of

if TYPE_CHECKING:
    from stancelib.arrays import Codes, Hashes, Ints


# What a character becomes: unknown as yet; only `text.fold` can tell, because its neighbours matter or because it
# becomes several letters; nothing; the end of a word. Everything above is the letter that it folds to.
_UNKNOWN, _HARD, _DROPPED, _BREAK = range(4)
_FOLDED: Final = np.zeros(0x110000, dtype=np.uint32)  # pages that no text touches cost no memory


def _learn(codes: Codes) -> None:
    for code in np.unique(codes).tolist():
        folded = text.fold_alone(chr(code))
        if folded is None:
            _FOLDED[code] = _HARD
        elif not folded:
            _FOLDED[code] = _DROPPED
        elif not any(map(str.isalnum, folded)):
            _FOLDED[code] = _BREAK
        else:
            _FOLDED[code] = ord(folded) if len(folded) == 1 else _HARD


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a batch of texts in reading order.

    Args:
        hashes: (n,) of the folded words, as `hashes.hashes_of` gives them.
        lengths: (n,) in characters.
        owner: (n,) which text each word is of.
        starts: (n,) where each begins in ``codes``.
        codes: the folded characters of the whole batch.
    """

    hashes: Hashes
    lengths: Ints
    owner: Ints
    starts: Ints
    codes: Codes

    def spelling(self, which: Ints) -> Spelling:
        """The folded words at these positions."""
        lengths = self.lengths[which]
        return Spelling(self.codes[between(self.starts[which], lengths)], lengths)


def words(texts: Sequence[str]) -> Words:
    """The words of each text; together they should have no more than a few million characters.

    >>> found = words(["همكاري‌هاي دو", "«نفت/گاز»"])
    >>> found.spelling(np.arange(len(found.hashes))).strings(), found.owner.tolist()
    (['همکاریهای', 'دو', 'نفت', 'گاز'], [0, 0, 1, 1])
    """
    if max(map(len, texts), default=0) > text.PARAGRAPH_LENGTH:
        texts = [paragraph[: text.PARAGRAPH_LENGTH] for paragraph in texts]
    codes, folded, ends = _fold(texts)
    special = np.flatnonzero(folded <= _DROPPED)
    kinds = folded[special]
    if (kinds == _HARD).any():
        hard = np.unique(np.searchsorted(ends, special[kinds == _HARD], side="right"))
        texts = list(texts)
        for n in hard.tolist():
            texts[n] = text.fold(texts[n])[: text.PARAGRAPH_LENGTH]
        codes, folded, ends = _fold(texts)
        at = np.flatnonzero(folded == _HARD)  # these stay as they are: `fold` has left them so
        folded[at] = [code if chr(code).isalnum() else _BREAK for code in codes[at].tolist()]
        special = np.flatnonzero(folded == _DROPPED)
    if len(special):
        folded = folded[folded != _DROPPED]
        ends = ends - np.searchsorted(special, ends)
    letter = folded > _BREAK
    edges = np.flatnonzero(letter[1:] != letter[:-1]) + 1
    start, end = edges[::2], edges[1::2]
    end = np.minimum(end, start + text.TOKEN_LENGTH)
    count = np.diff(np.searchsorted(start, ends), prepend=0)
    owner = np.repeat(np.arange(len(count)), count)
    return Words(Substrings(folded).hashes(start, end), end - start, owner, start, folded)


def _fold(texts: Sequence[str]) -> tuple[Codes, Codes, Ints]:
    """(code points, what they become, where each text ends); a line end stands before the first text and after each."""
    codes = codes_of("\n".join(["", *texts, ""]))
    places = codes.astype(np.int64)  # what NumPy would make of them, much more slowly, to look them up
    folded = _FOLDED[places]
    if not folded.all():
        _learn(codes[folded == _UNKNOWN])
        folded = _FOLDED[places]
    ends = np.cumsum(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 1)
    return codes, folded, ends
