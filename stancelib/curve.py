"""What more labelled paragraphs bring: the learning curve. Trains models; needs scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from stancelib.errors import TrainingError
from stancelib.evaluate import Evaluation, evaluate
from stancelib.model import Settings, StanceModel
from stancelib.records import Paragraph
from stancelib.taxonomy import Taxonomy

#: Each point has half as many paragraphs as the next: scores rise about evenly with the logarithm of the count.
SHARES = (0.125, 0.25, 0.5, 1.0)


def learning_curve(
    corpus: Sequence[Paragraph],
    gold: Sequence[Paragraph],
    taxonomy: Taxonomy | None = None,
    settings: Settings | None = None,
    *,
    real: Sequence[bool] | None = None,
    weights: Sequence[float] | None = None,
    shares: Sequence[float] = SHARES,
    seed: int = 0,
    rounds: int = 1000,
) -> Iterator[tuple[int, Evaluation]]:
    """Train on growing random parts of a corpus and measure each on gold.

    Args:
        corpus: labelled paragraphs to train on; each part contains the one before.
        gold: labelled paragraphs to measure on; none of them may be in the corpus.
        taxonomy, settings, real, weights: as for `StanceModel.fit`.
        shares: of the corpus, rising, each above 0 and at most 1; a part with too few examples to train on is left out.
        seed: of the order in which paragraphs are taken.
        rounds: of the bootstrap.

    Yields:
        (paragraphs trained on, scores on gold), as each is ready.

    Raises:
        TrainingError: even the largest part has too few examples.
    """
    order = np.random.default_rng(seed).permutation(len(corpus))
    for share in shares:
        part = np.sort(order[: max(1, round(share * len(corpus)))]).tolist()
        try:
            model = StanceModel.fit(
                [corpus[i] for i in part],
                taxonomy,
                settings,
                real=None if real is None else [real[i] for i in part],
                weights=None if weights is None else [weights[i] for i in part],
            )
        except TrainingError:
            if share == shares[-1]:
                raise
            continue
        found, stances = model.predict([p.text for p in gold])
        yield len(part), evaluate(gold, model.taxonomy.names, found, stances, rounds=rounds)
