"""The vote table against the slow path: the vectorizer's matrix times the coefficients."""

from __future__ import annotations

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
    vectorizer.lemmas_, vectorizer.compounds_ = table.lemmas, table.compounds
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


def test_batches_do_not_matter(small_model: StanceModel, gold: list[Paragraph]) -> None:
    texts = [p.text for p in gold[:60]]
    one_by_one = np.concatenate([small_model.score([t]) for t in texts])
    assert np.allclose(small_model.score(texts), one_by_one, atol=1e-9)


def test_forgetting_does_not_matter(small_model: StanceModel, gold: list[Paragraph]) -> None:
    texts = [p.text for p in gold[:60]]
    tight = VoteTable(small_model.table.features, cache_size=0)
    assert np.allclose(small_model.score(texts), np.concatenate([tight.scores(texts[:30]), tight.scores(texts[30:])]))


def test_no_text(small_model: StanceModel) -> None:
    assert small_model.score([]).shape == (0, 12)
    assert small_model.label("") == []


@pytest.mark.parametrize("phrase", ["کره جنوبی", "کره‌جنوبی"])
def test_states_of_two_words(phrase: str) -> None:
    names = units.gazetteer()
    found = units.paragraph_units(text.tokens(f"{phrase} و ژاپن", names.compounds), False, names)
    assert "@states=2" in found
    assert "@state و" in found
