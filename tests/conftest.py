from __future__ import annotations

import os
from pathlib import Path

import no_network  # noqa: F401  from here on the tests reach this machine only
import pytest
from hypothesis import HealthCheck, settings

from stancelib import corpus
from stancelib.cli import main
from stancelib.model import Settings, StanceModel
from stancelib.records import Paragraph

ROOT = Path(__file__).parent.parent
#: Real labelled news, outside the repository: tests that need it skip where it is absent.
DEV = Path(os.environ.get("STANCELIB_DEV", ROOT.parent / "shared" / "realnews" / "dev.jsonl"))

# Properties: a few examples and always the same ones, or with HYPOTHESIS_PROFILE=nightly very many, each time others.
# A property whose examples are expensive gives its own `max_examples`, a share of `settings().max_examples`.
_CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("default", _CALM, derandomize=True)
settings.register_profile("nightly", _CALM, derandomize=False, max_examples=10_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def gold() -> list[Paragraph]:
    """The training corpus."""
    reading = corpus.read([ROOT / "labels" / "corpus"])
    assert reading.problems == []
    return reading.paragraphs


@pytest.fixture(scope="session")
def small_model(gold: list[Paragraph]) -> StanceModel:
    """A model of 900 paragraphs, quick to train."""
    return StanceModel.fit(gold[::10], settings=Settings(prune=4000))


@pytest.fixture(scope="session")
def dev() -> list[Paragraph]:
    if not DEV.is_file():
        pytest.skip("real dev data is not here")
    return corpus.read([DEV]).paragraphs


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    """The command in this process: arguments -> exit code, stdout, stderr."""

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        out = capsys.readouterr()
        return int(stop.value.code or 0), out.out, out.err

    return call
