"""What labelled paragraphs of one's own bring: the shipped corpus alone and with 100, 300 and 500 real ones.

    python benchmarks/extend.py PATH/dev.jsonl    # its table is in docs/quality.md; about ten minutes

Repeated random splits of real labelled news: 500 paragraphs to add from, the rest to measure on; each number adds the
first ones of the same 500. Every model is made by `shipped.extend`, as ``stancelib train --extend`` makes it, and none
is kept.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from stancelib import corpus, shipped, store, taxonomy
from stancelib.evaluate import evaluate
from stancelib.records import Paragraph

SIZES = (0, 100, 300, 500)
POOL = 500
SPLITS = 4


def predictions(split: int, size: int, real: list[Paragraph]) -> tuple[list[int], np.ndarray, np.ndarray]:
    """The test paragraphs' numbers, and what a model that had ``size`` of the others says of them."""
    order = np.random.default_rng(split).permutation(len(real)).tolist()
    model = shipped.extend([real[i] for i in order[:size]]) if size else store.load()
    return order[POOL:], *model.predict([real[i].text for i in order[POOL:]])


def main(file: str) -> None:
    real = corpus.read([Path(file)]).paragraphs
    topics = taxonomy.default().names
    print(
        "| own paragraphs | topic micro-F1 | stance macro-F1 | all labels of a paragraph |\n| ---: | --- | --- | --- |"
    )
    for size in SIZES:
        parts = Parallel(n_jobs=2)(delayed(predictions)(split, size, real) for split in range(SPLITS))
        # A paragraph is in several splits: as one source, so that it is resampled as one.
        gold = [replace(real[i], source=real[i].id) for order, _, _ in parts for i in order]
        found, stances = (np.vstack([part[column] for part in parts]) for column in (1, 2))
        result = evaluate(gold, topics, found, stances)
        print(f"| {size} | {result.micro_f1} | {result.stance_pooled} | {result.exact} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
