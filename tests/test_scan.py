"""Words of many texts at once against `text.words`."""

from __future__ import annotations

import unicodedata

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stancelib import scan, text
from stancelib.hashes import hashes_of
from stancelib.records import Paragraph

#: Letters, marks that compose or not, ligatures, sigma, Hangul vowels, lone surrogates, line ends, emoji, keycaps.
HARD = st.text(
    "ابيكة\u200c\u064e\u0654\u0651 ۱3a\u0301\u0327\u3099\u0f73\ufe77\u0653آΣσςİſéẞAé\u1112\u1161\u11ab\u314f\ufefb\ufdf2ﷺ…™½²\ud800\udc00\x00\n\t\u2028😀\ufe0f\u20e3_-«»",
    max_size=30,
)
TEXTS = st.lists(st.one_of(HARD, st.text(max_size=20), st.text(st.characters(codec=None), max_size=9)), max_size=6)


def check(texts: list[str]) -> None:
    found = scan.words(texts)
    expected = [text.words(one) for one in texts]
    flat = [word for words in expected for word in words]
    assert found.spelling(np.arange(len(found.hashes))).strings() == flat
    assert found.owner.tolist() == [n for n, words in enumerate(expected) for _ in words]
    assert found.hashes.tolist() == hashes_of(flat).tolist()
    assert found.lengths.tolist() == [len(word) for word in flat]


@given(TEXTS)
def test_words_of_any_texts(texts: list[str]) -> None:
    check(texts)


@given(st.lists(st.builds(lambda char, n: char * n, HARD, st.integers(1, 20)), max_size=4))
def test_words_of_repeated_texts(texts: list[str]) -> None:
    check(texts)


ENDS = ["", *"\ud83d\ude00\x00\u0301\u1161Σ\u2028\n\ufefb\ufeff", "ΑΣ", "\r\n", "ن\u200c"]


def test_neighbours_in_a_batch_do_not_touch() -> None:
    """What ends one text and what begins the next would join, were they one text."""
    check([left + "ن" + right for left in ENDS for right in ENDS])
    check([one for end in ENDS for one in (end, "e", end)])


def test_words_of_the_corpus(gold: list[Paragraph]) -> None:
    check([p.text for p in gold[::3]])


def test_long_words_and_long_paragraphs_are_cut() -> None:
    check(["ب" * 500 + " پایان", "نفت " * 300_000, "آ" * (text.PARAGRAPH_LENGTH + 5)])
    check(["گاز", "e" + "\u0301\u0327" * 50_000, "نفت", "\ud800" * 1_100_000, "", "\x00" * 100_000, "برق"])
    check(["ﷺ" * 60_000])  # becomes several times as long when it is folded
    assert len(scan.words(["نفت " * 300_000]).hashes) == text.PARAGRAPH_LENGTH // 4


def test_what_may_join_the_character_before_it_is_never_folded_alone() -> None:
    for code in range(0x110000):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            last = chr(int(parts[1], 16))
            assert text.fold_alone(last) in (None, ""), f"U+{code:04X} is made with {last!r}"


def test_characters_folded_alone_are_folded_the_same_in_company() -> None:
    """Every character of the planes that news uses, between letters."""
    for first in range(0, 0x20000, 256):
        characters = [chr(code) for code in range(first, first + 256)]
        check([f"ن{character}ب a{character}" for character in characters])
