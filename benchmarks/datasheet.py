"""Bring the counts in labels/DATASHEET.md up to date with labels/corpus.

    python benchmarks/datasheet.py

Rewrites the section "Counts"; what a file is comes from the table that is there. The numbers in the prose of the
other sections are checked by hand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from stancelib import corpus, shipped, taxonomy
from stancelib.records import STANCES, Paragraph

LABELS = Path(__file__).parent.parent / "labels"
TOPICS = taxonomy.default().names
KINDS = ("headline", "lead", "body", "post")


def table(head: str, align: str, rows: Iterable[Iterable[object]]) -> str:
    lines = [f"| {head} |", f"| {align} |"]
    for row in rows:
        lines.append("| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row) + " |")
    return "\n".join(lines)


def shares(name: str, counts: Iterable[tuple[object, int]], total: int) -> str:
    rows = [(str(key), count, f"{count / total:.0%}") for key, count in counts]
    return table(f"{name} | paragraphs | share", "--- | ---: | ---:", rows)


def file_row(file: Path, what: str, paragraphs: list[Paragraph]) -> list[object]:
    topics = [sum(t in (p.topics or ()) for p in paragraphs) for t in TOPICS]
    stances = [sum(list(p.stance.values()).count(s) for p in paragraphs) for s in STANCES]
    kinds = [sum(p.kind == kind for p in paragraphs) for kind in KINDS]
    none = sum(not p.topics for p in paragraphs)
    return [f"`{file.stem}`", what, len(paragraphs), *topics, none, *stances, *kinds]


def counts(sheet: str) -> str:
    """The section between its heading and the next."""
    by_file = {
        file: corpus.read([file]).paragraphs
        for file in sorted(
            (LABELS / "corpus").glob("*.jsonl"),
            key=lambda f: (f.stem[0], int((re.findall(r"\d+", f.stem) or ["0"])[0])),
        )
    }
    gold = [paragraph for paragraphs in by_file.values() for paragraph in paragraphs]
    by_stance = [(t, [sum(p.stance.get(t) == s for p in gold) for s in STANCES]) for t in TOPICS]
    stance_rows = [(f"`{t}`", *row, sum(row)) for t, row in by_stance]
    parts = []
    for part, retold in (("invented", False), ("retold", True), ("both", None)):
        inside = [p for p in gold if retold is None or p.id.startswith(shipped.RETOLD) == retold]
        none = sum(not p.topics for p in inside)
        parts.append((part, len(inside), none, f"{none / len(inside):.0%}"))
    stance_rows.append(("all topics", *(sum(column) for column in zip(*(row[1:] for row in stance_rows), strict=True))))
    kind, style = Counter(str(p.kind) for p in gold), Counter(str(p.style) for p in gold)
    known = dict(re.findall(r"^\| `(\w+)` \| ([^|\d][^|]*?) \|", sheet, re.MULTILINE))
    return "\n\n".join(
        [
            table("part | paragraphs | without a topic | share", "--- | ---: | ---: | ---:", parts),
            "A paragraph with two topics counts once for each, so topic and stance counts add up to more than the paragraphs.",
            table("topic | favor | against | neutral | all", "--- | ---: | ---: | ---: | ---:", stance_rows),
            shares("topics in the paragraph", sorted(Counter(len(p.topics or ()) for p in gold).items()), len(gold)),
            shares("kind", [(k, kind[k]) for k in KINDS], len(gold)),
            shares("style", style.most_common(), len(gold)),
            "By file (`ties` is `bilateral_ties`; the stance columns count labels, the others paragraphs):",
            table(
                "file | what it is | all | energy | gaza | ties | none | favor | against | neutral | "
                + " | ".join(KINDS),
                " | ".join(["---", "---"] + ["---:"] * 12),
                [file_row(file, known.get(file.stem, "retold"), ps) for file, ps in by_file.items()],
            ),
        ]
    )


def updated(sheet: str) -> str:
    before, rest = sheet.split("## Counts\n\n")
    _, after = rest.split("\n\n## Agreement")
    return f"{before}## Counts\n\n{counts(sheet)}\n\n## Agreement{after}"


if __name__ == "__main__":
    file = LABELS / "DATASHEET.md"
    file.write_text(updated(file.read_text(encoding="utf-8")), encoding="utf-8")
