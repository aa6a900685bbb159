"""What the documentation shows is true: commands and code run, print what stands below them, and name what exists; the
Persian pages show the same as the English ones; the site builds without a warning and asks nothing of a network.

On a page, in order: a block with a title is a file, a ``bash`` or ``python`` block is run, and a ``text`` block right below
one is what it prints, to the letter. ``<!-- test: long -->`` before a block leaves it to the long tests, ``<!-- test:
cluster -->`` needs a Dask cluster.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from stancelib.cli import _VERBS, group, main

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md") if path.name not in ("quality.md", "speed.md")
)
_BLOCK = re.compile(
    r"^(?:<!-- test: (?P<mark>\w+) -->\n)?```(?P<kind>\w+)(?: title=\"(?P<file>[^\"]+)\")?\n(?P<text>.*?)^```$(?P<gap>\s*)",
    re.MULTILINE | re.DOTALL,
)


@dataclass
class Block:
    kind: str
    text: str
    file: str | None
    mark: str | None
    below: bool = False  # right below the one before


def blocks(page: str) -> list[Block]:
    found = []
    below = False
    text = (DOCS / page).read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        found.append(Block(match["kind"], match["text"], match["file"], match["mark"], below))
        below = match["gap"] == "\n\n" and text.startswith("```", match.end())
    assert text.count("\n```") + text.startswith("```") == 2 * len(found), "a block that this test does not see"
    return found


class Shell:
    """As much of a shell as the documentation needs; `stancelib` runs in this process."""

    def __init__(self) -> None:
        self.code = 0

    def run(self, block: str) -> str:
        """What a terminal would show, stdout and stderr in one."""
        shown = io.BytesIO()
        for line in block.splitlines():
            stages = [shlex.split(stage, comments=True) for stage in re.split(r" \| ", line)]
            data = b""
            for n, words in enumerate(stages):
                out = io.BytesIO() if n < len(stages) - 1 else shown
                if words:
                    data = self._stage(words, data, out, shown)
        return shown.getvalue().decode()

    def _stage(self, words: list[str], data: bytes, out: io.BytesIO, shown: io.BytesIO) -> bytes:
        verb, *arguments = words
        if verb == "stancelib":
            self.code = self._stancelib(arguments, data, out, shown)
        elif words == ["echo", "$?"]:
            out.write(f"{self.code}\n".encode())
        elif verb == "cat":
            out.write(Path(arguments[0]).read_bytes())
        elif verb == "head" and arguments[:2] == ["-n", "1"]:
            data = Path(arguments[2]).read_bytes() if arguments[2:] else data
            out.write(data[: data.index(b"\n") + 1])
        elif verb in ("pip", "make"):
            assert "|" not in words
        else:
            raise AssertionError(f"the documentation shows {verb}, which this test can't run")
        return out.getvalue()

    @staticmethod
    def _stancelib(arguments: list[str], data: bytes, out: io.BytesIO, shown: io.BytesIO) -> int:
        old = sys.stdin, sys.stdout, sys.stderr
        sys.stdin = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")
        sys.stdout, sys.stderr = (io.TextIOWrapper(b, encoding="utf-8", write_through=True) for b in (out, shown))
        try:
            main(arguments)
        except SystemExit as stop:
            return int(stop.code or 0)
        finally:
            sys.stdout.detach()
            sys.stderr.detach()
            sys.stdin, sys.stdout, sys.stderr = old
        raise AssertionError("main returned")


def outputs(page: str, marks: frozenset[str]) -> Iterator[tuple[Block, str]]:
    """Every block of a page that is run, with what it printed."""
    shell, names = Shell(), {}
    for block in blocks(page):
        if block.file is not None:
            Path(block.file).write_text(block.text, encoding="utf-8")
        elif block.mark is not None and block.mark not in marks:
            continue
        elif block.kind == "bash":
            yield block, shell.run(block.text)
        elif block.kind == "python":
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(block.text, names)
            yield block, printed.getvalue()


def check_page(page: str, marks: frozenset[str] = frozenset()) -> None:
    every = blocks(page)
    shown = {id(one): next_ for one, next_ in zip(every, every[1:], strict=False) if next_.kind == "text" and next_.below}
    # The same blocks again, by their place.
    expected = [shown[id(b)].text if id(b) in shown else None for b in every if b.kind in ("bash", "python")]
    left_out = [b.mark is not None and b.mark not in marks for b in every if b.kind in ("bash", "python")]
    expected = [text for text, out in zip(expected, left_out, strict=True) if not out]
    for (block, printed), text in zip(outputs(page, marks), expected, strict=True):
        if text is not None:
            assert printed == text, block.text
        if block.kind == "bash" and "echo $?" not in block.text:
            assert not re.search("^stancelib: |^Usage: ", printed, re.MULTILINE), printed


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place that looks like the folder of the repository, to write to; the terminal has 100 columns."""
    for name in ("seeds", "labels", "notebooks"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(shutil, "get_terminal_size", lambda *_: os.terminal_size((100, 24)))
    return tmp_path


@pytest.mark.parametrize("page", PAGES)
def test_what_is_shown_is_so(page: str, checkout: Path) -> None:
    check_page(page)


@pytest.mark.long
@pytest.mark.parametrize("page", [page for page in PAGES if any(block.mark == "long" for block in blocks(page))])
def test_what_takes_longer(page: str, checkout: Path) -> None:
    check_page(page, frozenset({"long"}))
