"""The two READMEs do what they say, and say the same."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.fa.md")


def blocks(name: str) -> list[str]:
    return re.findall(r"^```\w*\n(.*?)^```$", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", READMES)
def test_the_examples_print_what_is_shown(name: str) -> None:
    every = blocks(name)
    examples = [n for n, block in enumerate(every) if "import stancelib\n" in block]
    assert len(examples) == 2
    for at in examples:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(every[at], {})
        assert printed.getvalue() == every[at + 1]


def test_both_show_the_same_commands_and_figures() -> None:
    def commands(name: str) -> list[str]:
        return [line.split("#")[0].rstrip() for block in blocks(name) for line in block.splitlines()]

    def figures(name: str) -> list[str]:
        return re.findall(r"(?<!\d)\.\d{3}", (ROOT / name).read_text(encoding="utf-8"))

    assert commands("README.md") == commands("README.fa.md")
    assert figures("README.md") == figures("README.fa.md")


def test_the_figures_of_the_model_are_those_of_its_card() -> None:
    card = (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8")
    table = re.findall(
        r"^\| [^|]*(?:F1|right) \| ([^|]+) \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    shown = [figure for cell in table for figure in cell.strip().replace("*", "").split(" / ")]
    assert len(shown) == 6
    assert [figure for figure in shown if figure not in card] == []


@pytest.mark.parametrize(
    "name",
    [
        *READMES,
        "CONTRIBUTING.md",
        "MODEL_CARD.md",
        "SECURITY.md",
        "docs/quality.md",
        "docs/speed.md",
        "labels/DATASHEET.md",
    ],
)
def test_links_inside_the_repository_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert ((ROOT / name).parent / link).exists(), link
