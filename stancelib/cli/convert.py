"""``stancelib convert``: labels to and from the tools in which people label."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stancelib import __version__, exchange, files
from stancelib.cli.common import PATH, require_place, say, say_problems
from stancelib.cli.labels import read_taxonomy
from stancelib.errors import InputError
from stancelib.exchange import FORMATS, SUFFIXES, doccano, interface
from stancelib.exchange.items import Guess, Item
from stancelib.taxonomy import Taxonomy

if TYPE_CHECKING:
    from stancelib.model import StanceModel

_ANNOTATOR = "{annotator}"
_TOOLS = ("label-studio", "doccano")


@click.command()
@click.argument("paths", nargs=-1, type=PATH)
@click.option(
    "-o",
    "--output",
    required=True,
    type=PATH,
    help=f"The file to write; with {_ANNOTATOR} in its name one for each annotator.",
)
@click.option(
    "--from", "source", type=click.Choice(FORMATS), help="What the files are; by suffix and content otherwise."
)
@click.option("--to", "form", type=click.Choice(FORMATS), help="What to write; .jsonl and .csv are our label files.")
@click.option("--annotator", metavar="NAME", help="Whose labels to take where several people labelled.")
@click.option("--predictions", is_flag=True, help="Have the model label what nobody has, for annotators to correct.")
@click.option("--model", "model_file", type=PATH, help="With --predictions: a model file instead of the shipped one.")
@click.option("--taxonomy", "taxonomy_file", type=PATH, help="A TOML file; the shipped topics by default.")
@click.option(
    "--config-for", "tool", type=click.Choice(_TOOLS), help="Write what the tool needs to know of the topics."
)
def command(
    paths: tuple[Path, ...],
    output: Path,
    source: str | None,
    form: str | None,
    annotator: str | None,
    predictions: bool,
    model_file: Path | None,
    taxonomy_file: Path | None,
    tool: str | None,
) -> None:
    """Convert label files (.jsonl, .csv) to doccano's or Label Studio's and back.

    Nothing is lost on the way: id, voice, source and any other field travel beside the text. "Not annotated" and "no topic"
    stay two things: who finds no topic chooses no-topic. Set the tool up with what --config-for label-studio (XML for
    the labelling interface) or --config-for doccano (a label set) writes.
    """
    if tool is not None:
        if paths or source or form or annotator or predictions or model_file:
            raise click.UsageError("--config-for goes with --output and --taxonomy alone; it needs no label files")
        require_place(output, taxonomy_file)
        files.write_whole(output, _configuration(tool, read_taxonomy(taxonomy_file)))
        return
    form = _form(output, form)
    every = _ANNOTATOR in output.name
    _check(paths, output, form, every, annotator, predictions, model_file, taxonomy_file)
    model, version = _model(model_file) if predictions else (None, "")
    topics = model.taxonomy if model else read_taxonomy(taxonomy_file)
    reading = exchange.read(paths, source, topics.names, annotator=annotator, every=every)
    say_problems(reading.problems)
    if not reading.items:
        raise InputError("there is no paragraph in what was given")
    if guessed := sum(doccano.PRELABELLED in i.more and i.paragraph.topics is not None for i in reading.items):
        say(f"{guessed} paragraphs had a model's labels before anybody looked; have doccano export approved ones only")
    if every:
        _write_each(reading.items, output, form, paths)
    else:
        guesses = _guesses(reading.items, model, version) if model else ()
        data = exchange.to_bytes(reading.items, form, guesses, array=output.suffix.lower() == ".json")
        files.write_whole(output, data)
    if reading.problems:
        raise click.exceptions.Exit(1)


def _form(output: Path, form: str | None) -> str:
    suffix = output.suffix.lower()
    if form is None:
        form = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv"}.get(suffix)
        if form is None:
            raise click.UsageError(f"say with --to what {output} is to be: {', '.join(FORMATS)}")
    if not files.is_stream(output) and suffix not in SUFFIXES[form]:
        raise click.UsageError(f"{output}: a file for {form} ends in {' or '.join(SUFFIXES[form])}")
    return form


def _check(
    paths: Sequence[Path],
    output: Path,
    form: str,
    every: bool,
    annotator: str | None,
    predictions: bool,
    model_file: Path | None,
    taxonomy_file: Path | None,
) -> None:
    if not paths:
        raise click.UsageError("give label files to convert")
    if every and (annotator or predictions):
        raise click.UsageError(f"{_ANNOTATOR} in --output goes without --annotator and --predictions")
    if predictions and form not in _TOOLS:
        raise click.UsageError(
            "--predictions goes with --to doccano or label-studio; `stancelib label` writes the others"
        )
    if predictions and taxonomy_file:
        raise click.UsageError("--predictions takes the topics of the model; leave --taxonomy out")
    if model_file and not predictions:
        raise click.UsageError("--model goes with --predictions")
    require_place(output, *paths, model_file, taxonomy_file)


def _configuration(tool: str, taxonomy: Taxonomy) -> bytes:
    if tool == "label-studio":
        return interface.label_studio(taxonomy)
    return (json.dumps(interface.doccano(taxonomy), ensure_ascii=False, indent=1) + "\n").encode()


def _model(path: Path | None) -> tuple[StanceModel, str]:
    """The model, and how annotators tell it from others."""
    from stancelib import batch

    model, _, digest = batch.load(path)
    return model, f"stancelib-{__version__}-{digest[:8]}"


def _guesses(found: Sequence[Item], model: StanceModel, version: str) -> list[Guess | None]:
    """What the model says of what nobody has labelled; each text is one paragraph, as its labels are."""
    bare = [n for n, item in enumerate(found) if item.paragraph.topics is None]
    guesses: list[Guess | None] = [None] * len(found)
    for n, labelled in zip(bare, model.label([found[n].paragraph.text for n in bare]), strict=True):
        guesses[n] = Guess(labelled, version)
    return guesses


def _write_each(found: Sequence[Item], output: Path, form: str, read: Sequence[Path]) -> None:
    """A file for each annotator with what they labelled."""
    by: dict[str, list[Item]] = {}
    for item in found:
        if item.annotator is not None:
            by.setdefault(item.annotator, []).append(item)
    if not by:
        raise InputError(
            "nobody has labelled anything, or the format does not say who; leave {annotator} out of --output"
        )
    if left := len(found) - sum(map(len, by.values())):
        say(f"{left} paragraphs that nobody annotated were left out")
    made: dict[Path, str] = {}
    for name in by:
        # A name may hold anything, and must not lead out of the directory.
        file = output.with_name(output.name.replace(_ANNOTATOR, re.sub(r"[^\w.@+-]", "_", name)))
        if file in made:
            raise InputError(f"the annotators {made[file]!r} and {name!r} would have the same file; use --annotator")
        require_place(file, *read)
        made[file] = name
    for file, name in made.items():
        files.write_whole(file, exchange.to_bytes(by[name], form, array=file.suffix.lower() == ".json"))
