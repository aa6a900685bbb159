"""``stancelib train``: labelled paragraphs in, a model file out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from stancelib import corpus, shipped, store, taxonomy
from stancelib.errors import InputError, TaxonomyError, TrainingError
from stancelib.model import MIN_EXAMPLES, StanceModel
from stancelib.records import Paragraph
from stancelib.taxonomy import Taxonomy


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The model file.")
@click.option(
    "--taxonomy", "taxonomy_file", type=click.Path(path_type=Path), help="A TOML file; the shipped topics by default."
)
@click.option("--extend", is_flag=True, help="Add them to the shipped corpus; alone it makes the shipped model again.")
@click.option(
    "--weight",
    type=click.FloatRange(0, 1000, min_open=True),
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
    topics = read_taxonomy(taxonomy_file)
    labelled, bad = read_labels(paths, topics, skip_bad)
    if labelled or not extend:
        _say(labelled, topics)
    if extend:
        model = shipped.extend(labelled, weight=shipped.OWN_WEIGHT if weight is None else weight)
        click.echo(f"{model.about['paragraphs'] - len(labelled)} paragraphs of the shipped corpus")
    else:
        report = corpus.report(labelled, topics.names)
        if weak := [name for name, counts in report.stances.items() if sum(counts.values()) < MIN_EXAMPLES]:
            raise TrainingError(f"too few examples (at least {MIN_EXAMPLES}) of: {', '.join(weak)}")
        model = StanceModel.fit(labelled, topics, real=real_paragraphs(labelled, thresholds_from))
    store.save(model, output)
    click.echo(f"{output}: {output.stat().st_size / 1e6:.2f} MB, {len(model.table.features.terms)} features")
    if bad:
        raise click.exceptions.Exit(1)


def read_labels(paths: Iterable[Path], topics: Taxonomy, skip_bad: bool = False) -> tuple[list[Paragraph], int]:
    """The annotated paragraphs of label files and the number of bad lines, which are named on stderr.

    Raises:
        InputError: there are bad lines and they are not to be skipped.
    """
    reading = corpus.read(paths, topics.names)
    for problem in reading.problems:
        click.echo(f"stancelib: {problem}", err=True)
    if reading.problems and not skip_bad:
        raise InputError(f"{len(reading.problems)} bad lines, nothing was trained; mend them or use --skip-bad")
    annotated = [p for p in reading.paragraphs if p.topics is not None]
    if bare := len(reading.paragraphs) - len(annotated):
        click.echo(f"{bare} paragraphs without topics are not annotated and were left out", err=True)
    return annotated, len(reading.problems)


def real_paragraphs(labelled: Sequence[Paragraph], prefix: str | None) -> list[bool] | None:
    """Which paragraphs thresholds come from: those whose id begins with the prefix, all without one."""
    return None if prefix is None else [p.id.startswith(prefix) for p in labelled]


def _say(labelled: Sequence[Paragraph], topics: Taxonomy) -> None:
    report = corpus.report(labelled, topics.names)
    click.echo(
        f"{report.paragraphs} paragraphs, {report.without_topic} without a topic, {report.duplicates} duplicates"
    )
    for name, counts in report.stances.items():
        click.echo(f"  {name}: {', '.join(f'{count} {stance}' for stance, count in counts.items())}")


def read_taxonomy(path: Path | None) -> Taxonomy:
    """The taxonomy of a file, or the shipped one."""
    if path is None:
        return taxonomy.default()
    try:
        return taxonomy.parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise TaxonomyError(f"{path}: can't be read: {error}") from error
