"""fastText's side of the speed benchmark; see worker.py. Runs in an environment of its own (fasttext_setup.py).

One model for the topics (loss ova, so a paragraph may have several; one without any is labelled "none") and, since
fastText has one loss a model, one for each topic's stance (loss softmax), trained on the paragraphs with the topic.
All have dim=20, epoch=25, lr=0.5, wordNgrams=2, bucket=200000, and minn=2, maxn=5 with subwords or maxn=0 without.
More dimensions (50, 100), epochs (50) or buckets (2000000) cost fastText speed and bring it next to nothing on real
labelled news: .80 to .82 micro-F1 on topics and .69 to .72 macro-F1 on stances, all alike.

Texts come folded and split into words with a space between; doing so is not in fastText's time.
"""

from __future__ import annotations

import json
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

import fasttext
from worker import batches, folded, serve, settle

PARAMETERS = {"dim": 20, "epoch": 25, "lr": 0.5, "wordNgrams": 2, "bucket": 200_000, "thread": 1, "verbose": 0}
LABEL = "__label__"

# It warns at every load, in a function made for it to be replaced.
fasttext.FastText.eprint = lambda *_: None


class Models:
    """The topic model and the stance models of a directory."""

    def __init__(self, directory: str) -> None:
        files = sorted(Path(directory).glob("*.bin"))
        self.names = [file.stem for file in files]
        self.all = [fasttext.load_model(str(file)) for file in files]

    def score(self, texts: list[str]) -> list[tuple[Any, Any]]:
        """(labels, probabilities) of every model: all labels of every text."""
        return [model.predict(texts, k=-1) for model in self.all]


class Side:
    """The models and the texts that are at hand."""

    def __init__(self) -> None:
        self.models: Models | None = None
        self.texts: list[str] = []

    def load(self, model: str) -> None:
        self.models = Models(model)

    def read(self, file: str, end: int) -> None:
        self.texts = list(islice(folded(file), end))
        settle()

    def score(self) -> int:
        assert self.models is not None
        return len(self.models.score(self.texts)[0][0])


def train(source: str, target: str, subwords: bool) -> None:
    rows = json.loads(Path(source).read_text(encoding="utf-8"))
    topics = sorted({topic for row in rows for topic in row["topics"]})
    lines = [" ".join([*(LABEL + topic for topic in row["topics"] or ["none"]), row["text"]]) for row in rows]
    _train(lines, Path(target) / "topics.bin", "ova", subwords)
    for topic in topics:
        lines = [f"{LABEL}{row['stance'][topic]} {row['text']}" for row in rows if topic in row["topics"]]
        _train(lines, Path(target) / f"{topic}.bin", "softmax", subwords)


def _train(lines: list[str], target: Path, loss: str, subwords: bool) -> None:
    ngrams = {"minn": 2, "maxn": 5} if subwords else {"minn": 0, "maxn": 0}
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "lines.txt"
        file.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        model = fasttext.train_supervised(str(file), loss=loss, **ngrams, **PARAMETERS)
    model.save_model(str(target))


def label(model: str, article: str) -> int:
    """A folded article with a paragraph a line."""
    return len(Models(model).score(list(folded(article))))


def stream(model: str, source: str, target: str) -> None:
    """A folded archive to a file of labels, never more than a batch at hand."""
    models = Models(model)
    with Path(target).open("w", encoding="utf-8") as file:
        for batch in batches(folded(source)):
            scored = models.score(batch)
            for row in range(len(batch)):
                scores = {
                    name: dict(zip(labels[row], map(float, values[row]), strict=True))
                    for name, (labels, values) in zip(models.names, scored, strict=True)
                }
                file.write(json.dumps(scores) + "\n")


if __name__ == "__main__":
    side = Side()
    serve(side.load, side.read, side.score, train, label, stream)
