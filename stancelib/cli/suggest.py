"""``stancelib suggest``: what to label next."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import chain, count
from operator import itemgetter
from pathlib import Path

import click

from stancelib import corpus, exchange, files
from stancelib.articles import split_paragraphs
from stancelib.batch import Batch, Record, batches, load
from stancelib.cli.archive import Archive
from stancelib.cli.common import PATH, say, say_problems
from stancelib.cli.labels import form_of
from stancelib.cli.options import input_options
from stancelib.cli.progress import Progress
from stancelib.errors import InputError
from stancelib.exchange.items import Item
from stancelib.records import Paragraph
from stancelib.suggest import Shortlist, Suggestion


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("-n", "wanted", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many to pick.")
@click.option("-o", "--output", type=PATH, help="Write here (.jsonl or .csv) instead of JSON lines to stdout.")
@click.option(
    "--labelled",
    multiple=True,
    type=PATH,
    help="A label file whose paragraphs are done, or handed out: they are not picked, nor near-duplicates of them.",
)
@click.option("--model", "model_file", type=PATH, help="A model file instead of the shipped one.")
@input_options
@click.option("--progress/--no-progress", default=None, help="Default: where stderr is a terminal.")
def command(
    paths: tuple[str, ...],
    wanted: int,
    output: Path | None,
    labelled: tuple[Path, ...],
    model_file: Path | None,
    encoding: str | None,
    text_field: str,
    input_format: str | None,
    progress: bool | None,
) -> None:
    """Pick the paragraphs that are worth labelling next, from articles and archives as `stancelib label` reads them.

    Those of whose labels the model is least sure come first, no two of them alike; the field why says what it is unsure
    of. The output is a label file without labels: `stancelib convert` takes it to doccano or Label Studio.
    """
    form = form_of(output, *labelled, model_file)
    archive = Archive(paths, input_format, encoding, text_field, output)
    # Each by itself: exports of two projects count their ids from 1, and are labelled both.
    readings = [corpus.read([path]) for path in labelled]
    done = [paragraph for reading in readings for paragraph in reading.paragraphs]
    bad = [problem for reading in readings for problem in reading.problems]
    say_problems(bad)
    shortlist = Shortlist(load(model_file)[0], wanted, [p.text for p in done])
    pool = _Pool({p.id for p in done})
    with Progress(archive.size, 0, progress) as bar:
        for batch in batches(archive.records()):
            taken = pool.take(batch, shortlist)
            for message in taken.problems:
                bar.say(message)
            bar.update(taken)
    picked = shortlist.pick()
    if len(picked) < wanted:
        say(
            f"{len(picked)} paragraphs were picked; there are no more that differ from each other and from those labelled"
        )
    if not picked and not pool.problems:
        raise InputError("there is nothing to label in what was given")
    data = exchange.to_bytes(pool.items(picked), form)
    if output is None:
        click.echo(data, nl=False)
    else:
        files.write_whole(output, data)
    if pool.problems or bad:
        raise click.exceptions.Exit(1)


class _Pool:
    """Where the paragraphs of a pool come from; ``taken`` are ids that none of them may get."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._paragraphs = 0
        # Of each article: the number of its first paragraph, doc and id, and the kinds of its paragraphs.
        self._articles: list[tuple[int, str, str | None, list[str]]] = []
        self.problems = 0

    def take(self, records: Sequence[Record], shortlist: Shortlist) -> Batch:
        """Give the paragraphs of some articles to the shortlist."""
        problems = []
        texts: list[str] = []
        for record in records:
            if isinstance(record.text, InputError):
                problems.append(f"{record.where}: {record.text}")
            elif parts := split_paragraphs(record.text):
                first = self._paragraphs + len(texts)
                self._articles.append((first, record.doc, record.id, [kind for kind, _ in parts]))
                texts += [part for _, part in parts]
        shortlist.add(texts)
        self._paragraphs += len(texts)
        self.problems += len(problems)
        size = sum(record.size for record in records)
        return Batch(records=len(records), paragraphs=len(texts), size=size, problems=tuple(problems))

    def items(self, picked: Sequence[Suggestion]) -> list[Item]:
        """The paragraphs picked as records of a label file, each with an id of its own."""
        found = []
        taken = {*self._taken}
        for one in picked:
            first, doc, given, kinds = self._articles[bisect_right(self._articles, one.number, key=itemgetter(0)) - 1]
            par = one.number - first + 1
            name = (given or doc) + (f"-{par}" if len(kinds) > 1 else "")
            # Two files may have the same id, and an id that ends in -1 may be there beside a first paragraph; what was
            # picked before and is labelled has its id too, and is trained on together with this.
            unique = next(n for n in chain([name], (f"{name}~{k}" for k in count(2))) if n not in taken)
            taken.add(unique)
            paragraph = Paragraph(unique, one.text, kind=kinds[par - 1])
            more = {"doc": doc, "par": par, "expected_errors": round(one.expected_errors, 4), "why": one.why}
            found.append(Item(paragraph, more))
        return found
