"""The usual stack's side of the speed benchmark; see worker.py."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
from worker import BATCH, batches, records, serve, settle

if TYPE_CHECKING:
    from usual_stack import Peer


class Side:
    """The model and the texts that are at hand."""

    def __init__(self) -> None:
        self.model: Peer | None = None
        self.texts: list[str] = []

    def load(self, model: str) -> None:
        self.model = joblib.load(model)
        settle()

    def read(self, file: str, end: int) -> None:
        self.texts = [record["text"] for record in islice(records(file), end)]
        settle()

    def score(self) -> int:
        assert self.model is not None
        return sum(
            len(self.model.score(self.texts[first : first + BATCH])) for first in range(0, len(self.texts), BATCH)
        )


def train(target: str) -> None:
    """Corpus and dump included, as for stancelib."""
    from usual_stack import Peer

    from stancelib import shipped

    joblib.dump(Peer(shipped.paragraphs()), target)


def label(model: str, article: str) -> int:
    """An article with a paragraph a line."""
    lines = Path(article).read_text(encoding="utf-8").splitlines()
    found, _ = joblib.load(model).label([line for line in lines if line.strip()])
    return int(found.sum())


def stream(model: str, source: str, target: str) -> None:
    """An archive to a file of labels, never more than a batch at hand."""
    peer = joblib.load(model)
    settle()
    with Path(target).open("w", encoding="utf-8") as file:
        for batch in batches(records(source)):
            found, stances = peer.label([record["text"] for record in batch])
            for record, topics, stance in zip(batch, found.tolist(), stances.tolist(), strict=True):
                file.write(json.dumps({"id": record["id"], "topics": topics, "stances": stance}) + "\n")


if __name__ == "__main__":
    side = Side()
    serve(side.load, side.read, side.score, train, label, stream)
