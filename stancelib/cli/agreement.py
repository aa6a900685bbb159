"""``stancelib agreement``: how far annotators agree, and the paragraphs that somebody has to settle."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from stancelib import agreement as measures
from stancelib import formats
from stancelib.cli.common import PATH, require_place
from stancelib.cli.labels import read_labels, read_taxonomy
from stancelib.files import target, write_whole


@click.command()
@click.argument("paths", nargs=-1, required=True, type=PATH)
@click.option("--taxonomy", "taxonomy_file", type=PATH, help="A TOML file; the shipped topics by default.")
@click.option(
    "--disagreements",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the paragraphs that differ here, as JSON lines with every annotator's labels.",
)
@click.option("--rounds", type=click.IntRange(10, 100_000), default=1000, show_default=True, help="Bootstrap rounds.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def command(
    paths: tuple[Path, ...], taxonomy_file: Path | None, disagreements: Path | None, rounds: int, form: str
) -> None:
    """Compare the labels of two or more annotators, each a label file or a directory of them.

    Krippendorff's alpha with a 95% interval, for two annotators Cohen's kappa too: for each topic (is it there?), its
    stance (where both found the topic), and both in one. Paragraphs meet by id, or by text where they have none. In CSV
    an empty cell of topics means that there is no topic, and ? that nobody has looked.
    """
    if len(paths) < 2:
        raise click.UsageError("give at least two label files, one for each annotator")
    if len({target(path) for path in paths}) < len(paths):
        raise click.UsageError("a file stands twice; each annotator has their own")
    if disagreements is not None:
        require_place(disagreements, *paths, taxonomy_file)
    topics = read_taxonomy(taxonomy_file)
    annotators = {}
    problems = 0
    for path in paths:
        annotators[str(path)], bad = read_labels([path], topics, skip_bad=True)
        problems += bad
    found = measures.agreement(list(annotators.values()), topics.names, rounds=rounds)
    differ = measures.disagreements(annotators, topics.names)
    if disagreements is not None:
        lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in differ)
        write_whole(disagreements, lines.encode("utf-8", "surrogatepass"))
    if form == "json":
        every = {t: {q: asdict(a) for q, a in by.items()} for t, by in found.items()}
        click.echo(formats.figures({"annotators": list(annotators), "disagreements": len(differ), "topics": every}))
    else:
        click.echo(f"{'':24}{'paragraphs':>12}{'observed':>10}  {'alpha':24}{'kappa':>6}")
        for topic, by in found.items():
            for question, a in by.items():
                kappa = "" if a.kappa is None else f"{a.kappa:6.3f}"
                title = topic if question == "topic" else f"  {question}"
                click.echo(
                    f"{title:24}{a.units:>12}{a.observed:>10.1%}  {a.alpha!s:24}{kappa}".rstrip().replace("nan", "-")
                )
        click.echo(f"\n{len(differ)} paragraphs are labelled differently")
    if problems:
        raise click.exceptions.Exit(1)
