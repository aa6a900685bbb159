"""``stancelib train``: labelled paragraphs in, a model file out."""

from __future__ import annotations

from pathlib import Path

import click

from stancelib import corpus, shipped, store
from stancelib.cli.common import PATH, Number, require_place, tell
from stancelib.cli.labels import read_labels, read_taxonomy, real_paragraphs, tell_model, tell_report
from stancelib.errors import InputError, TrainingError
from stancelib.model import MIN_EXAMPLES, StanceModel


@click.command()
@click.argument("paths", nargs=-1, type=PATH)
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The model file.")
@click.option("--taxonomy", "taxonomy_file", type=PATH, help="A TOML file; the shipped topics by default.")
@click.option("--extend", is_flag=True, help="Add them to the shipped corpus; alone it makes the shipped model again.")
@click.option(
    "--weight",
    type=Number(0, 1000, min_open=True),
    help="With --extend: how much each of your paragraphs counts; an invented one of the shipped corpus counts 1. "
    f"Default {shipped.OWN_WEIGHT:g}.",
)
@click.option("--thresholds-from", metavar="PREFIX", help="Choose thresholds on the paragraphs whose id starts so.")
@click.option("--skip-bad", is_flag=True, help="Train on the good lines though some are bad (exit code 1).")
def command(
    paths: tuple[Path, ...],
    output: Path,
    taxonomy_file: Path | None,
    extend: bool,
    weight: float | None,
    thresholds_from: str | None,
    skip_bad: bool,
) -> None:
    """Train a model on label files (.jsonl or .csv) or directories of them.

    JSON lines: {"id", "text", "topics": [...], "stance": {topic: stance}}. CSV: the columns text, topics and stance,
    several separated by ";". With --extend a few hundred paragraphs of your own archive adapt the shipped model to it.
    """
    if extend and (taxonomy_file or thresholds_from):
        raise click.UsageError("--extend keeps the shipped topics and thresholds' source: leave --taxonomy and --thresholds-from out")  # fmt: skip
    if weight is not None and not extend:
        raise click.UsageError("--weight goes with --extend")
    if not paths and not extend:
        raise click.UsageError("give label files to train on (or --extend)")
    require_place(output, *(path for path in paths if not path.is_dir()), taxonomy_file)
    topics = read_taxonomy(taxonomy_file)
    labelled, bad = read_labels(paths, topics, skip_bad)
    report = corpus.report(labelled, topics.names)
    if paths:
        if not labelled:
            raise InputError("there is no labelled paragraph in what was given")
        tell_report(report)
    if extend:
        model = shipped.extend(labelled, weight=shipped.OWN_WEIGHT if weight is None else weight)
        tell(f"{model.about['paragraphs'] - len(labelled)} paragraphs of the shipped corpus")
    else:
        if weak := [name for name, counts in report.stances.items() if sum(counts.values()) < MIN_EXAMPLES]:
            raise TrainingError(f"too few examples (at least {MIN_EXAMPLES}) of: {', '.join(weak)}")
        model = StanceModel.fit(labelled, topics, real=real_paragraphs(labelled, thresholds_from))
    store.save(model, output)
    tell_model(model, output)
    if bad:
        raise click.exceptions.Exit(1)
