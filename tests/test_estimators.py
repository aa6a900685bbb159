"""PersianTfidfVectorizer under scikit-learn's own checks, which know arrays, and under the same ones for texts."""

from __future__ import annotations

import copy
import inspect
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks
from sklearn.utils.validation import validate_data

from stancelib.errors import InputError, TrainingError
from stancelib.features import PersianTfidfVectorizer
from stancelib.records import Paragraph

TEXTS = [
    "صادرات گاز ايران به تركيه ۲۰ درصد افزايش يافت.",
    "وزیر نفت: همكاری‌های دو کشور گسترش می‌یابد",
    "وزیر نفت گفت همکاری های دو کشور گسترش می یابد",
    "باران در شمال کشور می‌بارد",
    "",
    "در شمال کشور باران نبارید 😀 \ud800",
]


class OfArrays(PersianTfidfVectorizer):
    """The vectorizer for scikit-learn's checks: a row of numbers is written as a text, a word a number."""

    def fit_units(self, X: Any) -> Any:
        return super().fit_units(self._written(X, reset=True))

    def transform(self, X: Any) -> sp.csr_matrix:
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        return super().transform(self._written(X, reset=False))

    def _written(self, X: Any, reset: bool) -> list[str]:
        rows = validate_data(self, X, reset=reset)
        return [" ".join(f"ستون{n} {value:.2f}".replace("-", "منفی") for n, value in enumerate(row)) for row in rows]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = False
        tags.input_tags.two_d_array = True
        tags.transformer_tags.preserves_dtype = []
        return tags


