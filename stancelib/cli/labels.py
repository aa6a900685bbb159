"""Label files and taxonomies as every verb reads them: what is bad is named on stderr, what is good is used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from stancelib import corpus, files, rows, taxonomy
from stancelib.cli.common import require_place, say, say_problems, shown, tell
from stancelib.errors import InputError, TaxonomyError
from stancelib.model import StanceModel
from stancelib.records import Paragraph
from stancelib.taxonomy import Taxonomy


def read_labels(paths: Iterable[Path], topics: Taxonomy, skip_bad: bool = False) -> tuple[list[Paragraph], int]:
    """The annotated paragraphs of label files and the number of bad lines; both kinds of others are named on stderr.

    Raises:
        InputError: there are bad lines and they are not to be skipped.
    """
    reading = corpus.read(paths, topics.names)
    say_problems(reading.problems)
    if reading.problems and not skip_bad:
        raise InputError(f"{len(reading.problems)} bad lines, nothing was trained; mend them or use --skip-bad")
    annotated = [p for p in reading.paragraphs if p.topics is not None]
    if bare := len(reading.paragraphs) - len(annotated):
        say(f"{bare} paragraphs without topics are not annotated and were left out")
    return annotated, len(reading.problems)


def real_paragraphs(labelled: Sequence[Paragraph], prefix: str | None) -> list[bool] | None:
    """Which paragraphs thresholds come from: those whose id begins with the prefix, all without one.

    Raises:
        InputError: no id begins so.
    """
    if prefix is None:
        return None
    real = [p.id.startswith(prefix) for p in labelled]
    if not any(real):
        raise InputError(f"no id begins with {prefix!r}, so there is nothing to choose thresholds on")
    return real


def read_gold(paths: Iterable[Path], topics: Taxonomy) -> tuple[list[Paragraph], int]:
    """`read_labels` for measuring: bad lines are skipped.

    Raises:
        InputError: nothing is left.
    """
    gold, bad = read_labels(paths, topics, skip_bad=True)
    if not gold:
        raise InputError("there is no gold paragraph to measure on")
    return gold, bad


def form_of(output: Path | None, *read: Path | None) -> str:
    """What a label file that is to be written will be, "jsonl" or "csv"; stdout gets JSON lines.

    Raises:
        UsageError: it is named as something else, or there is no place for it beside what is ``read``.
    """
    if output is None or files.is_stream(output):
        return "jsonl"
    require_place(output, *read)
    form = rows.SUFFIXES.get(output.suffix.lower(), "")
    if form not in ("jsonl", "csv"):
        raise click.UsageError(
            f"{output}: the output is a label file, .jsonl or .csv; `stancelib convert` makes others of it"
        )
    return form


def tell_report(report: corpus.Report) -> None:
    """What is in the labels that a model is trained on."""
    tell(f"{report.paragraphs} paragraphs, {report.without_topic} without a topic, {report.duplicates} duplicates")
    for name, counts in report.stances.items():
        tell(f"  {name}: {', '.join(f'{count} {stance}' for stance, count in counts.items())}")


def tell_model(model: StanceModel, output: Path) -> None:
    """Which file a model was written to, and how large it is."""
    tell(f"{shown(str(output))}: {output.stat().st_size / 1e6:.2f} MB, {len(model.table.features.terms)} features")


def read_taxonomy(path: Path | None) -> Taxonomy:
    """The taxonomy of a file, or the shipped one."""
    if path is None:
        return taxonomy.default()
    try:
        return taxonomy.parse(path.read_text(encoding="utf-8-sig"), str(path))
    except (OSError, ValueError, RecursionError) as error:
        raise TaxonomyError(f"{path}: can't be read: {error}") from error
