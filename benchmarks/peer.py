"""stancelib beside the usual stack, in one run: quality on real labelled news, speed from raw text to all labels.

    python benchmarks/peer.py [--dev dev.jsonl] [--speed texts.jsonl.gz]

The peer is what one writes first: hazm's Normalizer and tokenizer, TfidfVectorizer with words 1-2 and characters 2-5,
LogisticRegression, one for the topics and one for each topic's stance, trained on the same corpus. Without the real
data (it is not in the repository) only the speed is measured, on the corpus itself.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path

import hazm
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline, make_union

from stancelib import corpus, shipped, store, taxonomy
from stancelib.evaluate import Evaluation, evaluate
from stancelib.records import STANCES, Paragraph

ROOT = Path(__file__).parent.parent
REAL = ROOT.parent / "shared" / "realnews"
TOPICS = taxonomy.default().names


class Peer:
    """The usual stack. The normalizer runs once a text; the stances only where a topic was found."""

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

    def label(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        X = self.vectorizer.transform([self.normalize(t) for t in texts])
        stances = np.stack([model.predict(X) for model in self.stances], axis=1)
        return self.topics.predict(X).astype(bool), stances


def per_second(label: Callable[[list[str]], object], texts: list[str], batch: int = 2000) -> float:
    start = time.perf_counter()
    for first in range(0, len(texts), batch):
        label(texts[first : first + batch])
    return len(texts) / (time.perf_counter() - start)


def row(name: str, result: Evaluation | None, speed: list[float]) -> str:
    figures = "| | " if result is None else f"| {result.micro_f1} | {result.stance_pooled} "
    return f"| {name} {figures}| {np.median(speed):,.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dev", type=Path, default=REAL / "dev.jsonl")
    parser.add_argument("--speed", type=Path, default=REAL / "unlabelled.jsonl.gz")
    arguments = parser.parse_args()
    gold = shipped.paragraphs()
    dev = corpus.read([arguments.dev]).paragraphs if arguments.dev.is_file() else None
    texts = [p.text for p in gold]
    if arguments.speed.is_file():
        with gzip.open(arguments.speed, "rt", encoding="utf-8") as file:
            texts = [json.loads(line)["text"] for line in file]
    peer = Peer(gold)
    data = (ROOT / "stancelib" / "data" / "model.stance").read_bytes()
    ours, theirs = [], []
    gc.collect()
    gc.freeze()  # neither side is to pay for the garbage collector walking through the other's vocabulary
    # In turn, so that a slow minute of the machine meets both; a fresh model, so that no word is known.
    for _ in range(5):
        ours.append(per_second(store.from_bytes(data, "shipped").label, texts))
        theirs.append(per_second(peer.label, texts[:2000]))
    model = store.load()
    ours_quality = theirs_quality = None
    if dev is not None:
        ours_quality = evaluate(dev, TOPICS, *model.predict([p.text for p in dev]))
        theirs_quality = evaluate(dev, TOPICS, *peer.label([p.text for p in dev]))
    print("| | topic micro-F1 | stance macro-F1 | paragraphs a second |\n|---|---|---|---|")
    print(row("stancelib", ours_quality, ours))
    print(row("hazm + TfidfVectorizer + LogisticRegression", theirs_quality, theirs))
    print(f"\n{np.median(ours) / np.median(theirs):.1f} times the peer's speed; {len(texts):,} paragraphs, one core")


if __name__ == "__main__":
    main()
