"""``stancelib report``: one web page with the labels, the words behind them, and charts."""

from __future__ import annotations

from pathlib import Path

import click

import stancelib
from stancelib import batch, report
from stancelib.cli.archive import Archive
from stancelib.cli.common import PATH, require_place, say
from stancelib.cli.options import input_options, model_options, stance_threshold
from stancelib.files import write_whole


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("-o", "--output", type=PATH, required=True, help="The page (.html) to write.")
@click.option(
    "--most",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Articles in the page; a browser slows down with tens of thousands.",
)
@model_options
@stance_threshold
@input_options
def command(
    paths: tuple[str, ...],
    output: Path,
    most: int,
    model_file: Path | None,
    threshold: float | None,
    stance_threshold: float,
    encoding: str | None,
    text_field: str,
    input_format: str | None,
) -> None:
    """Write one web page with the labels of every paragraph, the words that voted for them, and charts.

    PATHS are as for `stancelib label`. The page is Persian with an English switch and needs no network and no other
    file. Charts by outlet and date are there where records have the fields outlet and date.
    """
    require_place(output, model_file)
    archive = Archive(paths, input_format, encoding, text_field, output)
    model, _, digest = batch.load(model_file)
    articles: list[report.Article] = []
    bad = full = False
    for records in batch.batches(archive.records()):
        done = batch.labelled(model, records, threshold, stance_threshold)
        for message in (*done.problems, *done.notes):
            say(message)
        bad |= bool(done.problems)
        found = [article for article in done.articles if article]
        full = len(articles) + len(found) > most
        articles += [report.explained(model, article, threshold) for article in found[: most - len(articles)]]
        if full:
            say(f"there are more than {most} articles; the page has the first {most} (--most)")
            break
    about = f"stancelib {stancelib.__version__}, {model_file or 'shipped model'}, SHA-256 {digest}"
    write_whole(output, report.page(articles, model, about).encode("utf-8", "replace"))
    if bad or full:
        raise click.exceptions.Exit(1)
