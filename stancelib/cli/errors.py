"""``stancelib errors``: what a model gets wrong on gold labels, sorted and grouped, and the learning curve."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from stancelib import mistakes, shipped, store
from stancelib.cli.common import PATH, PROBABILITY, shown
from stancelib.cli.labels import read_gold, read_labels, real_paragraphs
from stancelib.curve import learning_curve
from stancelib.errors import InputError
from stancelib.records import Paragraph
from stancelib.taxonomy import Taxonomy

_GROUPS = 15  # sources in the table, those with most mistakes first


@click.command()
@click.argument("paths", nargs=-1, required=True, type=PATH)
@click.option("--model", "model_file", type=PATH, help="A model file instead of the shipped one.")
@click.option("--threshold", type=PROBABILITY, help="Topic probability instead of the model's thresholds.")
@click.option("-n", "count", type=click.IntRange(0), default=20, show_default=True, help="Paragraphs in the table.")
@click.option("--topic", help="Only mistakes on this topic.")
@click.option("--format", "form", type=click.Choice(["table", "jsonl"]), default="table", show_default=True)
@click.option(
    "--curve",
    "curve_path",
    metavar="PATH|shipped",
    help="Also train on an eighth, a quarter, half and all of these labels, or of the shipped corpus, and measure each.",
)
@click.option("--thresholds-from", metavar="PREFIX", help="For --curve: as in `stancelib train`.")
def command(
    paths: tuple[Path, ...],
    model_file: Path | None,
    threshold: float | None,
    count: int,
    topic: str | None,
    form: str,
    curve_path: str | None,
    thresholds_from: str | None,
) -> None:
    """List what a model gets wrong on gold label files, the surest mistakes first, with the votes that led to them.

    The table counts mistakes by confusion, source and length and shows the first ones; JSON lines have them all.
    """
    model = store.load(model_file)
    names = model.taxonomy.names
    if topic is not None and topic not in names:
        raise InputError(f"unknown topic {topic!r}; allowed: {', '.join(names)}")
    if thresholds_from is not None and curve_path is None:
        raise click.UsageError("--thresholds-from goes with --curve")
    gold, bad = read_gold(paths, model.taxonomy)
    found = [m for m in mistakes.find(model, gold, threshold=threshold) if topic in (None, m.topic)]
    if form == "jsonl":
        for mistake in found:
            click.echo(json.dumps(mistake.as_dict(), ensure_ascii=False))
    else:
        click.echo(_summary(found, gold, names))
        for mistake in found[:count]:
            click.echo(_shown(mistake))
    if curve_path is not None:
        _curve(gold, model.taxonomy, curve_path, thresholds_from, to_stderr=form == "jsonl")
    if bad:
        raise click.exceptions.Exit(1)


def _curve(
    gold: Sequence[Paragraph], taxonomy: Taxonomy, path: str, thresholds_from: str | None, *, to_stderr: bool
) -> None:
    real: list[bool] | None
    weights: list[float] | None
    if path == "shipped":
        labelled = shipped.paragraphs()
        real, weights = shipped.recipe(labelled)
    else:
        labelled, _ = read_labels([Path(path)], taxonomy)
        real, weights = real_paragraphs(labelled, thresholds_from), None
    head = f"\n{'trained on':>10}  {'topic micro-F1':22}{'stance macro-F1':22}all labels of a paragraph"
    click.echo(head, err=to_stderr)
    for size, result in learning_curve(labelled, gold, taxonomy, real=real, weights=weights):
        click.echo(f"{size:>10}  {result.micro_f1!s:22}{result.stance_pooled!s:22}{result.exact}", err=to_stderr)


def _summary(found: list[mistakes.Mistake], gold: Sequence[Paragraph], names: Sequence[str]) -> str:
    wrong = len({id(m.paragraph) for m in found})
    lines = [f"{len(gold)} paragraphs, {wrong} with a mistake; {len(found)} mistake{'s' * (len(found) != 1)}"]
    if not found:
        return lines[0]
    lines.append("")
    lines.append(f"{'mistake':34}" + "".join(f"{name:>16}" for name in names) + f"{'share':>8}")
    for (kind, what), counts in mistakes.by_kind(found, names).items():
        share = sum(counts) / len(found)
        lines.append(f"{f'{kind} {what}':34}" + "".join(f"{number:>16}" for number in counts) + f"{share:>8.0%}")
    for title, groups in (
        ("source", mistakes.by_source(found, gold)),
        ("length", mistakes.by_length(found, gold)),
    ):
        lines += ["", f"{title:44}{'paragraphs':>12}{'wrong':>8}{'share':>8}"]
        lines += [
            f"{shown(g.name[:42]):44}{g.paragraphs:>12}{g.wrong:>8}{g.wrong / g.paragraphs:>8.0%}"
            for g in groups[:_GROUPS]
        ]
        if len(groups) > _GROUPS:
            lines.append(f"and {len(groups) - _GROUPS} more")
    return "\n".join(lines)


def _shown(mistake: mistakes.Mistake) -> str:
    what = f"{mistake.kind}: {mistake.topic}"
    if mistake.kind == "stance":
        what += f", gold {mistake.gold}, predicted {mistake.predicted}"
    votes = "  ".join(f"\u2068{shown(unit)}\u2069 {vote:+.2f}" for unit, vote in mistake.votes)
    source = f"  [{shown(mistake.paragraph.source)}]" if mistake.paragraph.source else ""
    return (
        f"\n{mistake.confidence:.2f}  {what}  {shown(mistake.paragraph.id)}{source}\n"
        f"      \u2068{shown(mistake.paragraph.text)}\u2069\n      {votes}"
    )
