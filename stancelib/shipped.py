"""The shipped corpus and how the shipped model is made of it, alone or with paragraphs of one's own. Needs scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from stancelib import corpus
from stancelib.errors import TrainingError
from stancelib.model import StanceModel
from stancelib.records import Paragraph

#: The ids of retold real paragraphs begin with this. They are nearest to real text: thresholds and calibration come from
#: them, and each counts ``RETOLD_WEIGHT`` times an invented paragraph (benchmarks/ablation.py).
RETOLD = "r"
RETOLD_WEIGHT = 2.0

#: How much a paragraph of one's own counts beside an invented one (benchmarks/extend.py).
OWN_WEIGHT = 2.0


def paragraphs() -> list[Paragraph]:
    """The training corpus, labels/corpus of the repository, in file order."""
    with resources.as_file(resources.files("stancelib").joinpath("data/corpus")) as directory:
        return corpus.read([Path(directory)]).paragraphs


def recipe(corpus: Sequence[Paragraph]) -> tuple[list[bool], list[float]]:
    """How the shipped model learns from the shipped corpus: ``real`` and ``weights`` for `StanceModel.fit`."""
    retold = [p.id.startswith(RETOLD) for p in corpus]
    return retold, [RETOLD_WEIGHT if is_retold else 1.0 for is_retold in retold]


def extend(own: Sequence[Paragraph] = (), *, weight: float = OWN_WEIGHT) -> StanceModel:
    """Train on the shipped corpus and paragraphs of one's own, for the shipped topics.

    Without any it makes the shipped model again. Thresholds and calibration come from the retold paragraphs and one's
    own together.

    Args:
        own: labelled paragraphs; every shipped topic that one has must be in its ``topics``.
        weight: how much each of them counts; an invented paragraph counts 1, a retold one ``RETOLD_WEIGHT``.

    Raises:
        TrainingError: a paragraph is not annotated, or stands in the shipped corpus; the weight is not above 0.
    """
    base = paragraphs()
    known = {p.text for p in base}
    if again := [p.id for p in own if p.text in known]:
        raise TrainingError(
            f"{len(again)} paragraphs stand in the shipped corpus already, the first is {again[0]!r}; take them out"
        )
    real, weights = recipe(base)
    return StanceModel.fit([*base, *own], real=[*real, *[True] * len(own)], weights=[*weights, *[weight] * len(own)])
