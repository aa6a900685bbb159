"""``stancelib explain``: labels with the words that voted for and against them."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from stancelib import store
from stancelib.batch import batches, labelled
from stancelib.cli.archive import Archive
from stancelib.cli.common import say, shown
from stancelib.cli.options import input_options, model_options
from stancelib.errors import InputError
from stancelib.explain import Explanation, UnitVotes
from stancelib.model import StanceModel
from stancelib.records import LabelledParagraph

_SMALL = 0.005  # what would be shown as 0.00
_NBSP = "\u00a0"  # keeps a pair and its vote on one line


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--topic", help="Explain this topic of every paragraph, whether or not it was found.")
@click.option("--par", type=click.IntRange(1), help="Only the paragraph with this number.")
@click.option("-n", "count", type=click.IntRange(1), default=8, show_default=True, help="Words shown for each side.")
@click.option("--format", "form", type=click.Choice(["text", "jsonl"]), default="text", show_default=True)
@model_options
@input_options
def command(
    paths: tuple[str, ...],
    topic: str | None,
    par: int | None,
    count: int,
    form: str,
    model_file: Path | None,
    encoding: str | None,
    threshold: float | None,
    text_field: str,
    input_format: str | None,
) -> None:
    """Show the words that voted for and against each label, with their exact votes.

    PATHS are as for `stancelib label`. A score is the bias and all votes added up. Units with @ are facts and not words:
    @state, @capital, @citizen, @leader stand for a name of one, @states=2 and @these=IR+TR for the states that the
    paragraph names, @length=40 for its length. JSON lines have every vote for every label, and where each word stands in
    the paragraph, in characters.
    """
    model = store.load(model_file)
    if topic is not None and topic not in model.taxonomy.names:
        raise InputError(f"unknown topic {topic!r}; allowed: {', '.join(model.taxonomy.names)}")
    bad, longest = False, 0
    for records in batches(Archive(paths, input_format, encoding, text_field, None).records()):
        done = labelled(model, records, threshold)
        for message in (*done.problems, *done.notes):
            say(message)
        bad |= bool(done.problems)
        for article in done.articles:
            longest = max(longest, len(article))
            for paragraph in article:
                if par not in (None, paragraph.par):
                    continue
                (why,) = model.explain([paragraph.text])
                if form == "jsonl":
                    click.echo(json.dumps(paragraph.as_dict() | {"explanation": why.as_dict()}, ensure_ascii=False))
                else:
                    click.echo("\n".join(_told(model, paragraph, why, topic, count, threshold)))
    if par is not None and longest < par:
        raise InputError(f"there is no paragraph {par}; the longest article has {longest}")
    if bad:
        raise click.exceptions.Exit(1)


def _told(
    model: StanceModel,
    paragraph: LabelledParagraph,
    why: Explanation,
    topic: str | None,
    count: int,
    threshold: float | None,
) -> Iterator[str]:
    """For people: the paragraph, then the score of each label taken apart."""
    name = paragraph.doc if paragraph.id is None else f"{paragraph.doc} {paragraph.id}"
    yield f"{shown(name)}, paragraph {paragraph.par} ({paragraph.kind})"
    yield f"\u2068{shown(paragraph.text)}\u2069"
    labels = {label.topic: label for label in paragraph.labels}
    scores = dict(zip(why.labels, why.scores.tolist(), strict=True))
    for k, name in enumerate(model.taxonomy.names):
        if name not in (labels if topic is None else [topic]):
            continue
        verdict = "found" if name in labels else "not found"
        needed = f"{model.threshold[k]:+.2f}" if threshold is None else f"probability {threshold:.2f}"
        yield f"  {name} {verdict}, probability {paragraph.scores[name]:.2f}: score {scores[name]:+.2f}, needed {needed}"
        yield from _sides(why, name, None, count)
        given, other, *_ = why.stances(name)
        first, second = (label.removeprefix(f"{name}:") for label in (given, other))
        yield f"  {name} {first} rather than {second}: score {scores[given] - scores[other]:+.2f}"
        yield from _sides(why, given, other, count)
    if topic is None and not labels:
        nearest = max(paragraph.scores.items(), key=lambda score: score[1])
        yield f"  no topic; the nearest is {nearest[0]}, probability {nearest[1]:.2f} (--topic {nearest[0]} says why)"
    yield ""


def _sides(why: Explanation, label: str, rather_than: str | None, count: int) -> Iterator[str]:
    pulls = why.pulls(label, rather_than)
    sides = (("for", [p for p in pulls if p[1] > 0]), ("against", [p for p in reversed(pulls) if p[1] < 0]))
    yield f"    {'bias':8}{why.base(label, rather_than):+.2f}"
    for side, found in sides:
        yield from textwrap.wrap(
            f"{side:8}{sum(vote for _, vote in found):+.2f} = {_listed(found, count)}",
            width=110,
            initial_indent="    ",
            subsequent_indent=" " * 20,
            break_long_words=False,
        )


def _listed(pulls: Sequence[tuple[UnitVotes, float]], count: int) -> str:
    told = [pull for pull in pulls[:count] if abs(pull[1]) >= _SMALL]
    rest = pulls[len(told) :]
    words = [f"\u2068{shown(unit.unit).replace(' ', _NBSP)}\u2069{_NBSP}{vote:+.2f}" for unit, vote in told]
    if rest:
        words.append(f"{len(rest)}{_NBSP}others{_NBSP}{sum(vote for _, vote in rest):+.2f}")
    return "  ".join(words) or "nothing"
