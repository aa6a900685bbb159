"""Persian text: folding and tokens. The only file that knows Unicode."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from stancelib.errors import InputError

# --- folding -----------------------------------------------------------------------------------------------------

# Letters that crawled Persian writes in several ways, and the one form that they fold to. Alef with madda stays
# apart («آن» is not «ان»); hamza carriers go to the bare letter because «مسئول», «مسؤول» and «مسوول» are one word.
LETTERS: Final = {
    "ي": "ی",
    "ى": "ی",
    "ې": "ی",
    "ۓ": "ے",
    "ئ": "ی",
    "ك": "ک",
    "ڪ": "ک",
    "ة": "ه",
    "ۀ": "ه",
    "ۂ": "ه",
    "ە": "ه",
    "ہ": "ه",
    "ھ": "ه",
    "أ": "ا",
    "إ": "ا",
    "ٱ": "ا",
    "ؤ": "و",
}
# A madda is dropped last, because «آ» is also written as an alef and a madda.
_MADDA: Final = "\u0653"
# Kashida, the other Arabic combining marks and tatweel-like signs carry no meaning for us.
_DROPPED: Final = {
    0x0640,
    *range(0x0610, 0x061B),
    *range(0x064B, 0x0653),
    *range(0x0654, 0x0660),
    0x0670,
    *range(0x06D6, 0x06EE),
    *range(0xFE00, 0xFE10),
}


#: What is found out about a character is remembered for those below this, so that hostile text takes no memory.
_USUAL: Final = 0x20000


class _FoldTable(dict[int, "str | int | None"]):
    """A `str.translate` table that decides about a character when it first meets it (Unicode is large, text is not)."""

    def __missing__(self, code: int) -> str | int | None:
        char = chr(code)
        value: str | int | None
        if char in LETTERS:
            value = LETTERS[char]
        elif code in _DROPPED or unicodedata.category(char) == "Cf":  # Cf: ZWNJ, ZWJ, bidi controls, BOM, soft hyphen
            value = None
        elif unicodedata.category(char) == "Nd":
            value = str(unicodedata.digit(char))
        else:
            value = code
        if code < _USUAL:
            self[code] = value
        return value


_FOLD: Final = _FoldTable()


def fold(text: str) -> str:
    """Map every spelling of the same Persian text to one form, in linear time.

    Presentation forms and ligatures are decomposed (NFKC), Arabic letters become their Persian twins, ZWNJ, bidi
    controls, kashida and diacritics are dropped, all decimal digits become ASCII, Latin letters lower case.

    Args:
        text: any string, lone surrogates included.

    Returns:
        The folded string; ``fold(fold(x)) == fold(x)``.

    >>> fold("رئيس‌جمهور")
    'رییسجمهور'
    >>> fold("كتــابِ ۱۲٣")
    'کتاب 123'
    """
    # Dropping a mark can bring two characters together that NFKC composes; then a second round is due.
    while True:
        text = text.translate(_FOLD)
        if not unicodedata.is_normalized("NFKC", text):
            text = unicodedata.normalize("NFKC", _in_order(text))
        text = text.lower().translate(_FOLD).replace(_MADDA, "")
        if unicodedata.is_normalized("NFKC", text):
            return text


class _MarkTable(dict[int, str]):
    """A `str.translate` table that makes "M" of what decomposes to combining marks alone, and "x" of all else."""

    def __missing__(self, code: int) -> str:
        value = "M" if unicodedata.combining(unicodedata.normalize("NFKD", chr(code))[0]) else "x"
        if code < _USUAL:
            self[code] = value
        return value


_MARKS: Final = _MarkTable()
_MANY_MARKS: Final = re.compile("M{50,}")


def _in_order(text: str) -> str:
    """Sort long runs of combining marks as NFKC would: `unicodedata` takes quadratic time for that.

    >>> marks = "\u0301\u0327" * 50
    >>> unicodedata.normalize("NFKC", _in_order(marks)) == unicodedata.normalize("NFKC", marks)
    True
    """
    parts, end = [], 0
    for run in _MANY_MARKS.finditer(text.translate(_MARKS)):
        marks = "".join(unicodedata.normalize("NFKD", mark) for mark in text[run.start() : run.end()])
        parts += [text[end : run.start()], "".join(sorted(marks, key=unicodedata.combining))]
        end = run.end()
    return "".join([*parts, text[end:]])


@functools.lru_cache(4096)
def fold_alone(char: str) -> str | None:
    """What `fold` makes of a character whatever stands beside it, or ``None`` if its neighbours matter.

    Combining marks and the vowels of Hangul may join the character before them, a capital sigma depends on its place.

    >>> fold_alone("ك"), fold_alone("\u200c"), fold_alone("\u0301")
    ('ک', '', None)
    """
    return None if _may_join(char) or _beginning(char) == "Σ" else fold(char)


def _may_join(char: str) -> bool:
    """Whether NFKC may compose the character with the one before it."""
    start = _beginning(char)
    return bool(start) and (unicodedata.category(start) in ("Mn", "Mc") or "\u1100" <= start < "\u1200")


def _beginning(char: str) -> str:
    return unicodedata.normalize("NFKD", char.translate(_FOLD))[:1]


# The format characters that are met in Persian text; at the edges of a word they are not part of it.
_FORMAT: Final = (
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)


# --- tokens ------------------------------------------------------------------------------------------------------

_WORD: Final = re.compile(r"[^\W_]+")

#: A token is cut after this many characters: no Persian word is as long, and it bounds what one word can cost.
TOKEN_LENGTH: Final = 40

#: A paragraph is read up to this many characters, which is a thick book: it bounds what one record can cost.
PARAGRAPH_LENGTH: Final = 1_000_000

# Affixes that are written joined, with ZWNJ or with a space; a free-standing one goes to the word it belongs to.
PREFIXES: Final = frozenset(fold(word) for word in ("می", "نمی"))
SUFFIXES: Final = frozenset(
    fold(word)
    for word in [
        "ها",
        "های",
        "هایی",
        "هایم",
        "هایت",
        "هایش",
        "هایمان",
        "هایتان",
        "هایشان",
        "ای",
        "ام",
        "ات",
        "اش",
        "ایم",
        "اید",
        "اند",
        "تر",
        "تری",
        "ترین",
        "ترها",
        "مان",
        "تان",
        "شان",
        "گر",
        "گری",
        "گرا",
        "پذیر",
        "ناپذیر",
    ]
)


def words(text: str) -> list[str]:
    """The folded words of a text, before affixes are joined (punctuation splits, ZWNJ does not).

    >>> words("«ايران/تركيه»،")
    ['ایران', 'ترکیه']
    """
    return [word[:TOKEN_LENGTH] for word in _WORD.findall(fold(text[:PARAGRAPH_LENGTH])[:PARAGRAPH_LENGTH])]


def join_affixes(words: Sequence[str]) -> list[str]:
    """Give free-standing affixes back to their words, as «می شود» and «کشور های» want it.

    >>> join_affixes(["کشور", "های", "می", "روند"])
    ['کشورهای', 'میروند']
    """
    return _joined(words, _affix_starts(words))


def join_compounds(tokens: Sequence[str], compounds: Collection[tuple[str, str]]) -> list[str]:
    """Write the compounds of ``compounds`` as one token, greedily from the left.

    >>> join_compounds(["آتش", "بس", "فوری"], {("آتش", "بس")})
    ['آتشبس', 'فوری']
    """
    return _joined(tokens, _compound_starts(tokens, compounds))


def _affix_starts(words: Sequence[str]) -> list[int]:
    """The places of the words that begin a token; the others go to the token before them."""
    starts: list[int] = []
    after_prefix = False
    for n, word in enumerate(words):
        if after_prefix:
            after_prefix = False
        elif word in PREFIXES:
            starts.append(n)
            after_prefix = True
        elif not (word in SUFFIXES and starts):
            starts.append(n)
    return starts


def _compound_starts(tokens: Sequence[str], compounds: Collection[tuple[str, str]]) -> list[int]:
    starts: list[int] = []
    open_pair = False  # whether the token before may still be the first half of a compound
    for n, token in enumerate(tokens):
        open_pair = not (open_pair and (tokens[n - 1], token) in compounds)
        if open_pair:
            starts.append(n)
    return starts


def _joined(parts: Sequence[str], starts: Sequence[int]) -> list[str]:
    return [parts[a] if b == a + 1 else "".join(parts[a:b])[:TOKEN_LENGTH] for a, b in pairwise([*starts, len(parts)])]


def tokens(text: str, compounds: Collection[tuple[str, str]] = ()) -> list[str]:
    """The folded tokens of a text, free-standing affixes and known compounds joined.

    Args:
        text: any string.
        compounds: (first half, second half) of each, as `find_compounds` finds them.

    >>> tokens("همكاري های دو‌جانبه می شود")
    ['همکاریهای', 'دوجانبه', 'میشود']
    """
    flat = join_affixes(words(text))
    return join_compounds(flat, compounds) if compounds else flat


def token_spans(text: str, compounds: Collection[tuple[str, str]] = ()) -> list[tuple[str, int, int]]:
    """`tokens`, each with the place in the text that it comes from.

    Args:
        text: any string.
        compounds: as for `tokens`.

    Returns:
        (token, start, end) in order: ``text[start:end]`` is how the text writes the token, its spaces and marks included.

    >>> raw = "همكاري های دو‌جانبه"
    >>> [(token, raw[start:end]) for token, start, end in token_spans(raw)]
    [('همکاریهای', 'همكاري های'), ('دوجانبه', 'دو\u200cجانبه')]
    """
    folded, begins, ends = _folded_with_places(text[:PARAGRAPH_LENGTH])
    parts: list[str] = []
    spans: list[tuple[int, int]] = []
    for match in _WORD.finditer(folded, 0, PARAGRAPH_LENGTH):
        first, last = match.start(), min(match.end(), match.start() + TOKEN_LENGTH) - 1
        parts.append(folded[first : last + 1])
        spans.append((begins[first], ends[last]))
    starts = _affix_starts(parts)
    parts, spans = _joined(parts, starts), _joined_spans(spans, starts)
    starts = _compound_starts(parts, compounds)
    parts, spans = _joined(parts, starts), _joined_spans(spans, starts)
    return [(token, *span) for token, span in zip(parts, spans, strict=True)]


def _joined_spans(spans: Sequence[tuple[int, int]], starts: Sequence[int]) -> list[tuple[int, int]]:
    return [(spans[a][0], spans[b - 1][1]) for a, b in pairwise([*starts, len(spans)])]


def _folded_with_places(text: str) -> tuple[str, list[int], list[int]]:
    """`fold` of a text, and for each character of that where in the text it begins and ends."""
    begins: list[int] = []
    ends: list[int] = []
    # A character together with all behind it that folds to nothing or may join it.
    starts = [n for n, char in enumerate(text) if n == 0 or not _goes_with_the_last(char)]
    for start, end in pairwise([*starts, len(text)]):
        piece = text[start:end]
        folded = fold_alone(piece) if end == start + 1 else None
        size = len(fold(piece) if folded is None else folded)
        begins += [start + len(piece) - len(piece.lstrip(_FORMAT))] * size
        ends += [start + len(piece.rstrip(_FORMAT))] * size
        if len(ends) >= PARAGRAPH_LENGTH:
            break
    return fold(text), begins, ends


@functools.lru_cache(4096)
def _goes_with_the_last(char: str) -> bool:
    return _may_join(char) or fold(char) == ""


# Only from the beginning of a word: from each of its letters would take quadratic time.
_HELD_TOGETHER: Final = re.compile(r"(?<![^\W_])[^\W_]+(?:\u200c+[^\W_]+)+")


def find_compounds(texts: Iterable[str], min_count: int = 2) -> frozenset[tuple[str, str]]:
    """Learn which token pairs are one word from the places where a ZWNJ holds them together.

    Args:
        texts: raw texts whose writers used ZWNJ somewhere.
        min_count: how often the form with ZWNJ must occur.

    Returns:
        (first half, second half) of each. Affixes are left out: `join_affixes` has them already.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for text in texts:
        for chunk in text.split():
            if "\u200c" not in chunk:
                continue
            for word in _HELD_TOGETHER.findall(chunk):
                parts = join_affixes([part for piece in word.split("\u200c") for part in words(piece)])
                if len(parts) == 2:
                    counts[parts[0], parts[1]] += 1
    return frozenset(pair for pair, count in counts.items() if count >= min_count)


# --- lists of texts ----------------------------------------------------------------------------------------------------


def list_of_texts(texts: Iterable[str]) -> list[str]:
    """What a caller gave for several texts, as a list.

    Raises:
        InputError: it is one text, a table or no collection at all, or holds something else; says at which position.
    """
    if isinstance(texts, (str, bytes)):
        raise InputError("a list of texts is wanted, not one text")
    # A table gives its rows or the names of its columns, a dictionary its keys: not what was meant.
    table = getattr(texts, "ndim", 1) != 1 or hasattr(texts, "columns") or isinstance(texts, Mapping)
    if table or not isinstance(texts, Iterable):
        raise InputError(f"a list of texts is wanted (of a data frame one column), not {type(texts).__name__}")
    listed = list(texts)
    for n, one in enumerate(listed):
        if not isinstance(one, str):
            raise InputError(f"position {n} (from 0) holds {one!r:.50} ({type(one).__name__}), which is no text")
    return listed
