"""stancelib's side of the speed benchmark; see worker.py. Archives go through its command line instead."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

from worker import folded, records, serve, settle

from stancelib import store
from stancelib.model import StanceModel

ROOT = Path(__file__).parent.parent


class Side:
    """The model and the texts that are at hand."""

    def __init__(self) -> None:
        self.model: StanceModel | None = None
        self.texts: dict[str, list[str]] = {}

    def read(self, name: str, file: str, start: int = 0, end: int | None = None, is_folded: bool = False) -> None:
        """Keep the texts ``start`` to ``end`` of a file under a name."""
        source = folded(file) if is_folded else (record["text"] for record in records(file))
        self.texts[name] = list(islice(source, start, end))
        settle()

    def fresh(self) -> None:
        """A new model, which has met no word."""
        self.model = store.from_bytes((ROOT / "stancelib" / "data" / "model.stance").read_bytes(), "shipped")
        settle()

    def score(self, name: str) -> int:
        assert self.model is not None
        return len(self.model.score(self.texts[name]))


def train(target: str) -> None:
    """As ``stancelib train --extend`` does, corpus and model file included."""
    from stancelib import shipped

    store.save(shipped.extend(), target)


def corpus_for_fasttext(target: str) -> None:
    """The shipped corpus with its texts folded, as JSON."""
    from stancelib import shipped, text

    rows = [
        {"text": " ".join(text.words(p.text)), "topics": list(p.topics or ()), "stance": dict(p.stance)}
        for p in shipped.paragraphs()
    ]
    Path(target).write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    side = Side()
    serve(side.read, side.fresh, side.score, train, corpus_for_fasttext)
