"""Which features earn their place: each setting trained on labels/corpus, measured on real news and on retold text.

    python benchmarks/ablation.py PATH/dev.jsonl    # its table is in docs/quality.md

``dev`` is real labelled news (outside the repository). ``retold`` is three-fold cross-validation: the retold paragraphs of
the corpus (ids that begin with r) are held out in turn. Figures are topic micro-F1 and stance macro-F1 (all topics
pooled, on true topics), with one threshold for all settings. "shipped" is every default, before pruning.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression

from stancelib import corpus, taxonomy
from stancelib.evaluate import evaluate
from stancelib.features import PersianTfidfVectorizer
from stancelib.heads import Linear, StancePairs, fit_stances, fit_topics
from stancelib.model import Settings
from stancelib.records import STANCES, Paragraph

TOPICS = taxonomy.default().names
THRESHOLD = -0.7  # on decision values, near the shipped ones; choosing it anew for each setting takes thrice the time
SETTINGS: dict[str, dict[str, Any]] = {
    "shipped": {},
    "stance: one balanced multinomial classifier a topic": {"plain": True},
    "with hazm's lemmas": {"lemmas": True},
    "no gazetteer": {"gazetteer": False},
    "no word pairs": {"pairs": False},
    "no compounds": {"compounds": False},
    "n-grams 3-4": {"ngram_range": (3, 4)},
    "n-grams 2-4": {"ngram_range": (2, 4)},
    "n-grams 3-6": {"ngram_range": (3, 6)},
    "n-gram weight 1": {"char_weight": 1.0},
    "n-gram weight 0.25": {"char_weight": 0.25},
    "document frequency 1": {"min_df": 1, "pair_min_df": 1},
    "document frequency 3": {"min_df": 3, "pair_min_df": 3},
    "binary counts": {"count": "binary"},
    "raw counts": {"count": "raw"},
}


def plain_stances(X: Any, pairs: StancePairs) -> Linear:
    """What one writes first: for each topic one multinomial logistic regression with balanced classes."""
    coef, intercept = [], []
    for topic in range(len(TOPICS)):
        mine = pairs[pairs.topic == topic]
        model = LogisticRegression(C=5.0, max_iter=1000, class_weight="balanced").fit(X[mine.row], mine.stance)
        coef.append(model.coef_)
        intercept.append(model.intercept_)
    return Linear(np.vstack(coef), np.concatenate(intercept))


def scores(train: list[Paragraph], X: Any, Z: Any, plain: bool) -> tuple[np.ndarray, np.ndarray]:
    """(found, stances) of the test paragraphs."""
    settings, weight = Settings(), np.ones(len(train))
    has = np.array([[t in p.topics for t in TOPICS] for p in train])
    topics = fit_topics(X, has, settings.topic_c, weight)
    found = Z @ topics.coef.T + topics.intercept > THRESHOLD
    pairs = StancePairs.of([p.stance for p in train], TOPICS)
    head = plain_stances(X, pairs) if plain else fit_stances(X, pairs, settings.stance_c, weight)
    values = (Z @ head.coef.T + head.intercept).reshape(Z.shape[0], len(TOPICS), len(STANCES))
    return found, values.argmax(axis=2)


def row(name: str, changed: dict[str, Any], gold: list[Paragraph], dev: list[Paragraph]) -> str:
    retold = np.array([p.id.startswith("r") for p in gold])
    fold = np.random.default_rng(0).integers(0, 3, len(gold))
    plain = changed.pop("plain", False)
    vectorizer = PersianTfidfVectorizer(**changed)
    X = vectorizer.fit_transform([p.text for p in gold])
    real = evaluate(dev, TOPICS, *scores(gold, X, vectorizer.transform([p.text for p in dev]), plain), rounds=10)
    parts, order = [], []
    for k in range(3):
        held_out = retold & (fold == k)
        test, train = np.flatnonzero(held_out), np.flatnonzero(~held_out)
        parts.append(scores([gold[i] for i in train], X[train], X[test], plain))
        order += [gold[i] for i in test]
    cross = evaluate(order, TOPICS, np.vstack([f for f, _ in parts]), np.vstack([s for _, s in parts]), rounds=10)
    figures = [e.value for e in (real.micro_f1, real.stance_pooled, cross.micro_f1, cross.stance_pooled)]
    return f"| {name} | {len(vectorizer.vocabulary_):,} | " + " | ".join(f"{f:.3f}" for f in figures) + " |"


def main(dev_file: str) -> None:
    gold = corpus.read([Path(__file__).parent.parent / "labels" / "corpus"]).paragraphs
    dev = corpus.read([Path(dev_file)]).paragraphs
    print("| setting | features | dev topics | dev stance | retold topics | retold stance |\n|---|---|---|---|---|---|")
    rows = Parallel(n_jobs=2, return_as="generator")(
        delayed(row)(name, changed, gold, dev) for name, changed in SETTINGS.items()
    )
    for line in rows:
        print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
