"""``stancelib label``: articles in, a table or JSON lines out."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click

from stancelib import store, text
from stancelib.errors import InputError
from stancelib.model import StanceModel
from stancelib.records import LabelledParagraph

SUFFIXES = (".txt", ".md")
_SIGNS = {"favor": "+ favor", "against": "- against", "neutral": "= neutral"}


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--format", "form", type=click.Choice(["table", "jsonl"]), default="table", show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write here instead of stdout.")
@click.option("--model", "model_file", type=click.Path(path_type=Path), help="A model file instead of the shipped one.")
@click.option("--encoding", type=click.Choice(text.ENCODINGS), help="Default: a byte-order mark's word, else UTF-8.")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Topic probability instead of the model's thresholds.")
def command(
    paths: tuple[str, ...],
    form: str,
    output: Path | None,
    model_file: Path | None,
    encoding: str | None,
    threshold: float | None,
) -> None:
    """Label the paragraphs of articles: .txt and .md files, directories of them, or - for stdin."""
    model = store.load(model_file)
    parts: list[str] = []
    failed = False
    for source in _sources(paths):
        try:
            article = text.decode(_read(source), encoding)
        except InputError as error:
            click.echo(f"stancelib: {source}: {error}", err=True)
            failed = True
            continue
        labelled = model.label(article, doc="-" if source == "-" else str(source), threshold=threshold)
        if not labelled:
            click.echo(f"stancelib: {source}: no text in it", err=True)
        part = _table(model, labelled) if form == "table" else _jsonl(labelled)
        if output is None:
            click.echo(part, nl=False)
        else:
            parts.append(part)
    if output is not None:
        store.write_whole(output, "".join(parts).encode("utf-8", "replace"))
    if failed:
        raise click.exceptions.Exit(1)


def _sources(paths: tuple[str, ...]) -> Iterator[str | Path]:
    for name in paths:
        path = Path(name)
        if name != "-" and path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
        else:
            yield "-" if name == "-" else path


def _read(source: str | Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if isinstance(source, str) else source.read_bytes()
    except OSError as error:
        raise InputError(f"can't be read: {error.strerror}") from error


def _jsonl(labelled: list[LabelledParagraph]) -> str:
    return "".join(json.dumps(paragraph.as_dict(), ensure_ascii=False) + "\n" for paragraph in labelled)


def _table(model: StanceModel, labelled: list[LabelledParagraph]) -> str:
    """For people: the document, then each paragraph with its labels and the beginning of its text."""
    if not labelled:
        return ""
    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    topic_width = max(len(name) for name in model.taxonomy.names)
    lines = [
        labelled[0].doc,
        f"{'par':>3}  {'kind':8}  {'topic':{topic_width}}  {'prob':>4}  {'stance':9}  {'prob':>4}  text",
    ]
    room = max(width - 46 - topic_width + 8, 20)
    for paragraph in labelled:
        beginning = textwrap.shorten(paragraph.text, room, placeholder="…")
        first = f"{paragraph.par:>3}  {paragraph.kind:8}  "
        rows = [
            f"{label.topic:{topic_width}}  {label.score:4.2f}  {_SIGNS[label.stance]:9}  {label.stance_score:4.2f}"
            for label in paragraph.labels
        ] or [f"{'-':{topic_width}}  {'':4}  {'':9}  {'':4}"]
        # U+2068/U+2069 keep the Persian from reordering the columns.
        lines.append(f"{first}{rows[0]}  \u2068{beginning}\u2069")
        lines += [f"{'':{len(first)}}{row}" for row in rows[1:]]
    return "\n".join(lines) + "\n"
