"""The vote table against the slow path: the vectorizer's matrix times the coefficients."""

from __future__ import annotations

import copy
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stancelib import text, units
from stancelib.features import PersianTfidfVectorizer
from stancelib.model import StanceModel
from stancelib.records import Paragraph
from stancelib.votes import VoteTable


def slow_scores(model: StanceModel, texts: list[str]) -> np.ndarray:
    table = model.table.features
    vectorizer = PersianTfidfVectorizer(count=table.count)
    vectorizer.vocabulary_ = {term: column for column, term in enumerate(table.terms)}
    vectorizer.idf_ = table.idf
    vectorizer.lemmas_, vectorizer.compounds_, vectorizer.gazetteer_ = table.lemmas, table.compounds, table.gazetteer
    vectorizer.pairs_ = set(table.pairs)
    return vectorizer.transform(texts) @ table.coef + table.bias


def test_equal_on_the_corpus(small_model: StanceModel, gold: list[Paragraph]) -> None:
    texts = [p.text for p in gold[1::7]]
    assert np.abs(small_model.score(texts) - slow_scores(small_model, texts)).max() < 1e-9


WORDS = st.sampled_from(
    [
        "ایران",
        "ترکیه",
        "آتش",
        "بس",
        "آتش\u200cبس",
        "ها",
        "می",
        "رود",
        "های",
        "غزه",
        "گاز",
        "کره",
        "جنوبی",
        "حقوق",
        "بشر",
        "تهران/آنکارا",
        "روابط",
        "دو",
        "کشور",
        "با",
        "و",
        "از",
        "،",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.lists(WORDS, max_size=12).map(" ".join), st.text(max_size=30)), min_size=1, max_size=4))
def test_equal_on_any_text(small_model: StanceModel, texts: list[str]) -> None:
    assert np.abs(small_model.score(texts) - slow_scores(small_model, texts)).max() < 1e-9


@given(st.lists(WORDS, max_size=12).map(" ".join))
@settings(deadline=None)
def test_votes_add_up_to_the_score(small_model: StanceModel, paragraph: str) -> None:
    votes = small_model.table.votes(paragraph)
    total = sum((vote for _, vote in votes), small_model.table.features.bias)
    assert np.allclose(total, small_model.score([paragraph])[0], atol=1e-9)


def test_company_and_history_do_not_matter_to_the_last_bit(small_model: StanceModel, gold: list[Paragraph]) -> None:
    texts = [p.text for p in gold[:60]]
    together = small_model.score(texts)
    assert np.array_equal(together, np.concatenate([small_model.score([t]) for t in reversed(texts)])[::-1])
    forgetful = VoteTable(small_model.table.features, cache_size=0)
    assert np.array_equal(together, np.concatenate([forgetful.scores(texts[:30]), forgetful.scores(texts[30:])]))
    assert np.array_equal(together, copy.deepcopy(small_model.table).scores(texts))


@pytest.mark.parametrize("step", ["_numbers", "_ends", "_letters", "_votes", "_hashes", "_lengths", "_kinds"])
def test_an_interruption_leaves_no_word_learned_by_half(
    small_model: StanceModel, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    table = VoteTable(small_model.table.features)
    first, second = ["صادرات نفت ایران افزایش یافت"], ["وزیران ترکیه و عراق در غزه"]
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(getattr(table, step), "add" if step == "_numbers" else "extend", interrupted)
        table.scores(first)
    assert np.array_equal(table.scores([*second, *first]), small_model.score([*second, *first]))


def test_a_large_batch_is_cut_into_slices(small_model: StanceModel, gold: list[Paragraph]) -> None:
    texts = [p.text for p in gold[:700]] * 4 + ["نفت ایران " * 60_000, "گاز"] * 3
    assert np.array_equal(small_model.score(texts)[:700], small_model.score(texts[:700]))
    assert np.array_equal(small_model.score(texts)[-6:], small_model.score(texts[-2:] * 3))


def test_threads_share_a_model(small_model: StanceModel, gold: list[Paragraph]) -> None:
    texts = [p.text for p in gold[:400]]
    fresh = VoteTable(small_model.table.features, cache_size=500)
    parts = [texts[n : n + 20] for n in range(0, 400, 20)]
    with ThreadPoolExecutor(4) as threads:
        scores = np.concatenate(list(threads.map(fresh.scores, parts)))
    assert np.array_equal(scores, small_model.score(texts))


ADVERSARY = """
import resource, sys
from stancelib import store
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
model = store.load()
def words(first):  # never the same word twice
    return ["".join(chr(0x0628 + int(d)) for d in str(n)) for n in range(first, first + 30_000)]
def feed(first):
    some = words(first)
    model.score([" ".join(some[n : n + 100]) for n in range(0, 30_000, 100)])
for n in range(5):
    feed(n * 30_000)
before = peak()
for n in range(5, 20):
    feed(n * 30_000)
print(before, peak())
model.score(["ب" * 10_000_000])
model.score(["".join(["نفت ایران " * 1000, chr(0x628 + n % 20)]) for n in range(1)] * 2 + ["گاز " * 25_000_000])
print(peak())
"""


def test_memory_stays_flat_on_text_that_wants_to_fill_it() -> None:
    """Endless distinct words, a word of 10 MB, a paragraph of 100 MB (which takes 200 MB before we see it)."""
    run = subprocess.run([sys.executable, "-c", ADVERSARY], capture_output=True, text=True, check=True)
    before, after, end = (int(number) for number in run.stdout.split())
    assert after < 1.1 * before
    assert end < after + 350_000


def test_no_text(small_model: StanceModel) -> None:
    assert small_model.score([]).shape == (0, 12)
    assert small_model.label("") == []


@pytest.mark.parametrize("phrase", ["کره جنوبی", "کره‌جنوبی"])
def test_states_of_two_words(phrase: str) -> None:
    names = units.gazetteer()
    found = units.paragraph_units(text.tokens(f"{phrase} و ژاپن", names.compounds), False, names)
    assert "@states=2" in found
    assert "@state و" in found
