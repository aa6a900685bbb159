"""The feature module: Persian texts -> TF-IDF vectors, as a scikit-learn transformer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from stancelib import lemmas, text, units
from stancelib.errors import TrainingError

if TYPE_CHECKING:
    from stancelib.arrays import NDArray


#: The units of some texts and their weights, shape (texts, units).
UnitCounts: TypeAlias = tuple[list[str], sp.csr_matrix]

COUNTS = ("binary", "log", "raw")
NORMALIZERS = ("fold", "hazm")


class PersianTfidfVectorizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """TF-IDF vectors of Persian paragraphs that stay additive over words.

    A paragraph is a bag of units (words, known word pairs, words beside a state's name, how many states there are);
    a unit has features (the word, its lemma, the character n-grams inside it). The vector of a paragraph is the sum
    of its units' TF-IDF sub-vectors over ``scale = sqrt(sum((weight * norm(unit)) ** 2))``: the L2 norm that the
    paragraph would have if its units shared no feature. So a linear score is a sum of votes of units.

    Args:
        normalizer: "fold" (ours, linear time) or "hazm" (hazm's Normalizer in front of it).
        ngram_range: smallest and largest character n-gram, inside words.
        min_df: features in fewer paragraphs are left out.
        pairs: whether two neighbouring words are a unit, keyed by their joined form.
        pair_min_df: pairs in fewer paragraphs are left out.
        lemmas: whether hazm's lemma of a word is a feature.
        compounds: whether words that training texts write with ZWNJ are joined where a space stands instead.
        gazetteer: whether states' names, their neighbours and number, and the paragraph's length are units.
        count: weight of a unit that stands n times: "binary" 1, "log" 1 + ln n, "raw" n.
        char_weight: factor on the n-grams' IDF.

    Attributes:
        vocabulary_: feature -> column.
        idf_: (features,) smoothed inverse document frequency ln((1 + n) / (1 + df)) + 1, as scikit-learn has it.
        lemmas_, compounds_, pairs_: what else was learned.
        gazetteer_: the states' names, where they are units.
        of_pairs_: (features,) which features only a pair of words has.

    Raises:
        TrainingError: an argument is not one of those allowed, or there is no text to learn from.
        InputError: what should be texts is something else; says at which position.

    >>> vectorizer = PersianTfidfVectorizer(min_df=1, lemmas=False, gazetteer=False)
    >>> vectorizer.fit_transform(["نفت ایران", "گاز ایران"]).shape[0]
    2
    """

    def __init__(
        self,
        *,
        normalizer: str = "fold",
        ngram_range: tuple[int, int] = (2, 5),
        min_df: int = 2,
        pairs: bool = True,
        pair_min_df: int = 2,
        lemmas: bool = False,
        compounds: bool = True,
        gazetteer: bool = True,
        count: str = "log",
        char_weight: float = 0.5,
    ) -> None:
        self.normalizer = normalizer
        self.ngram_range = ngram_range
        self.min_df = min_df
        self.pairs = pairs
        self.pair_min_df = pair_min_df
        self.lemmas = lemmas
        self.compounds = compounds
        self.gazetteer = gazetteer
        self.count = count
        self.char_weight = char_weight

    def fit(self, X: Iterable[str], y: Any = None) -> Self:
        """Learn vocabulary, IDF, lemmas, pairs and compounds from texts, an iterable of n strings; ``y`` is ignored."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Iterable[str], y: Any = None) -> sp.csr_matrix:
        """`fit`, and the matrix (n texts, features) of the same texts."""
        return _sorted(self.transform_units(self.fit_units(X)))

    def fit_units(self, X: Iterable[str]) -> UnitCounts:
        """`fit`, and the units of the same texts, for `transform_units`."""
        self._check_parameters()
        texts = self._texts(X)
        self.compounds_ = text.find_compounds(texts) if self.compounds else frozenset()
        self.gazetteer_ = units.gazetteer() if self.gazetteer else None
        if self.gazetteer_ is not None:
            self.compounds_ = self.compounds_.union(self.gazetteer_.compounds)
        names, counts = self._counts(texts)
        present = counts.copy()
        present.data[:] = 1
        unit_df = np.asarray(present.sum(axis=0)).ravel()
        self.pairs_ = {
            unit
            for unit, df in zip(names, unit_df, strict=True)
            if " " in unit and "@" not in unit and df >= self.pair_min_df
        }
        words = {unit for unit in names if " " not in unit and "@" not in unit}
        self.lemmas_ = lemmas.of_forms(lemmas.usual_forms(texts, words)) if self.lemmas else {}
        feature_ids: dict[str, int] = {}
        rows = [[feature_ids.setdefault(f, len(feature_ids)) for f in self._unit_features(unit)] for unit in names]
        incidence = _csr(rows, len(feature_ids))
        incidence.data[:] = 1
        together = present @ incidence
        df = np.bincount(together.indices, minlength=len(feature_ids))
        kept = sorted(name for name, column in feature_ids.items() if df[column] >= self.min_df)
        if not kept:
            raise TrainingError("no feature stands in enough of the texts; give more text or a smaller min_df")
        self.vocabulary_ = {name: column for column, name in enumerate(kept)}
        joined = {pair.replace(" ", "") for pair in self.pairs_} - words
        self.of_pairs_ = np.array([name in joined for name in kept])
        idf = np.log((1 + len(texts)) / (1 + df[[feature_ids[name] for name in kept]])) + 1
        # float32, so that a model file and the vectorizer that it came from hold the same numbers.
        self.idf_ = (idf * [self.char_weight if name[0] == "#" else 1.0 for name in kept]).astype(np.float32)
        return names, counts

    def transform(self, X: Iterable[str]) -> sp.csr_matrix:
        """The matrix (n texts, features) of any texts; a text without a known feature is a row of zeros."""
        check_is_fitted(self, "vocabulary_")
        return _sorted(self.transform_units(self._counts(self._texts(X))))

    def transform_units(self, counted: UnitCounts) -> sp.csr_matrix:
        """`transform` of texts whose units were counted before, with ``vocabulary_`` and ``idf_`` as they are now."""
        names, counts = counted
        known = self.vocabulary_
        rows = [[known[f] for f in self._unit_features(unit) if f in known] for unit in names]
        vectors = _csr(rows, len(known)) @ sp.diags(self.idf_.astype(np.float64))
        norms = np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()
        scale = np.sqrt(counts.multiply(counts) @ norms)
        return sp.csr_matrix(sp.diags(1 / np.where(scale > 0, scale, 1.0)) @ (counts @ vectors))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The features' names in column order."""
        check_is_fitted(self, "vocabulary_")
        return np.array(list(self.vocabulary_), dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def _more_tags(self) -> dict[str, Any]:
        return {"X_types": ["string"]}  # what scikit-learn before 1.6 asks for

    def _check_parameters(self) -> None:
        if self.normalizer not in NORMALIZERS:
            raise TrainingError(f"unknown normalizer {self.normalizer!r}; allowed: {', '.join(NORMALIZERS)}")
        if self.count not in COUNTS:
            raise TrainingError(f"unknown count {self.count!r}; allowed: {', '.join(COUNTS)}")
        sizes = tuple(self.ngram_range) if isinstance(self.ngram_range, Iterable) else ()
        whole = len(sizes) == 2 and all(isinstance(n, Integral) for n in sizes)
        if not whole or not 1 <= sizes[0] <= sizes[1] <= units.LARGEST_NGRAM:
            limits = f"1 <= smallest <= largest <= {units.LARGEST_NGRAM}"
            raise TrainingError(f"ngram_range is {self.ngram_range!r}; allowed: whole numbers {limits}")
        for name in ("min_df", "pair_min_df"):
            if not isinstance(number := getattr(self, name), Integral) or number < 0:
                raise TrainingError(f"{name} is {number!r}; allowed: a whole number of paragraphs, no share of them")
        if not isinstance(self.char_weight, Real) or not 0 <= self.char_weight < math.inf:
            raise TrainingError(f"char_weight is {self.char_weight!r}; allowed: 0 and more")

    def _texts(self, X: Iterable[str]) -> list[str]:
        texts = text.list_of_texts(X)
        return [lemmas.normalizer()(t) for t in texts] if self.normalizer == "hazm" else texts

    def _counts(self, texts: Sequence[str]) -> UnitCounts:
        """The units that occur and their weights, shape (texts, units)."""
        numbers: dict[str, int] = {}
        rows = [
            [
                numbers.setdefault(unit, len(numbers))
                for unit in units.paragraph_units(text.tokens(t, self.compounds_), self.pairs, self.gazetteer_)
            ]
            for t in texts
        ]
        counts = _csr(rows, len(numbers))
        if self.count == "binary":
            counts.data[:] = 1
        elif self.count == "log":
            counts.data = 1 + np.log(counts.data)
        return list(numbers), counts

    def _unit_features(self, unit: str) -> list[str]:
        if " " in unit and "@" not in unit and unit not in self.pairs_:
            return []
        return units.unit_features(unit, self.lemmas_.get(unit), self.ngram_range)


def _csr(rows: Sequence[Sequence[int]], width: int) -> sp.csr_matrix:
    """Counts of the numbers in each row."""
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)])
    indices = np.fromiter((i for row in rows for i in row), dtype=np.int64, count=indptr[-1])
    matrix = sp.csr_matrix((np.ones(len(indices)), indices, indptr), shape=(len(rows), width))
    matrix.sum_duplicates()
    return matrix


def _sorted(matrix: sp.csr_matrix) -> sp.csr_matrix:
    matrix.sort_indices()
    return matrix
