from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stancelib import text
from stancelib.articles import decode, split_paragraphs
from stancelib.errors import InputError

PERSIAN = st.text(
    alphabet="ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیيكةئأؤءًٌٍَُِّْـ\u200c\u200d\u202b ۱۲٣4.,،«»()/abcİß\ufefb\ufdf2\ud800\x00\n"
)


@pytest.mark.parametrize(
    ("raw", "folded"),
    [
        ("كتابي", "کتابی"),
        ("می‌شود", "میشود"),
        ("می‌‌شود", "میشود"),
        ("کـــتاب", "کتاب"),
        ("مُحَمَّد", "محمد"),
        ("۱۲۳ ٤٥٦ 789", "123 456 789"),
        ("مسئول مسؤول", "مسیول مسوول"),
        ("ﻻ", "لا"),
        ("\u202bایران\u202c", "ایران"),
        ("خانۀ", "خانه"),
        ("BBC", "bbc"),
        ("", ""),
    ],
)
def test_fold(raw: str, folded: str) -> None:
    assert text.fold(raw) == folded


@pytest.mark.parametrize(
    ("raw", "places"),
    [
        ("\u202bایران\u202c، می رود", ["ایران", "می رود"]),
        ("كِتابـــ‌های‌ نو", ["كِتابـــ‌های", "نو"]),
        ("ﻻ e\u0301é", ["ﻻ", "e\u0301é"]),
        ("ΟΔΟΣ Σ", ["ΟΔΟΣ", "Σ"]),
    ],
)
def test_places_of_tokens(raw: str, places: list[str]) -> None:
    assert [raw[start:end] for _, start, end in text.token_spans(raw)] == places


@pytest.mark.parametrize("mark", ["\u200c", "\u0640", "\u064e", "\u200f"])
@given(raw=PERSIAN)
def test_marks_inside_words_change_no_token(mark: str, raw: str) -> None:
    clean = "".join(c for c in raw if c.isalpha() or c.isspace())
    marked = "".join(c + mark if c.isalpha() else c for c in clean)
    assert text.tokens(marked) == text.tokens(clean)


def test_headings() -> None:
    assert split_paragraphs("## دیدار دو وزیر ##\n\nمتن.")[0] == ("headline", "دیدار دو وزیر")
    assert split_paragraphs("# " + "#" * 100_000 + "x")[0][0] == "headline"  # in linear time


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("می شود", ["میشود"]),
        ("نمی توان گفت", ["نمیتوان", "گفت"]),
        ("کشور های همسایه", ["کشورهای", "همسایه"]),
        ("ها", ["ها"]),
        ("می", ["می"]),
        ("ایران/ترکیه", ["ایران", "ترکیه"]),
        ("!!! …", []),
    ],
)
def test_tokens(raw: str, expected: list[str]) -> None:
    assert text.tokens(raw) == expected


def test_compounds_are_learned_from_zwnj() -> None:
    compounds = text.find_compounds(["آتش‌بس در غزه", "طرح آتش‌بس", "یک‌بار"])
    assert compounds == {("آتش", "بس")}
    assert text.tokens("آتش بس", compounds) == text.tokens("آتش‌بس", compounds) == ["آتشبس"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_decode(encoding: str) -> None:
    assert decode("گفت‌وگو".encode(encoding)) == "گفت‌وگو"


def test_decode_windows_1256_only_when_asked_for() -> None:
    data = "گفتگو با تركيه".encode("windows-1256")
    assert decode(data, "windows-1256") == "گفتگو با تركيه"
    with pytest.raises(InputError, match=r"not utf-8: byte 0x.. at position 0 \(line 1\).*windows-1256"):
        decode(data)


def test_decode_refuses_unknown_encodings() -> None:
    with pytest.raises(InputError, match="allowed: utf-8, utf-16, windows-1256"):
        decode(b"", "latin-1")


def test_paragraphs_of_plain_text() -> None:
    article = "عنوان خبر\r\n\r\nپاراگراف یکم.\r\nپاراگراف دوم.\r\n\r\n***\r\n"
    assert split_paragraphs(article) == [
        ("headline", "عنوان خبر"),
        ("body", "پاراگراف یکم."),
        ("body", "پاراگراف دوم."),
    ]


def test_hard_wrapped_lines_are_one_paragraph() -> None:
    lines = ["این سطر نمونه به اندازه‌ای بلند است که ویرایشگر آن را شکسته باشد و", "ادامه آن در سطر بعد می‌آید."]
    assert len(split_paragraphs("\n".join(lines))) == 1


def test_no_text_no_paragraphs() -> None:
    assert split_paragraphs(" \n\n\t") == []
