"""Is any training paragraph copied? Runs of words that labels/corpus shares with real news.

    python benchmarks/overlap.py REALNEWS_DIRECTORY    # *.jsonl and *.jsonl.gz with "id" and "text"

Two questions. A paragraph and any real one: runs of eight words. A retold paragraph and its own source (where its id says
which, ``r-<source id>``): runs of five. A run that lies wholly inside a fixed term of the trade doesn't count; the terms
are named below. Exit code 1 when anything is left.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from stancelib import shipped, text
from stancelib.audit import shingles
from stancelib.records import Paragraph

FROM_ANY, FROM_ITS_SOURCE = 8, 5

#: Names of bodies and offices, and set phrases, that nobody can put in other words. Folded like everything else.
FIXED_TERMS: tuple[str, ...] = (
    # offices and bodies
    "سخنگوی کمیسیون امنیت ملی و سیاست خارجی مجلس",
    "رئیس کمیسیون امنیت ملی و سیاست خارجی مجلس",
    "یحیی سریع سخنگوی نیروهای مسلح یمن اعلام کرد",
    "حاجی بابایی نایب رئیس مجلس",
    "روسای جمهور ایران و آمریکا",
    "پویش هرهفته الف ب ایران",
    "امیر شهرام ایرانی فرمانده نیروی دریایی ارتش",
    "مثلث مرگ در جنوب بغداد",
    # how reports begin, go on and name their source
    "به گزارش خبرگزاری صدا و سیما به نقل از",
    "به نقل از یک مقام آمریکایی و یک",
    "وی در پاسخ به این پرسش که آیا",
    "در بخش دیگری از سخنان خود با اشاره به",
    "رئیس مجلس در نطق پیش از دستور خود",
    "وزیر امور خارجه در گفت‌وگوی تلفنی با همتای",
    "این کشور به وزارت امور خارجه احضار شد و",
    "نیز در این دیدار ضمن تقدیم استوارنامه خود",
    "شعارهای مرگ بر اسرائیل و مرگ بر آمریکا",
)


def read(directory: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(directory.glob("*.jsonl*")):
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
            for line in file:
                data = json.loads(line)
                yield data["id"], data["text"]


def runs(words: list[str], size: int) -> set[tuple[str, ...]]:
    return shingles(words, size) if len(words) >= size else set()


def joined(run: set[tuple[str, ...]], words: list[str], size: int) -> list[str]:
    """Overlapping runs as the phrases that they make."""
    phrases, last = [], -2
    for start in range(len(words) - size + 1):
        if tuple(words[start : start + size]) in run:
            if start == last + 1:
                phrases[-1].append(words[start + size - 1])
            else:
                phrases.append(words[start : start + size])
            last = start
    return [" ".join(phrase) for phrase in phrases]


def shared(paragraphs: list[Paragraph], real: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """(paragraph id, whose text, phrase) for every run that is too long."""
    fixed = [f" {' '.join(text.tokens(term))} " for term in FIXED_TERMS]
    words = {p.id: text.tokens(p.text) for p in paragraphs}
    wanted = set().union(*(runs(w, FROM_ANY) for w in words.values()))
    held: dict[tuple[str, ...], str] = {}
    for name, raw in real.items():
        for run in runs(text.tokens(raw), FROM_ANY) & wanted:
            held.setdefault(run, name)
    for p in paragraphs:
        found = [(held[run], run) for run in runs(words[p.id], FROM_ANY) if run in held]
        groups = [(FROM_ANY, found[0][0], {run for _, run in found})] if found else []
        source = p.id.removeprefix("r-")
        if p.id.startswith("r-") and source in real:
            near = runs(words[p.id], FROM_ITS_SOURCE) & runs(text.tokens(real[source]), FROM_ITS_SOURCE)
            groups.append((FROM_ITS_SOURCE, source, near))
        for size, name, both in groups:
            for phrase in joined(both, words[p.id], size):
                if not any(f" {phrase} " in term for term in fixed):
                    yield p.id, name, phrase


def main(directory: str) -> None:
    paragraphs = shipped.paragraphs()
    real = dict(read(Path(directory)))
    if not real:
        sys.exit(f"{directory} has no *.jsonl or *.jsonl.gz to compare with")
    known = sum(p.id.startswith("r-") and p.id.removeprefix("r-") in real for p in paragraphs)
    print(f"{len(paragraphs)} paragraphs against {len(real)} real ones; {known} name their source")
    found = list(shared(paragraphs, real))
    for line in found:
        print("\t".join(line))
    print(f"{len({name for name, _, _ in found})} paragraphs share a run of words that is too long")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main(sys.argv[1])
