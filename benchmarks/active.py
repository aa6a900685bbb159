"""How many labels `stancelib suggest` saves: learning curves of paragraphs that it picks beside paragraphs drawn at random.

    python benchmarks/active.py PATH/dev.jsonl --svg          # about ten minutes; writes docs/img/active.svg
    python benchmarks/active.py PATH/dev.jsonl --share 0.1    # from a pool of which a tenth has a topic

The shipped corpus is the pool; its labels are what an annotator would say. Both ways begin with the same paragraphs drawn at
random; then the model of each size picks the paragraphs that lead to the next, or chance does. Every model is measured on
real labelled news. With ``--share`` paragraphs with a topic are left out of the pool at random until they are so rare, as
in a stream of news.

The intervals beside the scores are of the measuring paragraphs, all seeds pooled; those beside the differences are of
the seeds (Student's t over paired differences). "Saved" is how many of the labels that chance needs for the same score were not
needed, by interpolation of its curve over the logarithm of the size.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from draw import COLOURS, page, text
from joblib import Parallel, delayed
from scipy.stats import t as student
from sklearn.metrics import average_precision_score

from stancelib import corpus, shipped, taxonomy
from stancelib.evaluate import Evaluation, evaluate
from stancelib.model import StanceModel
from stancelib.records import Paragraph
from stancelib.suggest import Shortlist

TOPICS = taxonomy.default().names
SIZES = (250, 500, 1000, 2000, 4000)
RARE_SIZES = (1000, 1500, 2000, 3000)
WAYS = ("random", "suggest")
FIGURES: dict[str, Callable[[Evaluation], float]] = {
    "topic micro-F1": lambda result: result.micro_f1.value,
    "stance macro-F1": lambda result: result.stance_pooled.value,
    "all labels of a paragraph": lambda result: result.exact.value,
}
CHART = Path(__file__).parent.parent / "docs" / "img" / "active.svg"


@dataclass(frozen=True)
class Point:
    """One model on the measuring paragraphs: decisions, decision values, and the share of its training text on a topic."""

    found: np.ndarray
    stances: np.ndarray
    values: np.ndarray
    on_topic: float


def drawn(left: np.ndarray, count: int, seed: int) -> list[int]:
    return np.random.default_rng([seed, count]).permutation(left)[:count].tolist()


def suggested(model: StanceModel, pool: Sequence[Paragraph], left: np.ndarray, count: int) -> list[int]:
    shortlist = Shortlist(model, count)
    shortlist.add([pool[i].text for i in left])
    return [int(left[one.number]) for one in shortlist.pick()]


def curve(way: str, seed: int, pool: Sequence[Paragraph], sizes: Sequence[int], texts: list[str]) -> list[Point]:
    chosen: list[int] = []
    model: StanceModel | None = None
    points = []
    for size in sizes:
        left = np.setdiff1d(np.arange(len(pool)), chosen)
        more = size - len(chosen)
        by_chance = model is None or way == "random"
        chosen += drawn(left, more, seed) if by_chance else suggested(model, pool, left, more)
        model = StanceModel.fit([pool[i] for i in chosen])
        found, stances = model.predict(texts)
        values = model.score(texts)[:, : len(TOPICS)]
        points.append(Point(found, stances, values, float(np.mean([bool(pool[i].topics) for i in chosen]))))
    return points


def rare(pool: Sequence[Paragraph], share: float, seed: int) -> list[Paragraph]:
    """The pool with as many paragraphs on a topic left out as makes them that share."""
    off = sum(not p.topics for p in pool)
    on = [i for i, p in enumerate(pool) if p.topics]
    kept = set(np.random.default_rng(seed).permutation(on)[: round(off * share / (1 - share))].tolist())
    return [p for i, p in enumerate(pool) if not p.topics or i in kept]


def pooled(points: Sequence[Point], dev: Sequence[Paragraph]) -> Evaluation:
    """All seeds as one; a paragraph is resampled with all that the seeds' models say of it."""
    gold = [replace(p, source=p.id) for _ in points for p in dev]
    return evaluate(gold, TOPICS, np.vstack([p.found for p in points]), np.vstack([p.stances for p in points]))


def figures(points: Sequence[Point], dev: Sequence[Paragraph]) -> dict[str, np.ndarray]:
    """Figure -> (seeds,) its values."""
    results = [evaluate(dev, TOPICS, p.found, p.stances, rounds=1) for p in points]
    has = np.array([[t in (p.topics or ()) for t in TOPICS] for p in dev])
    precision = [
        np.mean([average_precision_score(y, v) for y, v in zip(has.T, p.values.T, strict=True)]) for p in points
    ]
    return {"topics, AP": np.array(precision)} | {
        name: np.array([value(result) for result in results]) for name, value in FIGURES.items()
    }


def difference(ours: np.ndarray, theirs: np.ndarray) -> str:
    gain = ours - theirs
    half = student.ppf(0.975, len(gain) - 1) * gain.std(ddof=1) / np.sqrt(len(gain))
    return f"{gain.mean():+.3f} [{gain.mean() - half:+.3f}, {gain.mean() + half:+.3f}]"


def saved(size: int, score: float, sizes: Sequence[int], chance: Sequence[float]) -> str:
    """How much fewer labels than chance needs: its curve is made to rise, and read backwards."""
    rising = np.maximum.accumulate(chance)
    if score > rising[-1]:  # further than its curve goes
        return f"more than {1 - size / sizes[-1]:.0%}" if size < sizes[-1] else "-"
    needed = 2 ** np.interp(score, rising, np.log2(sizes))
    return f"{1 - size / needed:.0%}"


