"""The feature module: Persian texts -> TF-IDF vectors, as a scikit-learn transformer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from stancelib import text, units


class PersianTfidfVectorizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    def __init__(
        self,
        *,
        normalizer: str = "fold",
        ngram_range: tuple[int, int] = (3, 5),
        min_df: int = 2,
        pairs: bool = True,
        pair_min_df: int = 3,
        lemmas: bool = True,
        compounds: bool = True,
        gazetteer: bool = True,
        count: str = "binary",
        char_weight: float = 1.0,
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
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Iterable[str], y: Any = None) -> sp.csr_matrix:
        texts = self._texts(X)
        self.compounds_ = dict(text.find_compounds(texts)) if self.compounds else {}
        if self.gazetteer:
            self.compounds_ |= units.gazetteer().compounds
        documents = [self._units(t) for t in texts]
        words = {unit for document in documents for unit in document if " " not in unit and "@" not in unit}
        self.lemmas_ = text.hazm_lemmas(text.usual_forms(texts, words)) if self.lemmas else {}
        names, counts = self._count(documents)
        unit_df = np.asarray((counts > 0).sum(axis=0)).ravel()
        feature_ids: dict[str, int] = {}
        rows = self._rows(names, feature_ids, unit_df)
        incidence = _csr(rows, len(feature_ids))
        df = np.asarray(((counts > 0).astype(np.int32) @ (incidence > 0).astype(np.int32) > 0).sum(axis=0)).ravel()
        kept = sorted(name for name, i in feature_ids.items() if df[i] >= self.min_df)
        self.vocabulary_ = {name: i for i, name in enumerate(kept)}
        self.idf_ = np.log((1 + len(texts)) / (1 + df[[feature_ids[name] for name in kept]])) + 1
        self.idf_ *= np.array([self.char_weight if name[0] == "#" else 1.0 for name in kept])
        return self._matrix(names, counts)

    def transform(self, X: Iterable[str]) -> sp.csr_matrix:
        check_is_fitted(self, "vocabulary_")
        return self._matrix(*self._count([self._units(t) for t in self._texts(X)]))

    def _texts(self, X):
        if self.normalizer == "hazm":
            return [text.hazm_normalizer()(t) for t in X]
        return list(X)

    def _units(self, t: str) -> list[str]:
        return units.paragraph_units(text.tokens(t, self.compounds_), self.pairs, units.gazetteer() if self.gazetteer else None)

    def _count(self, documents: Sequence[Sequence[str]]) -> tuple[list[str], sp.csr_matrix]:
        names: dict[str, int] = {}
        rows = [np.array([names.setdefault(unit, len(names)) for unit in d], dtype=np.int64) for d in documents]
        indptr = np.concatenate([[0], np.cumsum([len(r) for r in rows])])
        counts = sp.csr_matrix((np.ones(indptr[-1]), np.concatenate(rows) if len(rows) else [], indptr), shape=(len(rows), len(names)))
        counts.sum_duplicates()
        if self.count == "binary":
            counts.data[:] = 1
        elif self.count == "log":
            counts.data = 1 + np.log(counts.data)
        return list(names), counts

    def _rows(self, names, feature_ids, unit_df=None):
        rows = []
        for k, unit in enumerate(names):
            if unit_df is not None and " " in unit and unit_df[k] < self.pair_min_df:
                rows.append([])
                continue
            f = units.unit_features(unit, self.lemmas_.get(unit), self.ngram_range)
            if unit_df is not None:
                rows.append([feature_ids.setdefault(x, len(feature_ids)) for x in f])
            else:
                rows.append([feature_ids[x] for x in f if x in feature_ids])
        return rows

    def _matrix(self, names, counts):
        F = _csr(self._rows(names, self.vocabulary_), len(self.vocabulary_)).multiply(self.idf_).tocsr()
        norm2 = np.asarray(F.multiply(F).sum(axis=1)).ravel()
        scale = np.sqrt(counts.multiply(counts) @ norm2)
        X = counts @ F
        return sp.diags(1 / np.where(scale > 0, scale, 1)) @ X


def _csr(rows, width):
    indptr = np.concatenate([[0], np.cumsum([len(r) for r in rows])])
    m = sp.csr_matrix((np.ones(indptr[-1]), np.array([i for r in rows for i in r], dtype=np.int64), indptr), shape=(len(rows), width))
    m.sum_duplicates()
    return m
