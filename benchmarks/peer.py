"""stancelib beside the usual stack, in one run: quality on real labelled news, speed from raw text to all scores.

    python benchmarks/peer.py [--dev dev.jsonl] [--speed texts.jsonl.gz]

The peer is usual_stack.py, trained on the same corpus. Without the real data (it is not in the repository) only the
speed is measured, on the corpus itself. speed.py beside this file measures speed in every other way.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from archive import REAL, ROOT
from usual_stack import TOPICS, Peer

from stancelib import corpus, shipped, store
from stancelib.evaluate import Evaluation, evaluate


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
        ours.append(per_second(store.from_bytes(data, "shipped").score, texts))
        theirs.append(per_second(peer.score, texts[:2000]))
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
