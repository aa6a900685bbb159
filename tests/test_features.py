"""PersianTfidfVectorizer as scikit-learn knows transformers: cloned, piped, searched, read."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from stancelib.features import PersianTfidfVectorizer
from stancelib.records import Paragraph

SMALL = {"min_df": 1, "pair_min_df": 1}


@pytest.fixture(scope="module")
def some(gold: list[Paragraph]) -> tuple[list[str], list[bool]]:
    chosen = gold[::36]
    return [p.text for p in chosen], ["gaza" in (p.topics or ()) for p in chosen]


def test_fit_transform_is_fit_then_transform(some: tuple[list[str], list[bool]]) -> None:
    texts, _ = some
    vectorizer = PersianTfidfVectorizer()
    together = vectorizer.fit_transform(texts)
    assert abs(together - vectorizer.transform(texts)).max() < 1e-12
    assert abs(together - clone(vectorizer).fit(texts).transform(texts)).max() == 0
    assert len(vectorizer.get_feature_names_out()) == together.shape[1]


def test_a_grid_search_over_a_pipeline(some: tuple[list[str], list[bool]]) -> None:
    texts, has = some
    pipeline = make_pipeline(PersianTfidfVectorizer(), LogisticRegression(C=10))
    search = GridSearchCV(pipeline, {"persiantfidfvectorizer__char_weight": [0.25, 0.5]}, scoring="f1", cv=2)
    search.fit(texts, has)
    assert search.best_params_["persiantfidfvectorizer__char_weight"] in (0.25, 0.5)
    assert search.predict(["ارتش اسرائیل نوار غزه را بمباران کرد و ده‌ها فلسطینی کشته شدند"]).tolist() == [True]


def test_weights_by_hand() -> None:
    """Two paragraphs, words only: idf = ln((1 + n) / (1 + df)) + 1, and a row over its units has length 1."""
    vectorizer = PersianTfidfVectorizer(
        **SMALL, ngram_range=(9, 9), char_weight=1.0, pairs=False, gazetteer=False, compounds=False
    )
    X = vectorizer.fit_transform(["نفت گران", "نفت ارزان"]).toarray()
    columns = {name: column for column, name in enumerate(vectorizer.get_feature_names_out())}
    rare = np.log(3 / 2) + 1
    expected = np.array([1, rare]) / np.hypot(1, rare)
    assert X[0, [columns["نفت"], columns["گران"]]] == pytest.approx(expected)


def test_hazm_normalizer_is_a_choice(some: tuple[list[str], list[bool]]) -> None:
    texts, _ = some
    folded, normalised = (PersianTfidfVectorizer(normalizer=n).fit(texts[:60]) for n in ("fold", "hazm"))
    assert folded.vocabulary_.keys() & normalised.vocabulary_.keys()


def test_what_only_a_pair_has_is_known() -> None:
    texts = ["خط لوله گاز", "خط لوله نفت", "خطلوله آب", "میدان گاز", "میدان گاز"]
    vectorizer = PersianTfidfVectorizer(min_df=1, pair_min_df=2, compounds=False, gazetteer=False).fit(texts)
    names = vectorizer.get_feature_names_out()
    assert len(vectorizer.of_pairs_) == len(names)
    # «خط لوله» is also met as one word, so its feature is a word's.
    assert set(names[vectorizer.of_pairs_]) == {"میدانگاز"}
