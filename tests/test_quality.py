"""Quality can't slip unseen: the figures of the shipped model on real news, held against tests/floors.json."""

from __future__ import annotations

import hashlib
import json
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from stancelib import store
from stancelib.model import data_hash
from stancelib.records import Paragraph

ROOT = Path(__file__).parent.parent
FLOORS = json.loads((ROOT / "tests" / "floors.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    """The names of benchmarks/card.py."""
    before = sys.path[:]
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        return runpy.run_path(str(ROOT / "benchmarks" / "card.py"))
    finally:
        sys.path[:] = before


def test_no_figure_is_under_its_floor(dev: list[Paragraph], card: dict[str, Any]) -> None:
    if data_hash(dev) != FLOORS["data_sha256"]:
        pytest.skip("the floors were measured on other paragraphs")
    result, trust = card["measured"](store.load(), dev, 10)
    assert card["fallen"](card["figures"](result, trust), FLOORS["floors"]) == []


def test_a_figure_under_its_floor_is_named(card: dict[str, Any]) -> None:
    assert card["fallen"]({"a": 0.5, "b": 0.7}, {"a": 0.6, "b": 0.7}) == ["a: 0.500 is under 0.600"]


def test_the_model_card_is_of_the_shipped_model(card: dict[str, Any]) -> None:
    """Its data, and what it says of the examples of failures; the figures are those of the last run of card.py."""
    text = (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8")
    model = store.load()
    assert hashlib.sha256(store.read_bytes()).hexdigest() in text, "run python benchmarks/card.py PATH/dev.jsonl"
    assert model.about["data_sha256"] in text
    assert FLOORS["data_sha256"] in text
    assert card["failures"](model) in text
    floors, micro = FLOORS["floors"], re.search(r"\| all \|  \|  \| (\.\d+) ", text)
    assert micro is not None
    assert abs(float(micro[1]) - floors["topic micro-F1"]) < 0.01
