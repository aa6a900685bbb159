"""The usual stack, what one writes first: hazm, TfidfVectorizer and LogisticRegression.

hazm's Normalizer and tokenizer, words 1-2 and characters 2-5, one LogisticRegression for the topics and one for each
topic's stance.
"""

from __future__ import annotations

from typing import Any

import hazm
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline, make_union

from stancelib import taxonomy
from stancelib.records import STANCES, Paragraph

TOPICS = taxonomy.default().names


class Peer:
    """The usual stack, trained. The normalizer runs once a text; the stances are those if the topic is there."""

    def __init__(self, gold: list[Paragraph]) -> None:
        self.normalize = hazm.Normalizer().normalize
        texts = [self.normalize(p.text) for p in gold]
        self.vectorizer = make_union(
            TfidfVectorizer(tokenizer=hazm.word_tokenize, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        )
        X = self.vectorizer.fit_transform(texts)
        has = np.array([[t in p.topics for t in TOPICS] for p in gold])
        self.topics = OneVsRestClassifier(LogisticRegression(C=10, solver="liblinear")).fit(X, has.astype(int))
        self.stances = [
            make_pipeline(LogisticRegression(C=10, max_iter=500, class_weight="balanced")).fit(
                X[has[:, k]], [STANCES.index(p.stance[t]) for p in gold if t in p.topics]
            )
            for k, t in enumerate(TOPICS)
        ]

    def __getstate__(self) -> dict[str, Any]:
        # hazm's normalizer holds functions that can't be pickled.
        return {name: value for name, value in vars(self).items() if name != "normalize"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.normalize = hazm.Normalizer().normalize

    def label(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """(texts, topics) which are there, and the index in STANCES of each one's likeliest stance."""
        X = self.vectorizer.transform([self.normalize(t) for t in texts])
        stances = np.stack([model.predict(X) for model in self.stances], axis=1)
        return self.topics.predict(X).astype(bool), stances

    def score(self, texts: list[str]) -> np.ndarray:
        """Decision values, the same columns as `StanceModel.score`: topics, then three stances a topic."""
        X = self.vectorizer.transform([self.normalize(t) for t in texts])
        return np.hstack([self.topics.decision_function(X), *(model.decision_function(X) for model in self.stances)])
