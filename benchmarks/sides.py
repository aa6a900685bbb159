"""The four that are compared: their workers, model files and archives, in one temporary directory."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import archive
import children
import fasttext_setup
from children import Command, Run

HERE = Path(__file__).parent
ARTICLE = min((archive.ROOT / "seeds").glob("*.txt"))
MODEL = archive.ROOT / "stancelib" / "data" / "model.stance"
STANCELIB = shutil.which("stancelib", path=Path(sys.executable).parent) or "stancelib"

OURS, USUAL, SUBWORDS, WORDS = "stancelib", "usual stack", "fastText, subwords", "fastText, whole words"
SIDES = (OURS, USUAL, SUBWORDS, WORDS)
FASTTEXT = (SUBWORDS, WORDS)

#: What stancelib's own command is asked to do with an archive.
LABEL = (STANCELIB, "label", "--no-progress", "--format", "jsonl")

WORKERS: dict[str, Command] = {
    OURS: (sys.executable, HERE / "stancelib_worker.py"),
    USUAL: (sys.executable, HERE / "peer_worker.py"),
}


@dataclass(slots=True)
class Bench:
    """Where everything of one run is, and how much of everything is wanted.

    Args:
        directory: for models, archives and output; temporary.
        quick: fewer rounds, and 100,000 paragraphs at most.
        missing: side -> why it is not measured.
    """

    directory: Path
    quick: bool
    missing: dict[str, str] = field(default_factory=dict)
    workers: dict[str, Command] = field(default_factory=lambda: dict(WORKERS))
    _archives: dict[tuple[int, bool], Path] = field(default_factory=dict)

    def set_up(self) -> None:
        """The environment of fastText and the corpus as fastText wants it."""
        python = fasttext_setup.python()
        for side in FASTTEXT:
            if isinstance(python, str):
                self.missing[side] = python
            else:
                self.workers[side] = (python, HERE / "fasttext_worker.py")
                self.model(side).mkdir()
        children.run(children.once(WORKERS[OURS], "corpus_for_fasttext", target=self._corpus))

    @property
    def there(self) -> list[str]:
        return [side for side in SIDES if side not in self.missing]

    @property
    def _corpus(self) -> Path:
        return self.directory / "corpus.json"

    def model(self, side: str) -> Path:
        """Where a side's trained model is: a file, of fastText a directory of four."""
        names = {USUAL: "peer.joblib", SUBWORDS: "subwords", WORDS: "words"}
        return MODEL if side == OURS else self.directory / names[side]

    def size(self, side: str) -> int:
        """Bytes of the model on disk."""
        model = self.model(side)
        return sum(file.stat().st_size for file in (model.iterdir() if model.is_dir() else [model]))

    def train(self, side: str) -> Run:
        if side == OURS:  # the shipped model is measured; this one is only to be made
            return self._once(side, "train", target=self.directory / "trained.stance")
        if side == USUAL:
            return self._once(side, "train", target=self.model(side))
        return self._once(side, "train", source=self._corpus, target=self.model(side), subwords=side == SUBWORDS)

    def label_article(self, side: str) -> Run:
        if side == OURS:
            return children.run([STANCELIB, "label", ARTICLE])
        article = self._folded_article() if side in FASTTEXT else ARTICLE
        return self._once(side, "label", model=self.model(side), article=article)

    def label_archive(self, side: str, count: int) -> Run:
        """From a JSONL file to a file of labels; of fastText from a file that is folded already."""
        source, target = self.archive(count, is_folded=side in FASTTEXT), self.directory / "labels.jsonl"
        try:
            if side == OURS:
                return children.run([*LABEL, "-o", target, source])
            return self._once(side, "stream", model=self.model(side), source=source, target=target)
        finally:
            target.unlink(missing_ok=True)

    def _once(self, side: str, task: str, **arguments: object) -> Run:
        return children.run(children.once(self.workers[side], task, **arguments))

    def archive(self, count: int, *, is_folded: bool = False) -> Path:
        """The archive of so many paragraphs, made when first asked for; a longer one's beginning if there is one."""
        if (count, is_folded) not in self._archives:
            target = self.directory / f"archive-{count}{'-folded.txt' if is_folded else '.jsonl'}"
            longer = [(n, path) for (n, kind), path in self._archives.items() if n > count and kind == is_folded]
            script: list[str | Path] = [sys.executable, HERE / "archive.py"]
            if longer:
                archive.prefix(min(longer)[1], target, count)
            elif is_folded:
                children.run([*script, "fold", self.archive(count), target])
            else:
                children.run([*script, "make", str(count), target])
            self._archives[count, is_folded] = target
        return self._archives[count, is_folded]

    def _folded_article(self) -> Path:
        target = self.directory / "article-folded.txt"
        if not target.exists():
            from stancelib import text

            lines = [" ".join(text.words(line)) for line in ARTICLE.read_text(encoding="utf-8").splitlines()]
            target.write_text("".join(line + "\n" for line in lines if line), encoding="utf-8")
        return target