@parametrize_with_checks([OfArrays(min_df=1)])
def test_checks_of_scikit_learn(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


def test_it_says_that_it_takes_texts() -> None:
    tags = get_tags(PersianTfidfVectorizer())
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert tags.requires_fit
    with pytest.warns(Warning, match="requires input"):
        check_estimator(PersianTfidfVectorizer())


# --- the same for texts ------------------------------------------------------------------------------------------


@pytest.fixture
def fitted() -> PersianTfidfVectorizer:
    return PersianTfidfVectorizer(min_df=1, pair_min_df=1).fit(TEXTS)


def assert_same(one: sp.csr_matrix, other: sp.csr_matrix) -> None:
    assert one.shape == other.shape
    assert one.indptr.tolist() == other.indptr.tolist()
    assert one.indices.tolist() == other.indices.tolist()
    assert one.data.tobytes() == other.data.tobytes()


def test_the_constructor_only_stores() -> None:
    names = list(inspect.signature(PersianTfidfVectorizer).parameters)
    marks = {name: object() for name in names}
    vectorizer = PersianTfidfVectorizer(**marks)  # type: ignore[arg-type]
    assert vars(vectorizer) == marks
    assert all(vectorizer.get_params()[name] is marks[name] for name in names)


def test_parameters_are_set_and_cloned(fitted: PersianTfidfVectorizer) -> None:
    assert fitted.set_params(char_weight=0.25, pairs=False) is fitted
    copied = clone(fitted)
    assert copied.get_params() == fitted.get_params()
    assert not [name for name in vars(copied) if name.endswith("_")]
    with pytest.raises(ValueError, match="Invalid parameter 'other'"):
        fitted.set_params(other=1)


def test_fit_gives_itself_and_leaves_its_parameters_and_texts_alone() -> None:
    texts, labels = list(TEXTS), [0, 1, 0, 1, 0, 1]
    vectorizer = PersianTfidfVectorizer(ngram_range=(2, 3))
    before = copy.deepcopy(vectorizer.get_params())
    assert vectorizer.fit(texts, labels) is vectorizer
    state = copy.deepcopy(vars(vectorizer))
    vectorizer.transform(texts)
    assert texts == TEXTS
    assert labels == [0, 1, 0, 1, 0, 1]
    assert vectorizer.get_params() == before
    np.testing.assert_equal(vars(vectorizer), state)


CONTAINERS: dict[str, Callable[[list[str]], Iterable[str]]] = {
    "tuple": tuple,
    "object array": lambda texts: np.array(texts, dtype=object),
    "string array": lambda texts: np.array(texts),
    "Series": pd.Series,
    "Series with another index": lambda texts: pd.Series(texts, index=range(9, 9 + len(texts))),
    "polars Series": pl.Series,
    "generator": lambda texts: (one for one in texts),
    "map": lambda texts: map(str, texts),
    "dict values": lambda texts: dict(enumerate(texts)).values(),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_any_container_of_texts(name: str) -> None:
    texts = [one.replace("\ud800", "") for one in TEXTS]  # polars has no lone surrogates
    expected = PersianTfidfVectorizer(min_df=1).fit(texts)
    found = PersianTfidfVectorizer(min_df=1).fit(CONTAINERS[name](texts))
    assert found.vocabulary_ == expected.vocabulary_
    assert_same(found.transform(CONTAINERS[name](texts)), expected.transform(texts))
    assert_same(PersianTfidfVectorizer(min_df=1).fit_transform(CONTAINERS[name](texts)), expected.fit_transform(texts))


NO_TEXTS: dict[str, tuple[Any, str]] = {
    "one text": ("نفت", "not one text"),
    "bytes": (b"x", "not one text"),
    "None": (None, "not NoneType"),
    "number": (5, "not int"),
    "dict": ({"نفت": 1}, "not dict"),
    "data frame": (pd.DataFrame({"text": TEXTS}, dtype=object), "of a data frame one column.*not DataFrame"),
    "polars data frame": (pl.DataFrame({"text": ["نفت"]}), "of a data frame one column.*not DataFrame"),
    "matrix": (np.array([TEXTS]), "not ndarray"),
    "array of no dimension": (np.array("نفت"), "not ndarray"),
    "sparse matrix": (sp.eye(3).tocsr(), "not csr_matrix"),
    "None inside": (["نفت", None], r"position 1 \(from 0\) holds None"),
    "NaN inside": (pd.Series(["نفت", "گاز", np.nan]), r"position 2 \(from 0\) holds nan \(float\)"),
    "NA inside": (pd.Series(["نفت", pd.NA], dtype="string"), r"position 1 \(from 0\) holds <NA>"),
    "bytes inside": ((one for one in ["نفت", "گاز".encode()]), r"position 1 \(from 0\) holds b'.*\(bytes\)"),
    "numbers": ([1.5], r"position 0 \(from 0\) holds 1.5 \(float\)"),
    "lists": ([["نفت"]], r"position 0 \(from 0\) holds \['نفت'\] \(list\)"),
}


@pytest.mark.parametrize("name", NO_TEXTS)
def test_what_is_no_text_is_refused(fitted: PersianTfidfVectorizer, name: str) -> None:
    X, message = NO_TEXTS[name]
    for use in (PersianTfidfVectorizer().fit, PersianTfidfVectorizer().fit_transform, fitted.transform):
        with pytest.raises(InputError, match=message):
            use(copy.deepcopy(X) if not inspect.isgenerator(X) else ["نفت", "گاز".encode()])


@pytest.mark.parametrize(
    "wrong",
    [
        {"normalizer": None},
        {"count": "tf"},
        *({"ngram_range": value} for value in (5, "ab", (2.0, 5), (1, 2, 3), (3, 2), (0, 2), (1, 10**9))),
        *({name: value} for name in ("min_df", "pair_min_df") for value in (0.5, -1, None, "2")),
        *({"char_weight": value} for value in (float("nan"), float("inf"), -1, "1", None)),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_named_when_it_is_fitted(wrong: dict[str, Any]) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(TrainingError, match=f"{name}.* {value!r}".translate({ord(c): "." for c in "()"})):
        PersianTfidfVectorizer(**wrong).fit(TEXTS)


@pytest.mark.parametrize("texts", [[], [""], ["", "!!"]], ids=str)
def test_nothing_to_learn_from(texts: list[str]) -> None:
    with pytest.raises(TrainingError, match="more text"):
        PersianTfidfVectorizer(gazetteer=False).fit(texts)


def test_not_fitted() -> None:
    for use in (lambda v: v.transform(TEXTS), lambda v: v.get_feature_names_out()):
        with pytest.raises(NotFittedError):
            use(PersianTfidfVectorizer())


def test_the_matrix_is_a_sorted_finite_csr_matrix_of_doubles(fitted: PersianTfidfVectorizer) -> None:
    for X in (fitted.transform(TEXTS), PersianTfidfVectorizer(min_df=1).fit_transform(TEXTS)):
        assert sp.issparse(X)
        assert X.format == "csr"
        assert X.dtype == np.float64
        assert X.has_canonical_format
        assert all((np.diff(X.indices[a:b]) > 0).all() for a, b in zip(X.indptr, X.indptr[1:], strict=False))
        assert np.isfinite(X.data).all()
    assert fitted.transform([]).shape == (0, len(fitted.vocabulary_))
    assert (
        fitted.transform(["", "qwerty"])[:, ~np.char.startswith(fitted.get_feature_names_out().astype(str), "@")].nnz
        == 0
    )


def test_rows_do_not_depend_on_each_other(fitted: PersianTfidfVectorizer) -> None:
    X = fitted.transform(TEXTS)
    order = [3, 5, 0, 4, 2, 1, 0]
    assert abs(fitted.transform([TEXTS[n] for n in order]) - X[order]).max() < 1e-12
    for n, one in enumerate(TEXTS):
        assert abs(fitted.transform([one]) - X[n]).max() < 1e-12


def test_what_is_learned_does_not_depend_on_the_order_of_texts() -> None:
    one, other = PersianTfidfVectorizer().fit(TEXTS), PersianTfidfVectorizer().fit(TEXTS[::-1])
    assert list(one.vocabulary_) == list(other.vocabulary_)
    assert one.idf_.tobytes() == other.idf_.tobytes()
    assert (one.pairs_, one.compounds_) == (other.pairs_, other.compounds_)


def test_fitting_again_forgets(fitted: PersianTfidfVectorizer) -> None:
    fresh = PersianTfidfVectorizer(min_df=1, pair_min_df=1).fit(TEXTS[:2])
    again = fitted.fit(TEXTS[:2])
    np.testing.assert_equal(vars(again), vars(fresh))


CHILD = """
import hashlib, sys
from stancelib.features import PersianTfidfVectorizer
texts = ["وزیر نفت: همكاری‌های دو کشور گسترش می‌یابد", "وزیر نفت گفت همکاری های ایران و ترکیه", "باران‌های شمال کشور"] * 2
vectorizer = PersianTfidfVectorizer(min_df=1, pair_min_df=1, lemmas=LEMMAS)
X = vectorizer.fit_transform(texts)
seen = [X.data.tobytes(), X.indices.tobytes(), repr(list(vectorizer.vocabulary_)).encode(), vectorizer.idf_.tobytes()]
print(hashlib.sha256(b"".join(seen)).hexdigest())
"""


@pytest.mark.parametrize("lemmas", [False, pytest.param(True, marks=pytest.mark.long)])
def test_the_same_bytes_in_every_process(lemmas: bool) -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", CHILD.replace("LEMMAS", str(lemmas))],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(found) == 1


@pytest.mark.parametrize("way", ["deepcopy", "joblib"])
def test_copies_and_dumps_transform_alike(fitted: PersianTfidfVectorizer, way: str) -> None:
    if way == "deepcopy":
        other = copy.deepcopy(fitted)
    else:
        stream = io.BytesIO()
        joblib.dump(fitted, stream)
        other = joblib.load(io.BytesIO(stream.getvalue()))
    assert_same(other.transform(TEXTS), fitted.transform(TEXTS))


def test_names_of_features_are_the_columns(fitted: PersianTfidfVectorizer) -> None:
    names = fitted.get_feature_names_out()
    X = fitted.transform(["باران"])
    assert names.dtype == object
    assert len(names) == len(set(names)) == X.shape[1] == len(fitted.of_pairs_)
    assert "باران" in names[X.indices]
    assert [fitted.vocabulary_[name] for name in names] == list(range(len(names)))


def test_output_as_a_data_frame_is_refused_as_for_every_sparse_transformer() -> None:
    vectorizer = PersianTfidfVectorizer(min_df=1)
    assert_same(vectorizer.set_output(transform="default").fit_transform(TEXTS), clone(vectorizer).fit_transform(TEXTS))
    with pytest.raises(ValueError, match="sparse"):
        vectorizer.set_output(transform="pandas").fit_transform(TEXTS)


@pytest.fixture(scope="module")
def task(gold: list[Paragraph]) -> tuple[list[str], list[bool]]:
    chosen = gold[::80]
    return [p.text for p in chosen], ["gaza" in (p.topics or ()) for p in chosen]


def test_pipelines_searches_and_cross_validation(task: tuple[list[str], list[bool]]) -> None:
    texts, has = task
    pipeline = make_pipeline(PersianTfidfVectorizer(), LogisticRegression(C=10))
    assert cross_val_score(pipeline, texts, has, cv=3).mean() > max(np.mean(has), 1 - np.mean(has))
    grid = {"persiantfidfvectorizer__count": ["log", "binary"], "persiantfidfvectorizer__ngram_range": [(2, 3)]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(pd.Series(texts), has)
    assert search.best_estimator_[0].get_params()["count"] == search.best_params_["persiantfidfvectorizer__count"]
    assert search.predict(texts).tolist() == search.best_estimator_.predict(texts).tolist()


def test_beside_another_transformer(fitted: PersianTfidfVectorizer) -> None:
    union = FeatureUnion([("all", PersianTfidfVectorizer(min_df=1)), ("words", PersianTfidfVectorizer(pairs=False))])
    X = union.fit_transform(TEXTS)
    assert X.shape[1] == len(union.get_feature_names_out())
