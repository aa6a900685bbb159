"""``stancelib evaluate``: how good a model is on gold labels, with intervals, beside two baselines."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np
from click.termui import progressbar

from stancelib import formats, store, text
from stancelib.calibration import Calibration, calibration
from stancelib.cli.common import PATH, PROBABILITY
from stancelib.cli.labels import read_gold
from stancelib.evaluate import Evaluation, evaluate, keyword_baseline, majority_stances
from stancelib.records import STANCES


@click.command()
@click.argument("paths", nargs=-1, required=True, type=PATH)
@click.option("--model", "model_file", type=PATH, help="A model file instead of the shipped one.")
@click.option("--threshold", type=PROBABILITY, help="Topic probability instead of the model's thresholds.")
@click.option("--rounds", type=click.IntRange(10, 100_000), default=1000, show_default=True, help="Bootstrap rounds.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def command(paths: tuple[Path, ...], model_file: Path | None, threshold: float | None, rounds: int, form: str) -> None:
    """Measure a model on gold label files: topics, stances, intervals, confusions, baselines.

    Gold paragraphs must not have been trained on. Intervals are 95%, resampled by source where there are at least 20
    sources, else by paragraph.
    """
    model = store.load(model_file)
    names = model.taxonomy.names
    gold, bad = read_gold(paths, model.taxonomy)

    def bar(numbers: Iterable[int]) -> Iterable[int]:
        with progressbar(numbers, length=rounds, label="bootstrap", file=sys.stderr) as steps:
            yield from steps

    said = model.decide([p.text for p in gold], threshold)
    result = evaluate(
        gold, names, said.found, said.stance, rounds=rounds, progress=bar if sys.stderr.isatty() else None
    )
    trust = calibration(gold, names, said.found, said.topic, said.stance, said.stance_score)
    keywords = {
        topic.name: {w for word in topic.keywords for w in text.tokens(word)} for topic in model.taxonomy.topics
    }
    majority = np.tile(majority_stances(gold, names), (len(gold), 1))
    compounds = model.table.features.compounds
    by_keyword = keyword_baseline([text.tokens(p.text, compounds) for p in gold], keywords)
    keyword = evaluate(gold, names, by_keyword, majority, rounds=rounds)
    always = evaluate(gold, names, np.ones_like(by_keyword), majority, rounds=rounds)
    if form == "json":
        compared = {"model": asdict(result), "keywords": asdict(keyword), "majority": asdict(always)}
        click.echo(formats.figures(compared | {"calibration": asdict(trust)}))
    else:
        click.echo(_table(result, keyword, always))
        click.echo(_trust(trust))
    if bad:
        raise click.exceptions.Exit(1)


def _table(result: Evaluation, keyword: Evaluation, majority: Evaluation) -> str:
    lines = [f"{result.paragraphs} paragraphs; 95% intervals, resampled by {result.resampled}", ""]
    lines.append(f"{'topic':16}{'precision':23}{'recall':23}{'F1':23}tp/fp/fn/tn")
    for topic, scores in result.topics.items():
        cells = "".join(f"{scores[key]!s:23}" for key in ("precision", "recall", "f1"))
        lines.append(f"{topic:16}{cells}{'/'.join(map(str, result.counts[topic]))}")
    lines += [
        "",
        f"{'stance':16}{'macro-F1':23}{'accuracy':23}{'F-avg (SemEval-2016)':23}gold by predicted ({', '.join(STANCES)})",
    ]
    for topic, scores in result.stance.items():
        cells = "".join(f"{scores[key]!s:23}" for key in ("macro_f1", "accuracy", "f_avg"))
        lines.append(f"{topic:16}{cells}{'  '.join(' '.join(map(str, row)) for row in result.confusion[topic])}")
    lines += ["", f"{'all topics':26}{'model':23}{'keywords':23}every topic, majority stance"]
    for title, key in (
        ("topic micro-F1", "micro_f1"),
        ("topic macro-F1", "macro_f1"),
        ("stance macro-F1, pooled", "stance_pooled"),
        ("all labels of a paragraph", "exact"),
    ):
        lines.append(f"{title:26}" + "".join(f"{getattr(e, key)!s:23}" for e in (result, keyword, majority)).rstrip())
    return "\n".join(lines)


def _trust(trust: Calibration) -> str:
    lines = ["", f"{'calibration error':26}{'topic':>7}{'by chance':>11}{'stance':>9}{'by chance':>11}"]
    for name, topic, stance in [
        *((name, error, trust.stances[name]) for name, error in trust.topics.items()),
        ("all", trust.topic, trust.stance),
    ]:
        lines.append(f"{name:26}{topic.value:7.3f}{topic.by_chance:11.3f}{stance.value:9.3f}{stance.by_chance:11.3f}")
    lines += ["", f"{'':26}{'on true topics':>18}{'labels given':>20}"]
    lines.append(f"{'stances from probability':26}{'said':>9}{'right':>9}{'said':>11}{'right':>9}")
    for true, given in zip(trust.true_topics, trust.given, strict=True):
        lines.append(
            f"{true.threshold:<26.2f}{true.coverage:9.0%}{true.accuracy:9.1%}{given.coverage:11.0%}{given.accuracy:9.1%}"
        )
    return "\n".join(lines).replace("nan%", "  - ").replace("nan", "  -")
