"""``stancelib train``: labelled paragraphs in, a model file out."""

from __future__ import annotations

from pathlib import Path

import click

from stancelib import corpus, store, taxonomy
from stancelib.errors import InputError, TaxonomyError, TrainingError
from stancelib.model import MIN_EXAMPLES, StanceModel


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The model file.")
@click.option(
    "--taxonomy", "taxonomy_file", type=click.Path(path_type=Path), help="A TOML file; the shipped topics by default."
)
@click.option("--thresholds-from", metavar="PREFIX", help="Choose thresholds on the paragraphs whose id starts so.")
@click.option("--skip-bad", is_flag=True, help="Train on the good lines though some are bad (exit code 1).")
def command(
    paths: tuple[Path, ...], output: Path, taxonomy_file: Path | None, thresholds_from: str | None, skip_bad: bool
) -> None:
    """Train a model on label files (.jsonl or .csv) or directories of them.

    JSON lines: {"id", "text", "topics": [...], "stance": {topic: stance}}. CSV: the columns text, topics and stance,
    several separated by ";".
    """
    topics = read_taxonomy(taxonomy_file)
    reading = corpus.read(paths, topics.names)
    for problem in reading.problems:
        click.echo(f"stancelib: {problem}", err=True)
    if reading.problems and not skip_bad:
        raise InputError(f"{len(reading.problems)} bad lines, nothing was trained; mend them or use --skip-bad")
    annotated = [p for p in reading.paragraphs if p.topics is not None]
    report = corpus.report(annotated, topics.names)
    click.echo(
        f"{report.paragraphs} paragraphs, {report.without_topic} without a topic, {report.duplicates} duplicates"
    )
    if bare := len(reading.paragraphs) - len(annotated):
        click.echo(f"{bare} paragraphs without topics are not annotated and were left out")
    for name, counts in report.stances.items():
        click.echo(f"  {name}: {', '.join(f'{count} {stance}' for stance, count in counts.items())}")
    if weak := [name for name, counts in report.stances.items() if sum(counts.values()) < MIN_EXAMPLES]:
        raise TrainingError(f"too few examples (at least {MIN_EXAMPLES}) of: {', '.join(weak)}")
    real = None if thresholds_from is None else [p.id.startswith(thresholds_from) for p in annotated]
    model = StanceModel.fit(annotated, topics, real=real)
    store.save(model, output)
    click.echo(f"{output}: {output.stat().st_size / 1e6:.2f} MB, {len(model.table.features.terms)} features")
    if reading.problems:
        raise click.exceptions.Exit(1)


def read_taxonomy(path: Path | None) -> taxonomy.Taxonomy:
    """The taxonomy of a file, or the shipped one."""
    if path is None:
        return taxonomy.default()
    try:
        return taxonomy.parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise TaxonomyError(f"{path}: can't be read: {error}") from error
