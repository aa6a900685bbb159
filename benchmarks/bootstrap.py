"""What `stancelib bootstrap` is worth: a model from terms and unlabelled text, beside the terms alone and true labels.

    python benchmarks/bootstrap.py DEV [POOL.jsonl[.gz] …]

DEV is a label file to measure on. The pool is text without labels; without one it is the text of labels/corpus, whose
labels are dropped. Pool paragraphs that DEV has too are left out. The model of true labels is the shipped one.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from stancelib import bootstrap, corpus, shipped, store, taxonomy
from stancelib.evaluate import Evaluation, evaluate
from stancelib.records import Paragraph

ROOT = Path(__file__).parent.parent


def pool_of(files: list[Path]) -> Iterator[str]:
    """The texts of the pool, or of the shipped corpus."""
    if not files:
        yield from (p.text for p in shipped.paragraphs())
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
            yield from (json.loads(line)["text"] for line in lines)


def row(name: str, result: Evaluation) -> str:
    """A line of the table: all topics, then each."""
    each = [f"{t['f1'].value:.3f} / {result.stance[n]['macro_f1'].value:.3f}" for n, t in result.topics.items()]
    return " | ".join(["", f"{name:25}", str(result.micro_f1), str(result.stance_pooled), *each, ""]).strip()


def main() -> None:
    """Measure and print."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    gold = corpus.read([Path(sys.argv[1])]).paragraphs
    texts = [p.text for p in gold]
    seen = set(texts)
    files = sorted((ROOT / "seeds" / "terms").glob("*.toml"))
    terms = bootstrap.Terms.join(
        [bootstrap.parse(file.read_text(encoding="utf-8"), file.name, lambda _: taxonomy.default()) for file in files]
    )
    names = terms.taxonomy.names
    start = time.monotonic()
    texts_of_pool = pool_of([Path(name) for name in sys.argv[2:]])
    pool = bootstrap.draw((Paragraph("", text) for text in texts_of_pool if text not in seen), terms)
    labelled = bootstrap.weak_labels(pool, terms)
    model = bootstrap.fit(labelled, terms)
    seconds = time.monotonic() - start
    alone = bootstrap.vote(texts, terms)
    print(
        f"{len(pool):,} paragraphs drawn, {len(labelled):,} with weak labels, {seconds:.0f} s, {len(gold)} measured on\n"
    )
    print(f"| | topic micro-F1 | stance macro-F1 | {' | '.join(f'{name}: topic / stance' for name in names)} |")
    print("| --- " * (3 + len(names)) + "|")
    print(row("terms alone", evaluate(gold, names, alone.topic == bootstrap.YES, alone.stances())))
    print(row("bootstrapped", evaluate(gold, names, *model.predict(texts))))
    trained = store.load()
    order = [trained.taxonomy.names.index(name) for name in names]
    found, stances = trained.predict(texts)
    print(row("true labels of the corpus", evaluate(gold, names, found[:, order], stances[:, order])))


if __name__ == "__main__":
    main()
