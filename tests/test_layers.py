"""Imports go one way; printing stays in the command; heavy packages stay off the labelling path."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "stancelib"
LAYERS = [
    {"errors", "records", "arrays", "files", "markup"},
    {"taxonomy", "text"},
    {"units", "hashes", "lookup", "articles", "lemmas"},
    {"rows"},
    {"formats", "telegram", "webpage"},
    {"scan"},
    {"features", "heads", "votes", "corpus", "evaluate"},
    {"explain"},
    {"model", "audit", "agreement", "calibration", "exchange"},
    {"store", "shipped", "mistakes", "curve", "charts", "suggest", "bootstrap"},
    {"batch", "report"},
    {"scale", "web"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
SIDE_ROOMS = {
    "exchange": {"records", "errors", "taxonomy", "rows", "corpus"},
    "corpus": {"records", "errors", "taxonomy", "rows"},
    "evaluate": {"records", "errors", "taxonomy", "arrays"},
    "calibration": {"records", "errors", "arrays", "evaluate"},
    "agreement": {"records", "errors", "arrays", "evaluate"},
}


def room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def imported(tree: ast.AST) -> set[str]:
    """Rooms of the package that a file imports, type-checking imports included."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "stancelib":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("stancelib."):
            found.add(node.module.split(".")[1])
    return found & set(LEVEL)


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    name = room(path)
    assert name in LEVEL, f"{name} has no layer yet"
    for other in imported(ast.parse(path.read_text(encoding="utf-8"))) - {name}:
        assert LEVEL[other] < LEVEL[name], f"{name} must not import {other}"
        assert name not in SIDE_ROOMS or other in SIDE_ROOMS[name], f"{name} must not import {other}"


@pytest.mark.parametrize("path", [p for p in FILES if room(p) != "cli"], ids=lambda path: path.name)
def test_only_the_command_prints(path: Path) -> None:
    calls = [
        n.func.id
        for n in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    ]
    assert "print" not in calls


def modules_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nsys.stderr.write('\\n'.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, encoding="utf-8")
    return {name.split(".")[0] for name in run.stderr.split("\n")}


HEAVY = {
    "sklearn",
    "hazm",
    "joblib",
    "scipy",
    "pandas",
    "polars",
    "pyarrow",
    "dask",
    "distributed",
    "matplotlib",
    "nltk",
    "trafilatura",
    "lxml",
    "ijson",
    "fastapi",
    "starlette",
    "pydantic",
    "uvicorn",
}


def test_labelling_needs_numpy_only() -> None:
    seed = next((PACKAGE.parent / "seeds").glob("*.txt"))
    code = f"from stancelib.cli import group\ngroup.main(['label', {str(seed)!r}], standalone_mode=False)"
    loaded = modules_after(code)
    assert "numpy" in loaded
    assert not loaded & HEAVY


def test_labelling_a_frame_loads_the_frames_library_only() -> None:
    code = """
import stancelib
class Series(list):
    def __init__(self, values, index=None, dtype=None):
        super().__init__(values)
class Frame(dict):
    columns, index = ["text"], None
    def assign(self, **more):
        assert more["energy"] == [True]
stancelib.load().label_frame(Frame(text=Series(["صادرات نفت ایران افزایش یافت."])))
"""
    loaded = modules_after(code)
    assert not loaded & HEAVY


def test_help_does_not_even_need_numpy() -> None:
    code = (
        "from stancelib.cli import group\ntry: group.main(['--help'], standalone_mode=False)\nexcept SystemExit: pass"
    )
    assert not modules_after(code) & {"numpy", *HEAVY}


def test_import_is_light() -> None:
    assert not modules_after("import stancelib") & {"numpy", *HEAVY}
