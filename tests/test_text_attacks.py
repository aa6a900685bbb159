"""Text that nobody writes by accident: whatever it is, it has words, each has a place, and it takes linear time."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stancelib
from stancelib import lemmas, scan, text
from stancelib.articles import ENCODINGS, decode, split_paragraphs
from stancelib.errors import InputError
from stancelib.model import StanceModel

#: Letters of several scripts, every kind of mark and control, ligatures, halves of surrogate pairs, line ends.
HOSTILE = (
    "ابنيكةئأآوهی۱٣4 .,،_-/«»#\u200c\u200d\u200e\u202b\u202e\u2066\u2069\ufeff\u00ad\u0640"
    "\u064e\u0651\u0653\u0654\u0670\u06d6\ufe0f\u20e3\u0301\u0327\u0323\u0338\u0345\u0f73\u3099\uff9e\U0001d165"
    "ΣσςAİſßẞéÅ\u1112\u1161\u11ab\u314f\u3131각か\ufefb\ufdf2ﷺ\ufe77\ufc5e™½²①ﬃǆ𝐀𝟘\ud83d\ud800\udc00\udfff😀\x00\x1c\x85\u2028\n\r\t\u3000"
)
AFFIXES = st.sampled_from(["می ", "نمی ", " ها", " های ", " تر", " ام ", "آتش بس ", "آتش\u200cبس", " گر"])
PIECE = st.one_of(
    st.text(HOSTILE, max_size=12),
    st.text(st.characters(codec=None), max_size=6),
    AFFIXES,
    st.builds(lambda char, n: char * n, st.sampled_from(HOSTILE), st.integers(30, 130)),
)
ANY = st.lists(PIECE, max_size=8).map("".join)
COMPOUNDS = {("آتش", "بس"), ("ا", "ب"), ("ب", "ا")}


def same_sigma(word: str) -> str:
    """A sigma is final or not by what stands around its word, so a part of a text can have the other one."""
    return word.replace("ς", "σ")


@given(ANY)
def test_folding_is_total_and_idempotent(raw: str) -> None:
    once = text.fold(raw)
    assert text.fold(once) == once
    assert unicodedata.is_normalized("NFKC", once)


@given(ANY, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_folding_does_not_see_the_unicode_form(raw: str, form: str) -> None:
    assert text.fold(unicodedata.normalize(form, raw)) == text.fold(raw)


def test_an_alef_and_a_madda_are_one_letter() -> None:
    assert text.fold("ا\u0653ن") == text.fold("ا\u064e\u200c\u0653ن") == "آن"
    assert text.fold("ب\u0653ن") == "بن"


@given(ANY)
def test_tokens_are_words_of_their_own(raw: str) -> None:
    for token in text.tokens(raw, COMPOUNDS):
        assert 0 < len(token) <= text.TOKEN_LENGTH
        assert text.words(token) == [token]


@given(ANY)
def test_places_of_tokens_are_where_the_text_has_them(raw: str) -> None:
    spans = text.token_spans(raw, COMPOUNDS)
    assert [token for token, _, _ in spans] == text.tokens(raw, COMPOUNDS)
    assert all(0 <= start < end <= len(raw) for _, start, end in spans)
    # In order, and apart unless one character makes both words, as ¼ does.
    assert all(a[2] <= b[1] or a[1:] == b[1:] or len(text.words(raw[b[1] : a[2]])) > 1 for a, b in pairwise(spans))
    for token, start, end in spans:
        own = [same_sigma(one) for one in text.tokens(raw[start:end], COMPOUNDS)]
        assert any(same_sigma(token) == one[: len(token)] for one in own), (token, raw[start:end])
        inside = "".join(map(same_sigma, text.words(raw[start:end])))
        assert same_sigma(token) in inside or len(token) == text.TOKEN_LENGTH
    # Nothing outside the places is a word, but for what is cut off.
    for (token, _, end), (_, start, _) in pairwise([("", 0, 0), *spans, ("", len(raw), len(raw))]):
        assert text.words(raw[end:start]) == [] or len(token) == text.TOKEN_LENGTH


def check_every_character(first: int, last: int) -> None:
    """Each alone and between letters: the tokens that it makes have their places in its own cell."""
    for block in range(first, last, 1024):
        characters = [chr(code) for code in range(block, block + 1024)]
        # A ligature of «تر» alone would go to the cell before.
        alone = [c for c in characters if text.fold(c) not in text.SUFFIXES | text.PREFIXES]
        cells = [f"ن{c}ب" for c in characters] + [f" {c} " for c in alone]
        raw = "\n".join(cells)
        spans = text.token_spans(raw)
        assert [token for token, _, _ in spans] == text.tokens(raw)
        ends = np.cumsum([len(cell) + 1 for cell in cells])
        starts, stops = np.array([span[1:] for span in spans]).T
        cell = np.searchsorted(ends, starts, side="right")
        assert (stops < ends[cell]).all()
        owned: list[list[str]] = [[] for _ in cells]
        for n, (token, _, _) in zip(cell.tolist(), spans, strict=True):
            owned[n].append(token)
        assert owned == [text.tokens(one) for one in cells]
        assert scan.words(cells).owner.tolist() == [n for n, one in enumerate(cells) for _ in text.words(one)]


@pytest.mark.parametrize(("first", "last"), [(0, 0x3400), (0xD400, 0x10000), (0x1D000, 0x1F800)])
def test_every_character_outside_the_large_scripts(first: int, last: int) -> None:
    check_every_character(first, last)


@pytest.mark.long
def test_every_character() -> None:
    check_every_character(0, 0x110000)


LONG = {
    "one word": lambda n: "هم\u200c" * n,
    "marks in the wrong order": lambda n: "a" + "\u0301\u0327" * n,
    "marks that are two": lambda n: "a" + "\u0f73" * n,
    "marks behind a format character": lambda n: "a" + "\u200c\u0301\u0327" * n,
    "suffixes": lambda n: "ها " * n,
    "prefixes": lambda n: "می " * n,
    "a word beside a ZWNJ": lambda n: "\u200c" + "ن" * n + " ن\u200c",
    "ZWNJs": lambda n: "ن" + "\u200c" * n + " ن" + "\u200c" * n,
    "Hangul vowels": lambda n: "\u1112" + "\u1161" * n,
    "ligatures": lambda n: "\ufdf2\ufefb" * n,
    "hashes": lambda n: "# " + "# #" * n,
    "blank lines": lambda n: "\n \n\t\n" * n,
    "one line of spaces": lambda n: "\n" + " \t" * n + "ن",
    "full stops": lambda n: "ن. " * n,
}
WORK: dict[str, Callable[[str], object]] = {
    "tokens": text.tokens,
    "token_spans": text.token_spans,
    "find_compounds": lambda raw: text.find_compounds([raw]),
    "usual_forms": lambda raw: lemmas.usual_forms([raw], {"ن"}),
    "split_paragraphs": split_paragraphs,
    "scan": lambda raw: scan.words([raw]),
}


@pytest.mark.parametrize("kind", LONG)
@pytest.mark.parametrize("work", WORK)
def test_time_is_linear(work: str, kind: str) -> None:
    def seconds(size: int) -> float:
        raw = LONG[kind](size)
        start = time.process_time()
        WORK[work](raw)
        return time.process_time() - start

    seconds(500)
    # Eight times the text; quadratic would be 64 times, and the shorter one is counted as 4 ms at least.
    assert seconds(40_000) < 30 * max(seconds(5_000), 0.004)


@given(
    st.binary(max_size=60) | ANY.map(lambda raw: raw.encode("utf-8", "surrogatepass")),
    st.sampled_from([None, *ENCODINGS]),
)
def test_decoding_gives_text_or_names_the_byte(data: bytes, encoding: str | None) -> None:
    try:
        assert isinstance(decode(data, encoding), str)
    except InputError as error:
        found = re.search(r"byte 0x(..) at position (\d+) \(line (\d+)\)", str(error))
        assert found is not None
        at = int(found[2])
        assert data[at] == int(found[1], 16)
        assert data[:at].count(b"\n") + 1 == int(found[3])


def test_the_byte_behind_a_mark_is_named() -> None:
    with pytest.raises(InputError, match=r"byte 0xff at position 5 \(line 2\)"):
        decode(b"\xef\xbb\xbfa\n\xff")


LINE = st.one_of(
    ANY,
    st.sampled_from(["#", "# ", "## عنوان ##", "***", "---", "", " ", "عنوان", "متن.", "\u200c", "# #"]),
    st.integers(3, 12).map(lambda n: "سطری که شکسته است " * n),
)
ENDINGS = st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\n \n", "\u2028", "\x0b"])


@given(st.lists(st.tuples(LINE, ENDINGS), max_size=8))
def test_no_word_of_an_article_is_lost(lines: list[tuple[str, str]]) -> None:
    article = "".join(line + ending for line, ending in lines)
    paragraphs = split_paragraphs(article)
    assert all(kind in ("headline", "body") for kind, _ in paragraphs)
    assert [word for _, part in paragraphs for word in text.words(part)] == text.words(article)
    assert all(part == part.strip() and not re.search(r"[\n\r\u2028]", part) for _, part in paragraphs)


@pytest.fixture(scope="module")
def shipped() -> StanceModel:
    return stancelib.load()


@settings(max_examples=settings().max_examples // 2)
@given(article=ANY, paragraphs=st.lists(ANY, max_size=4))
def test_any_text_is_labelled(shipped: StanceModel, article: str, paragraphs: list[str]) -> None:
    for result in shipped.label(article):
        assert all(0 <= score <= 1 for score in result.scores.values())
        assert all(0 <= label.stance_score <= 1 for label in result.labels)
    assert [one.text for one in shipped.label(paragraphs)] == paragraphs
    together = shipped.score(paragraphs)
    assert np.isfinite(together).all()
    for n, one in enumerate(paragraphs):
        assert np.allclose(shipped.score([one])[0], together[n])
        shipped.table.votes(one)
