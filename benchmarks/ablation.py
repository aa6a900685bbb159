"""Which features and which training earn their place: each setting trained on labels/corpus, measured on real news and on
retold text.

    python benchmarks/ablation.py PATH/dev.jsonl    # its table is in docs/quality.md

``dev`` is real labelled news (outside the repository). ``retold`` is three-fold cross-validation: the retold paragraphs of
the corpus are held out in turn. Topics are compared by mean average precision, which needs no threshold, and stances by
macro-F1 (all topics pooled, on true topics). "shipped" is every default, before pruning.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from stancelib import corpus, shipped, taxonomy, units
from stancelib.evaluate import evaluate
from stancelib.features import PersianTfidfVectorizer
from stancelib.heads import Linear, StancePairs, fit_stances, fit_topics
from stancelib.model import Settings
from stancelib.records import STANCES, Paragraph

TOPICS = taxonomy.default().names
#: Arguments of the vectorizer, or one of the changes that `row` knows.
SETTINGS: dict[str, dict[str, Any]] = {
    "shipped": {},
    "topics: plain logistic regression": {"plain_topics": True},
    "stance: one balanced multinomial classifier a topic": {"plain_stances": True},
    "stance: word pairs in full": {"stance_pairs": 1.0},
    "stance: no word pairs": {"stance_pairs": 0.0},
    "retold paragraphs count 1": {"retold_weight": 1.0},
    "retold paragraphs count 4": {"retold_weight": 4.0},
    "only retold paragraphs": {"only": True},
    "only invented paragraphs": {"only": False},
    "no leaders in a state's stead": {"without": "leaders"},
    "not which states": {"without": "these"},
    "no gazetteer": {"gazetteer": False},
    "with hazm's lemmas": {"lemmas": True},
    "no word pairs": {"pairs": False},
    "no compounds": {"compounds": False},
    "n-grams 3-4": {"ngram_range": (3, 4)},
    "n-grams 3-6": {"ngram_range": (3, 6)},
    "n-gram weight 1": {"char_weight": 1.0},
    "n-gram weight 0.25": {"char_weight": 0.25},
    "document frequency 3": {"min_df": 3, "pair_min_df": 3},
    "binary counts": {"count": "binary"},
    "raw counts": {"count": "raw"},
}


def plain_topics(X: Any, has: np.ndarray, weight: np.ndarray) -> Linear:
    """What one writes first: one logistic regression a topic."""
    fitted = [LogisticRegression(C=10.0, solver="liblinear").fit(X, y, sample_weight=weight) for y in has.T]
    return Linear(np.vstack([one.coef_ for one in fitted]), np.concatenate([one.intercept_ for one in fitted]))


def plain_stances(X: Any, pairs: StancePairs, weight: np.ndarray) -> Linear:
    """What one writes first: for each topic one multinomial logistic regression with balanced classes."""
    coef, intercept = [], []
    for topic in range(len(TOPICS)):
        mine = pairs[pairs.topic == topic]
        model = LogisticRegression(C=5.0, max_iter=1000, class_weight="balanced").fit(
            X[mine.row], mine.stance, sample_weight=weight[mine.row]
        )
        coef.append(model.coef_)
        intercept.append(model.intercept_)
    return Linear(np.vstack(coef), np.concatenate(intercept))


def fit(train: list[Paragraph], X: Any, of_pairs: np.ndarray, changed: dict[str, Any]) -> tuple[Linear, Linear]:
    settings = Settings()
    retold = changed.get("retold_weight", shipped.RETOLD_WEIGHT)
    weight = np.array([retold if p.id.startswith(shipped.RETOLD) else 1.0 for p in train])
    has = np.array([[t in p.topics for t in TOPICS] for p in train])
    pairs = StancePairs.of([p.stance for p in train], TOPICS)
    scale = np.where(of_pairs, changed.get("stance_pairs", settings.stance_pairs), 1.0)
    plain = changed.get("plain_topics"), changed.get("plain_stances")
    topics = plain_topics(X, has, weight) if plain[0] else fit_topics(X, has, settings.topic_c, weight)
    return topics, plain_stances(X, pairs, weight) if plain[1] else fit_stances(
        X, pairs, settings.stance_c, weight, scale
    )


def predict(heads: tuple[Linear, Linear], X: Any) -> tuple[np.ndarray, np.ndarray]:
    """(n, topics) decision values, and (n, topics) index of the stance."""
    topics, stances = heads
    values = (X @ stances.coef.T + stances.intercept).reshape(X.shape[0], len(TOPICS), len(STANCES))
    return X @ topics.coef.T + topics.intercept, values.argmax(axis=2)


def judged(gold: list[Paragraph], values: np.ndarray, stances: np.ndarray) -> list[float]:
    has = np.array([[t in p.topics for t in TOPICS] for p in gold])
    precision = [average_precision_score(y, v) for y, v in zip(has.T, values.T, strict=True)]
    return [float(np.mean(precision)), evaluate(gold, TOPICS, values > 0, stances, rounds=1).stance_pooled.value]


def without(what: str | None) -> Any:
    """The units module with something taken out."""
    if what == "leaders":
        whole = units.gazetteer()
        classes = {token: kind for token, kind in whole.classes.items() if kind != units.LEADER}
        states = {token: code for token, code in whole.states.items() if token in classes}
        return mock.patch.object(units, "gazetteer", lambda: units.Gazetteer(classes, states, whole.compounds))
    if what == "these":
        return mock.patch.object(units, "these_unit", lambda first, second: "@these")
    return contextlib.nullcontext()


def row(name: str, changed: dict[str, Any], gold: list[Paragraph], dev: list[Paragraph]) -> str:
    if (only := changed.get("only")) is not None:
        gold = [p for p in gold if p.id.startswith(shipped.RETOLD) == only]
    retold = np.array([p.id.startswith(shipped.RETOLD) for p in gold])
    fold = np.random.default_rng(0).integers(0, 3, len(gold))
    arguments = {k: v for k, v in changed.items() if k in PersianTfidfVectorizer().get_params()}
    with without(changed.get("without")):
        vectorizer = PersianTfidfVectorizer(**arguments)
        X = vectorizer.fit_transform([p.text for p in gold])
        Z = vectorizer.transform([p.text for p in dev])
    figures = judged(dev, *predict(fit(gold, X, vectorizer.of_pairs_, changed), Z))
    parts, order = [], []
    for k in range(3) if retold.any() else ():
        held_out = retold & (fold == k)
        test, train = np.flatnonzero(held_out), np.flatnonzero(~held_out)
        parts.append(predict(fit([gold[i] for i in train], X[train], vectorizer.of_pairs_, changed), X[test]))
        order += [gold[i] for i in test]
    if parts:
        figures += judged(order, np.vstack([v for v, _ in parts]), np.vstack([s for _, s in parts]))
    cells = [f"{figure:.3f}" for figure in figures] + [""] * (4 - len(figures))
    return f"| {name} | {len(vectorizer.vocabulary_):,} | " + " | ".join(cells) + " |"


def main(dev_file: str) -> None:
    gold = shipped.paragraphs()
    dev = corpus.read([Path(dev_file)]).paragraphs
    print(
        "| setting | features | dev topics, AP | dev stance, F1 | retold topics, AP | retold stance, F1 |\n|---|---|---|---|---|---|"
    )
    rows = Parallel(n_jobs=2, return_as="generator")(
        delayed(row)(name, changed, gold, dev) for name, changed in SETTINGS.items()
    )
    for line in rows:
        print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
