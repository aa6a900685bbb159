"""Which features earn their place: each setting trained on labels/corpus, measured on real news and on retold text.

    python benchmarks/ablation.py PATH/dev.jsonl > docs/ablation.md

``dev`` is real labelled news (outside the repository). ``retold`` is three-fold cross-validation: the retold paragraphs of
the corpus (ids that begin with r) are held out in turn. Figures are topic micro-F1 and stance macro-F1 (all topics
pooled, on true topics); thresholds come from the training folds alone.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from stancelib import corpus
from stancelib.evaluate import evaluate
from stancelib.features import PersianTfidfVectorizer
from stancelib.heads import fit_stance, fit_topics
from stancelib.records import Paragraph

TOPICS = ("energy", "gaza", "bilateral_ties")
SETTINGS: dict[str, dict[str, Any]] = {
    "shipped": {},
    "no lemmas": {"lemmas": False},
    "no gazetteer": {"gazetteer": False},
    "no word pairs": {"pairs": False},
    "no compounds": {"compounds": False},
    "n-grams 2-4": {"ngram_range": (2, 4)},
    "n-grams 3-5": {"ngram_range": (3, 5)},
    "n-grams 3-6": {"ngram_range": (3, 6)},
    "n-gram weight 1": {"char_weight": 1.0},
    "n-gram weight 0.25": {"char_weight": 0.25},
    "document frequency 2": {"min_df": 2},
    "document frequency 5": {"min_df": 5},
    "counts 1 + ln n": {"count": "log"},
    "raw counts": {"count": "raw"},
}


def scores(train: list[Paragraph], test: list[Paragraph], X: Any, Z: Any) -> tuple[np.ndarray, np.ndarray]:
    """(found, stances) of the test paragraphs."""
    has = np.array([[t in p.topics for t in TOPICS] for p in train])
    head = fit_topics(X, has, 10.0, np.array([p.id.startswith("r") for p in train]))
    found = Z @ head.coef.T + head.intercept > head.threshold
    stances = np.zeros((len(test), len(TOPICS)), dtype=int)
    for k, topic in enumerate(TOPICS):
        rows = np.flatnonzero(has[:, k])
        stance = fit_stance(X[rows], [train[row].stance[topic] for row in rows], 10.0)
        stances[:, k] = (Z @ stance.coef.T + stance.intercept).argmax(axis=1)
    return found, stances


def main(dev_file: str) -> None:
    gold = corpus.read([Path(__file__).parent.parent / "labels" / "corpus"]).paragraphs
    dev = corpus.read([Path(dev_file)]).paragraphs
    retold = np.array([p.id.startswith("r") for p in gold])
    fold = np.random.default_rng(0).integers(0, 3, len(gold))
    print("| setting | features | dev topics | dev stance | retold topics | retold stance |\n|---|---|---|---|---|---|")
    for name, changed in SETTINGS.items():
        vectorizer = PersianTfidfVectorizer(**changed)
        X = vectorizer.fit_transform([p.text for p in gold])
        found, stances = scores(gold, dev, X, vectorizer.transform([p.text for p in dev]))
        real = evaluate(dev, TOPICS, found, stances, rounds=10)
        parts, order = [], []
        for k in range(3):
            test = np.flatnonzero(retold & (fold == k))
            train = np.flatnonzero(~(retold & (fold == k)))
            parts.append(scores([gold[i] for i in train], [gold[i] for i in test], X[train], X[test]))
            order += [gold[i] for i in test]
        cross = evaluate(order, TOPICS, np.vstack([f for f, _ in parts]), np.vstack([s for _, s in parts]), rounds=10)
        figures = [e.value for e in (real.micro_f1, real.stance_pooled, cross.micro_f1, cross.stance_pooled)]
        print(
            f"| {name} | {len(vectorizer.vocabulary_):,} | " + " | ".join(f"{f:.3f}" for f in figures) + " |",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1])
