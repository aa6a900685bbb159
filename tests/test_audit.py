"""What `stancelib check` finds in labels whose faults are known, and that the corpus has none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stancelib.audit import NAME_COUNT, audit, repeats, shingles
from stancelib.records import Paragraph

TOPICS = ("energy", "gaza")
WORDS = [
    "نفت",
    "گاز",
    "برق",
    "بها",
    "صادرات",
    "واردات",
    "قرارداد",
    "وزیر",
    "مجلس",
    "بندر",
    "خط",
    "لوله",
    "میدان",
    "چاه",
    "بورس",
    "سهم",
]


def test_repeats() -> None:
    one = [
        "وزیر",
        "نفت",
        "امروز",
        "گفت",
        "صادرات",
        "گاز",
        "به",
        "عراق",
        "تا",
        "پایان",
        "سال",
        "دو",
        "برابر",
        "می\u200cشود",
    ]
    near = [*one[:-2], "خواهد", "شد"]
    other = [
        "بهای",
        "برق",
        "در",
        "تابستان",
        "برای",
        "خانه\u200cها",
        "تغییری",
        "نمی\u200cکند",
        "و",
        "قبض\u200cها",
        "همان",
        "است",
    ]
    found = list(repeats(["a", "b", "c", "d", "e", "f"], [one, other, near, one, [], []]))
    assert [(r.first, r.second) for r in found] == [("a", "c"), ("a", "d")]
    assert found[1].share == 1.0
    assert 0.5 <= found[0].share < 1.0


@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12), max_size=8))
def test_repeats_are_those_of_the_definition(tokens: list[list[str]]) -> None:
    ids = [str(n) for n in range(len(tokens))]
    sets = [shingles(words, 5) for words in tokens]
    originals, expected = [], []
    for b, mine in enumerate(sets):
        shares = {a: len(sets[a] & mine) / min(len(sets[a]), len(mine)) for a in originals}
        if shares and max(shares.values()) >= 0.5:
            expected.append((max(shares.values()), b))
        else:
            originals.append(b)
    found = list(repeats(ids, tokens))
    assert [(r.share, int(r.second)) for r in found] == expected
    assert {int(r.first) for r in found} <= set(originals)


def paragraph(number: int, words: str, stance: str, voice: str | None = None) -> Paragraph:
    return Paragraph(str(number), words, ("gaza",), {"gaza": stance}, voice=voice)


def test_a_name_that_goes_with_one_stance() -> None:
    told = [paragraph(n, f"در اسلو گفتند {n} غزه", "favor") for n in range(NAME_COUNT)]
    told += [paragraph(100 + n, f"آن مقام گفت {n} غزه", "against") for n in range(2 * NAME_COUNT)]
    told += [paragraph(200 + n, f"در پاریس گفتند {n} غزه", ("favor", "against")[n % 2]) for n in range(NAME_COUNT)]
    assert [(one.name, one.stance, one.count) for one in audit(told, TOPICS).names] == [("اسلو", "favor", NAME_COUNT)]


def test_a_voice_is_a_name_where_the_paragraph_names_it() -> None:
    told = [paragraph(n, f"بنکداری گفت {n} غزه", "favor", "بنکداری، نماینده") for n in range(NAME_COUNT)]
    told += [paragraph(100 + n, f"آن مقام گفت {n} غزه", "against") for n in range(2 * NAME_COUNT)]
    assert [one.name for one in audit(told, TOPICS).names] == ["بنکداری"]


def test_warnings_and_figures() -> None:
    told = [paragraph(n, f"خبر شماره {n} درباره غزه", "favor") for n in range(30)]
    found = audit(told, TOPICS)
    assert list(found.warnings()) == [
        "0% of the paragraphs have no topic; in a real stream half or more have none",
        "gaza: only 0 of 30 are against",
        "gaza: only 0 of 30 are neutral",
    ]
    assert found.words == (5, 5, 5, 5, 5)
    assert found.spellings["Latin digits"] == 1
    assert found.spellings["ZWNJ"] == 0
    assert audit([], TOPICS).counts.paragraphs == 0


def test_the_corpus_passes(gold: list[Paragraph]) -> None:
    found = audit(gold, ("energy", "gaza", "bilateral_ties"))
    assert found.repeats == ()
    assert found.counts.duplicates == 0