def chart(sizes: Sequence[int], means: dict[str, dict[str, list[float]]]) -> str:
    """Two panels, topics and stances, with a line for each way."""
    width, height, left, top, side, tall = 760, 400, 72, 96, 280, 220
    parts = [text(24, 62, 14, "soft", "measured on real news; the means of several starting sets")]
    for n, name in enumerate(("topics, AP", "stance macro-F1")):
        x0 = left + n * (side + 70)
        low = np.floor(min(min(v[name]) for v in means.values()) * 20) / 20
        high = np.ceil(max(max(v[name]) for v in means.values()) * 20) / 20
        xs = [x0 + side * np.log2(size / sizes[0]) / np.log2(sizes[-1] / sizes[0]) for size in sizes]
        edge = COLOURS["other"][0]
        parts.append(text(x0, top - 10, 14, "ink", name, ' font-weight="600"'))
        parts.append(f'<path class="line" d="M{x0} {top}V{top + tall}H{x0 + side}" fill="none" stroke="{edge}"/>')
        for x, size in zip(xs, sizes, strict=True):
            parts.append(text(round(x, 1), top + tall + 18, 12, "soft", f"{size:,}", ' text-anchor="middle"'))
        for tick in np.arange(low, high + 0.01, 0.05):
            y = round(top + tall * (1 - (tick - low) / (high - low)), 1)
            parts.append(text(x0 - 8, y + 4, 12, "soft", f"{tick:.2f}", ' text-anchor="end"'))
        for way, colour in zip(WAYS, ("other", "ours"), strict=True):
            ys = [top + tall * (1 - (v - low) / (high - low)) for v in means[way][name]]
            for (xa, ya), (xb, yb) in zip(zip(xs, ys, strict=True), list(zip(xs, ys, strict=True))[1:], strict=False):
                # Polygons, as the page's style has colours for fills.
                parts.append(f'<path class="{colour}" d="M{xa:.1f} {ya - 1.2:.1f}L{xb:.1f} {yb - 1.2:.1f}V{yb + 1.2:.1f}'
                             f'L{xa:.1f} {ya + 1.2:.1f}Z" fill="{COLOURS[colour][0]}"/>')  # fmt: skip
            parts += [
                f'<circle class="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{COLOURS[colour][0]}"/>'
                for x, y in zip(xs, ys, strict=True)
            ]
        middle = x0 + side / 2
        parts.append(text(middle, top + tall + 38, 12, "soft", "labelled paragraphs", ' text-anchor="middle"'))
    parts.append(f'<circle class="ours" cx="28" cy="{height - 20}" r="4" fill="{COLOURS["ours"][0]}"/>')
    parts.append(text(38, height - 16, 12, "ink", "picked by stancelib suggest"))
    parts.append(f'<circle class="other" cx="228" cy="{height - 20}" r="4" fill="{COLOURS["other"][0]}"/>')
    parts.append(text(238, height - 16, 12, "ink", "drawn at random"))
    said = ". ".join(
        f"{way}, {name}: " + ", ".join(f"{s:,} {v:.3f}" for s, v in zip(sizes, by[name], strict=True))
        for way, by in means.items()
        for name in ("topics, AP", "stance macro-F1")
    )
    return page(width, height, "What picking the paragraphs to label brings", said, parts)


def main(arguments: argparse.Namespace) -> None:
    dev = corpus.read([arguments.dev]).paragraphs
    pool, share, sizes = shipped.paragraphs(), arguments.share, RARE_SIZES if arguments.share else SIZES
    seeds = range(arguments.seeds)
    texts = [p.text for p in dev]
    runs = Parallel(n_jobs=arguments.jobs)(
        delayed(curve)(way, seed, rare(pool, share, seed) if share else pool, sizes, texts)
        for seed in seeds
        for way in WAYS
    )
    points = {(way, size): [runs[s * len(WAYS) + w][n] for s in seeds]
              for w, way in enumerate(WAYS) for n, size in enumerate(sizes)}  # fmt: skip
    scores = {key: figures(found, dev) for key, found in points.items()}
    names = list(next(iter(scores.values())))
    print("| labels | way | on a topic | topics, AP | topic micro-F1 | stance macro-F1 | all labels of a paragraph |")
    print("| ---: | --- | ---: | --- | --- | --- | --- |")
    for size in sizes:
        for way in WAYS:
            found = points[way, size]
            whole = pooled(found, dev)
            on = np.mean([point.on_topic for point in found])
            cells = [f"{scores[way, size][names[0]].mean():.3f}", whole.micro_f1, whole.stance_pooled, whole.exact]
            print(f"| {size} | {way} | {on:.0%} | " + " | ".join(map(str, cells)) + " |")
    print(f"\n| labels | {' | '.join(f'{name}: gain | saved' for name in names)} |")
    print("| ---: |" + " --- | --- |" * len(names))
    for size in sizes[1:]:
        cells = []
        for name in names:
            ours, theirs = scores["suggest", size][name], scores["random", size][name]
            chance = [float(scores["random", s][name].mean()) for s in sizes]
            cells += [difference(ours, theirs), saved(size, float(ours.mean()), sizes, chance)]
        print(f"| {size} | {' | '.join(cells)} |")
    if arguments.svg:
        means = {way: {n: [float(scores[way, s][n].mean()) for s in sizes] for n in names} for way in WAYS}
        arguments.svg.write_text(chart(sizes, means), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Learning curves: suggested against random paragraphs.")
    parser.add_argument("dev", type=Path, help="real labelled news to measure on")
    parser.add_argument("--share", type=float, help="how many of the pool's paragraphs are to have a topic")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument(
        "--svg", type=Path, nargs="?", const=CHART, help="write the chart, by default docs/img/active.svg"
    )
    main(parser.parse_args(sys.argv[1:]))
