"""Every notebook runs top to bottom on data in the repository, draws what it says it draws, and is committed without outputs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stancelib import corpus

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "notebooks"
DATA = FOLDER / "data"
#: Something that each prints, and how many charts it draws.
SHOWN = {
    "quickstart": ("bilateral_ties", 1),
    "archive": ("95% interval", 1),
    "own_topic": ("stance macro-F1", 0),
    "votes": ("استقبال", 1),
}


def test_every_notebook_is_listed() -> None:
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_notebook_runs(name: str) -> None:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(FOLDER)}}).execute()
    outputs = [output for cell in code for output in cell.outputs]
    word, charts = SHOWN[name]
    assert word in "".join(output.get("text", "") for output in outputs)
    assert sum("image/png" in output.get("data", {}) for output in outputs) == charts


def texts(path: Path) -> list[str]:
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_data_is_in_order_and_not_trained_on(gold: list[corpus.Paragraph]) -> None:
    archive, trained_on = texts(DATA / "archive.jsonl"), {p.text for p in gold}
    water = [*texts(DATA / "water_train.jsonl"), *texts(DATA / "water_test.jsonl")]
    assert len(set(archive)) == len(archive) == 168
    assert len(set(water)) == len(water) == 150
    assert not trained_on & {*archive, *water}
    for name in ("anna", "behrouz", "gold"):
        assert set(texts(DATA / f"archive_{name}.jsonl")) < set(archive)
        assert corpus.read([DATA / f"archive_{name}.jsonl"]).problems == []
