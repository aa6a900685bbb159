"""A news archive of any length for measuring growth: JSONL, a paragraph a record, the same one at every call.

    python benchmarks/archive.py make 1000000 archive.jsonl
    python benchmarks/archive.py fold archive.jsonl folded.txt

The texts cycle through real paragraphs where they are at hand (they are not in the repository), else through the
shipped training corpus. From the second cycle on two words of each paragraph give way to invented ones, all different,
so that the vocabulary keeps growing as it does in a real archive and no cache can know every word. ``fold`` writes the
texts as fastText is given them: folded words with a space between, one text a line.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
REAL = ROOT.parent / "shared" / "realnews"
REAL_FILES = tuple(REAL / name for name in ("unlabelled.jsonl.gz", "topical.jsonl.gz"))

_SYLLABLES = tuple(consonant + vowel for consonant in "بپتجچخدرزسشفقکگلمنهی" for vowel in "اوی")
# Prime to the number of syllables: it scatters numbers that follow one another without making two of them one.
_SCATTER = 7919


def base_name() -> str:
    """What the texts are, for captions."""
    return "real news paragraphs" if all(file.is_file() for file in REAL_FILES) else "paragraphs of the training corpus"


def base_texts() -> Iterator[str]:
    if all(file.is_file() for file in REAL_FILES):
        for file in REAL_FILES:
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                yield from (json.loads(line)["text"] for line in lines)
    else:
        from stancelib import shipped

        yield from (paragraph.text for paragraph in shipped.paragraphs())


def invented(number: int) -> str:
    """A word that stands for one number and is in no dictionary.

    >>> invented(0), invented(1)
    ('بابابابا', 'ییجیبیبا')
    """
    size = 4
    while number >= len(_SYLLABLES) ** size:
        size += 1
    rest = number * _SCATTER % len(_SYLLABLES) ** size
    word = ""
    for _ in range(size):
        rest, syllable = divmod(rest, len(_SYLLABLES))
        word += _SYLLABLES[syllable]
    return word


def texts(count: int) -> Iterator[str]:
    """``count`` paragraphs without line ends."""
    base = [" ".join(text.split()) for text in base_texts()]
    for number in range(count):
        text = base[number % len(base)]
        if number >= len(base):
            words = text.split()
            first = number % len(words)
            # Another place than the first, and another one in every cycle.
            second = (first + 1 + number // len(base) % max(len(words) - 1, 1)) % len(words)
            words[first] = invented(2 * number)
            if second != first:
                words[second] = invented(2 * number + 1)
            text = " ".join(words)
        yield text


def make(count: int, target: Path) -> None:
    with target.open("w", encoding="utf-8") as file:
        for number, text in enumerate(texts(count)):
            file.write(json.dumps({"id": f"a{number:07}", "text": text}, ensure_ascii=False) + "\n")


def fold(source: Path, target: Path) -> None:
    from stancelib.text import words

    with source.open(encoding="utf-8") as lines, target.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(" ".join(words(json.loads(line)["text"])) + "\n")


def prefix(source: Path, target: Path, count: int) -> Path:
    """The first ``count`` lines of a file; a shorter archive is the beginning of a longer one."""
    with source.open("rb") as lines, target.open("wb") as file:
        file.writelines(itertools.islice(lines, count))
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description="Make an archive, or fold one.")
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    making.add_argument("count", type=int)
    making.add_argument("target", type=Path)
    folding = commands.add_parser("fold")
    folding.add_argument("source", type=Path)
    folding.add_argument("target", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "make":
        make(arguments.count, arguments.target)
    else:
        fold(arguments.source, arguments.target)


if __name__ == "__main__":
    main()
