"""From terms to a model: terms are found however they are written, weak labels are sensible, too little is refused."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stancelib import bootstrap, corpus, taxonomy, text
from stancelib.bootstrap import NO, OPEN, YES, Lexicon, Terms
from stancelib.errors import TaxonomyError, TrainingError
from stancelib.records import STANCES, Paragraph

SHIPPED = sorted((Path(__file__).parent.parent / "seeds" / "terms").glob("*.toml"))

FLOODS = """
[[topic]]
name = "floods"
title = {en = "Floods", fa = "سیل"}
about = {en = "Floods", fa = "سیل"}
target = {en = "the relief work", fa = "امدادرسانی"}
strong = ["سیلاب*", "سیل‌زدگان"]
terms = ["سیل", "آب‌گرفتگی", "طغیان رودخانه", "باران"]
not = ["سیل جمعیت"]
favor = ["قدردان*", "به‌موقع"]
against = ["گلایه*", "دیر رسید"]
"""


def parse(toml: str) -> Terms:
    return bootstrap.parse(toml, "terms.toml", lambda path: taxonomy.default())


@pytest.mark.parametrize("written", ["آتش‌بس", "آتش بس", "آتشبس", "آتش‌‌بس", "آتش ـبس", "(آتش‌بس)"])
@pytest.mark.parametrize("term", ["آتش‌بس", "آتش بس", "آتشبس"])
def test_every_spelling_of_a_term_is_found(term: str, written: str) -> None:
    assert len(Lexicon({"x": [term]}).find(text.tokens(f"برای {written} فوری"))) == 1


def test_an_ending_is_of_the_last_word_only() -> None:
    lexicon = Lexicon({"x": ["محکوم کرد*", "نفت*"]})
    assert lexicon.find(text.tokens("این حمله را محكوم کردند")) == [("x", "محکوم کرد*", 3, 5)]
    assert lexicon.find(text.tokens("نفتکش نفت خام محکوم است")) == [("x", "نفت*", 0, 1), ("x", "نفت*", 1, 2)]


WORDS = st.sampled_from(["نفت", "گاز", "خام", "صادرات", "و", "می‌شود", "نفتی"])


@given(st.lists(WORDS, max_size=12), st.lists(st.lists(WORDS, min_size=1, max_size=3), max_size=5))
def test_what_is_found_stands_there(paragraph: list[str], terms: list[list[str]]) -> None:
    tokens = text.tokens(" ".join(paragraph))
    found = Lexicon({"x": [" ".join(term) for term in terms]}).find(tokens)
    for _, term, start, end in found:
        assert "".join(tokens[start:end]) == "".join(text.tokens(term))
    assert all(first[3] <= second[2] for first, second in pairwise(found))
    for term in terms:
        if all(token in "".join(tokens) for token in term) and "".join(text.tokens(" ".join(term))) in tokens:
            assert found


@pytest.mark.parametrize(
    ("paragraph", "topic", "stance"),
    [
        ("سیلابی در لرستان جاری شد.", YES, "neutral"),
        ("آب گرفتگی و باران در رشت؛ اهالی قدردان امدادگران‌اند.", YES, "favor"),
        ("باران بارید.", OPEN, "neutral"),
        ("سیل جمعیت به خیابان آمد.", NO, "neutral"),
        ("کمک به سیل‌زدگان دیر رسید و مردم گلایه دارند.", YES, "against"),
        ("سیل‌زدگان گلایه دارند ولی کمک به موقع بود.", YES, None),
    ],
)
def test_votes(paragraph: str, topic: int, stance: str | None) -> None:
    votes = bootstrap.vote([paragraph], parse(FLOODS))
    assert votes.topic.tolist() == [[topic]]
    assert votes.stance_is_open().tolist() == [[stance is None]]
    assert STANCES[votes.stances()[0, 0]] == (stance or "neutral")


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ("[", "not TOML"),
        ("", "one or more"),
        ('taxonomy = 1\n[[topic]]\nname = "x"', "taxonomy must be"),
        ("topic = [1]", "each"),
        (FLOODS + "more = 1", "unknown key 'more'"),
        (FLOODS.replace('"سیل",', "1,"), "terms must be a list"),
        (FLOODS.replace('"سیل",', '"!",'), "'!' in terms; a term is 1 to 6 words"),
        (FLOODS.replace('"سیل",', '"س*ل",'), "in terms"),
        (
            FLOODS.replace("strong", "#").replace('terms = ["سیل", "آب‌گرفتگی", "طغیان رودخانه", "باران"]', ""),
            "strong must",
        ),
        (FLOODS.replace("favor", "#").replace("against", "#"), "no stance could be learned"),
        ('taxonomy = "x"\n[[topic]]\nname = "sport"\nstrong = ["گل"]\nfavor = ["برد"]', "names: energy, gaza"),
        ('taxonomy = "x"\n[[topic]]\nname = ["gaza"]\nstrong = ["غزه"]', "names: energy, gaza"),
    ],
)
def test_bad_terms_files(toml: str, problem: str) -> None:
    with pytest.raises(TaxonomyError, match=r"terms\.toml") as error:
        parse(toml)
    assert problem in str(error.value)


def test_a_topic_of_two_files() -> None:
    with pytest.raises(TaxonomyError, match="stands twice"):
        Terms.join([parse(FLOODS), parse(FLOODS)])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_terms(path: Path) -> None:
    terms = parse(path.read_text(encoding="utf-8"))
    assert terms.taxonomy.names == (path.stem,)


def test_there_are_terms_for_every_shipped_topic() -> None:
    assert {path.stem for path in SHIPPED} == set(taxonomy.default().names)


def floods(count: int) -> list[str]:
    """Paragraphs in three stances; one in twelve has a single ordinary term, which leaves the topic open."""
    draw = random.Random(0)
    places = ["گلستان", "خوزستان", "لرستان", "مازندران", "سیستان", "کرمان", "فارس", "ایلام", "گیلان", "بوشهر"]
    ends = ["و مردم قدردان امدادگران هلال احمر هستند", "و مردم از کندی امداد گلایه دارند", "و راه‌ها بسته شد"]
    events = ["سیلاب پل‌های", "سیل و آب‌گرفتگی خانه‌های", "باران شدید و طغیان رودخانه مزرعه‌های", "باران خانه‌های"]
    return [
        f"{events[3 if n % 12 == 11 else n % 3]} {draw.choice(places)} و {draw.choice(places)} را برد {ends[n // 3 % 3]}؛ "
        f"{n} خانوار جابه‌جا شدند."
        for n in range(count)
    ]


def bare(texts: list[str]) -> list[Paragraph]:
    return [Paragraph("", paragraph) for paragraph in texts]


@pytest.fixture(scope="module")
def others(gold) -> list[str]:
    return [p.text for p in gold[::90]]


def test_weak_labels(others: list[str]) -> None:
    found = bootstrap.weak_labels(bare([*floods(300), *others]), parse(FLOODS))
    by_text = {p.text: p for p in found}
    of_floods = [by_text[paragraph] for paragraph in floods(300) if paragraph in by_text]
    assert len(of_floods) > 250
    assert sum(p.topics == ("floods",) for p in of_floods) > 0.9 * len(of_floods)
    # What one term alone leaves open is never taken for a paragraph off the topic where the rest speaks for it.
    assert not any(p.topics == () for p in of_floods if p.text.startswith("باران خانه"))
    assert {p.stance["floods"] for p in of_floods if p.topics} == {"favor", "against", "neutral"}
    rest = [by_text[paragraph] for paragraph in others if paragraph in by_text]
    assert len(rest) > 0.8 * len(others)
    assert sum(p.topics == () for p in rest) > 0.95 * len(rest)


def test_stance_terms_are_cut_out() -> None:
    paragraph = Paragraph("1", "کمک به سیل‌زدگان دیر رسيد؛ مردم گلایه‌مندند.", ("floods",), {"floods": "against"})
    assert bootstrap._cut(paragraph, parse(FLOODS)).split() == ["کمک", "به", "سیل‌زدگان", "؛", "مردم", "."]
    assert bootstrap._cut(replace(paragraph, topics=(), stance={}), parse(FLOODS)) == paragraph.text


def test_too_little_is_refused_by_name(others: list[str]) -> None:
    with pytest.raises(TrainingError, match=r"'floods': its terms find 19 paragraphs.*at least 50"):
        bootstrap.weak_labels(bare([*floods(20), *others]), parse(FLOODS))
    one_sided = [paragraph for paragraph in floods(400) if "بسته شد" in paragraph]
    with pytest.raises(TrainingError, match=r"0 favor, 0 against.*at least 10 each"):
        bootstrap.weak_labels(bare([*one_sided, *others]), parse(FLOODS))


def test_a_sample_is_even_and_has_no_repeats() -> None:
    texts = [f"سیلاب {n}" for n in range(100)] + [f"خبر {n}" for n in range(1000)]
    drawn = [p.text for p in bootstrap.draw(iter(bare(texts * 3)), parse(FLOODS), most=200)]
    assert len(drawn) == len(set(drawn)) == 300
    assert sum("سیلاب" in paragraph for paragraph in drawn) == 100
    numbers = [int(paragraph.split()[1]) for paragraph in drawn[100:]]
    assert 350 < sum(numbers) / len(numbers) < 650
    assert drawn == [p.text for p in bootstrap.draw(iter(bare(texts * 3)), parse(FLOODS), most=200)]


def test_the_command(run, tmp_path: Path, others: list[str]) -> None:
    terms, pool, labels, model = (tmp_path / n for n in ("t.toml", "pool.jsonl", "weak.jsonl", "m.stance"))
    terms.write_text(FLOODS, encoding="utf-8")
    lines = [json.dumps({"id": f"n{n}", "text": one}) for n, one in enumerate([*floods(300), *others])]
    pool.write_text("\n".join([*lines, "{"]), encoding="utf-8")
    code, out, err = run("bootstrap", "--terms", terms, pool, "-o", model, "--labels", labels)
    assert code == 1
    assert f"line {len(lines) + 1}: not JSON" in err
    assert "floods:" in out
    reading = corpus.read([labels], ["floods"])
    assert reading.problems == []
    assert len(reading.paragraphs) > 300
    articles = {f"{pool} {one['id']}": " ".join(one["text"].split()) for one in map(json.loads, lines)}
    assert all(p.text in articles[p.source] for p in reading.paragraphs)  # a label to mend can be traced to its article
    article = tmp_path / "new.txt"
    article.write_text(
        "سیلاب شهرهای همدان را گرفت و مردم قدردان امدادگران هستند.\n\nبهای طلا ثابت ماند.", encoding="utf-8"
    )
    code, out, _ = run("label", "--format", "jsonl", "--model", model, article)
    found = [[(label["topic"], label["stance"]) for label in json.loads(line)["labels"]] for line in out.splitlines()]
    assert found == [[("floods", "favor")], []]


def test_wrong_usage(run, tmp_path: Path) -> None:
    pool, terms = tmp_path / "pool.txt", tmp_path / "t.toml"
    pool.write_text("باران بارید.", encoding="utf-8")
    terms.write_text(FLOODS, encoding="utf-8")
    assert run("bootstrap", pool, "-o", tmp_path / "m")[0] == 2
    code, _, err = run("bootstrap", "--terms", terms, pool, "-o", tmp_path / "m", "--labels", tmp_path / "weak.parquet")
    assert (code, "a label file, .jsonl or .csv" in " ".join(err.split())) == (2, True)
    code, _, err = run("bootstrap", "--terms", terms, pool, "-o", tmp_path / "none" / "m")
    assert (code, "no directory" in err) == (2, True)
    code, _, err = run("bootstrap", "--terms", tmp_path / "none.toml", pool, "-o", tmp_path / "m")
    assert (code, "none.toml: can't be read" in err) == (2, True)
    code, _, err = run("bootstrap", "--terms", terms, pool, "-o", tmp_path / "m")
    assert (code, "topic 'floods': its terms find 0 paragraphs" in err) == (2, True)
    assert not (tmp_path / "m").exists()
    code, _, err = run("bootstrap", "--terms", terms, tmp_path / "none.txt", "-o", tmp_path / "m")
    assert (code, "no paragraph" in err) == (1, True)
