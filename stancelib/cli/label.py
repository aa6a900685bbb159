"""``stancelib label``: articles and archives in, a table or lines out."""

from __future__ import annotations

import functools
import itertools
import shutil
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from stancelib import formats, rows
from stancelib.batch import Record, Task, label_records, model_of
from stancelib.cli.archive import Archive
from stancelib.cli.common import PATH, require_place, say, shown
from stancelib.cli.options import input_options, model_options, stance_threshold
from stancelib.cli.progress import Progress
from stancelib.cli.sink import Sink, run_digest
from stancelib.files import write_whole
from stancelib.records import LabelledParagraph

_SIGNS = {"favor": "+ favor", "against": "- against", "neutral": "= neutral", None: "? unsure"}


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "jsonl", "csv", "parquet"]),
    help="Default: by the suffix of --output, else table.",
)
@click.option("-o", "--output", type=PATH, help="Write here instead of stdout; where it is a link, to its file.")
@model_options
@stance_threshold
@input_options
@click.option("--jobs", type=click.IntRange(0, 512), default=1, show_default=True, help="Processes; 0: one a core.")
@click.option("--dask", metavar="ADDRESS", help="Label Parquet files on this Dask cluster; --output is a directory.")
@click.option("--resume", is_flag=True, help="Go on where an interrupted run with the same arguments stopped.")
@click.option("--progress/--no-progress", default=None, help="Default: where stderr is a terminal.")
def command(
    paths: tuple[str, ...],
    form: str | None,
    output: Path | None,
    model_file: Path | None,
    encoding: str | None,
    threshold: float | None,
    stance_threshold: float,
    text_field: str,
    input_format: str | None,
    jobs: int,
    dask: str | None,
    resume: bool,
    progress: bool | None,
) -> None:
    """Label the paragraphs of articles and of archives.

    PATHS are articles (.txt, .md, .html), archives with an article a record (.jsonl, .csv, .parquet, and .json as
    Telegram Desktop exports it), directories of them, or - for stdin. An archive is read record by record, however long
    it is; a record's id, title, date and outlet are passed through. What can't be read is named and left out (exit
    code 1).
    """
    if dask is not None:
        if output is None or form not in (None, "parquet"):
            raise click.UsageError("--dask writes Parquet: give a directory as --output, and no other --format")
        if jobs != 1 or encoding or input_format:
            raise click.UsageError("--dask goes without --jobs, --encoding and --input-format")
        archive = Archive(paths, "parquet", encoding, text_field, output)
        task = Task.of(model_file, formats.jsonl, threshold, stance_threshold)
        _on_cluster(dask, archive, output, task, text_field, resume, progress)
        return
    if output is not None:
        require_place(output, model_file)
    if form is None:
        form = rows.SUFFIXES.get(output.suffix.lower(), "table") if output is not None else "table"
        if output is not None and form == "table" and output.suffix.lower() not in ("", ".txt", ".md"):
            raise click.UsageError(f"name the --format of {output}; .jsonl, .csv, .parquet and .txt say it themselves")
    if output is None and (form == "parquet" or resume):
        raise click.UsageError("--resume and --format parquet need --output: a file to go on with or to write whole")
    if resume and form == "table":
        raise click.UsageError("--resume goes with --format jsonl, csv or parquet")
    if resume and "-" in paths:
        raise click.UsageError("--resume needs files: what came from stdin is gone")
    archive = Archive(paths, input_format, encoding, text_field, output)
    metadata = form in ("csv", "parquet") and archive.has_metadata()
    renders: dict[str, Callable[[Sequence[LabelledParagraph]], str]] = {
        "table": _table,
        "csv": functools.partial(formats.csv_lines, metadata=metadata),
    }
    render = renders.get(form, formats.jsonl)
    task = Task.of(model_file, render, threshold, stance_threshold)
    topics = model_of(task.model, task.digest).taxonomy.names
    settings = task.settings() | {"form": form, "input": archive.fingerprint()}
    keep = form != "table" and "-" not in paths
    with (
        Sink(output, form, topics, settings, resume=resume, keep=keep, metadata=metadata) as sink,
        Progress(archive.size, sink.done.size, progress) as bar,
    ):
        found: Iterator[Record] = itertools.islice(archive.records(), sink.done.records, None)
        if form in ("csv", "parquet") and not metadata:
            found = _without_metadata(found, bar.say)
        for batch in label_records(task, found, jobs):
            for message in (*batch.problems, *batch.notes):
                bar.say(message)
            sink.write(batch)
            bar.update(batch)
    if sink.done.problems:
        raise click.exceptions.Exit(1)


def _without_metadata(records: Iterator[Record], say: Callable[[str], None]) -> Iterator[Record]:
    """The records; says once where the first stands of whose title, date or outlet the table has no column."""
    told = False
    for record in records:
        if record.metadata and not told:
            say(
                f"{record.where}: {', '.join(record.metadata)} comes too late for a column of the table; "
                "JSON lines have it (--format jsonl)"
            )
            told = True
        yield record


def _on_cluster(
    address: str, archive: Archive, output: Path, task: Task, text_field: str, resume: bool, progress: bool | None
) -> None:
    """One file in the directory for each row group of the input; with ``resume`` those that are there stay."""
    from stancelib import scale

    topics = model_of(task.model, task.digest).taxonomy.names
    settings = task.settings() | {"input": archive.fingerprint()}
    parts, failed = scale.parts_of(archive.parquet_files, output)
    metadata = archive.has_metadata()
    failed += [f"{name}: {problem}" for name, problem in archive.not_read]
    # Readers of Parquet directories skip names that begin so.
    run = output / "_run.sha256"
    if resume and run.is_file():
        if run.read_bytes() != run_digest(settings).encode():
            raise click.UsageError(f"{output} comes from a run with other input, options or another model or version")
        parts = [part for part in parts if not part.target.is_file()]
        failed += [
            file.read_text(encoding="utf-8", errors="replace") for file in sorted(output.glob("_part-*.problems"))
        ]
    elif output.is_dir() and any(output.iterdir()):
        raise click.UsageError(f"{output} is not empty; give a new directory, or --resume to go on with a run in it")
    for message in failed:
        say(message)
    with scale.cluster(address) as client:
        output.mkdir(parents=True, exist_ok=True)
        write_whole(run, run_digest(settings).encode())
        with Progress(len(parts), 0, progress) as bar:
            for _, done in scale.label_parts(client, task, parts, text_field, topics, metadata):
                for message in (*done.problems, *done.notes):
                    bar.say(message)
                failed += done.problems
                bar.update(done, 1)
    if failed:
        raise click.exceptions.Exit(1)


def _table(labelled: Sequence[LabelledParagraph]) -> str:
    """For people: the document, then each paragraph with its labels and the beginning of its text."""
    if not labelled:
        return ""
    first = labelled[0]
    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    topic_width = max(len(name) for name in first.scores)
    lines = [
        shown(first.doc if first.id is None else f"{first.doc} {first.id}"),
        f"{'par':>3}  {'kind':8}  {'topic':{topic_width}}  {'prob':>4}  {'stance':9}  {'prob':>4}  text",
    ]
    room = max(width - 46 - topic_width + 8, 20)
    for paragraph in labelled:
        beginning = shown(textwrap.shorten(paragraph.text, room, placeholder="…"))
        head = f"{paragraph.par:>3}  {paragraph.kind:8}  "
        cells = [
            f"{label.topic:{topic_width}}  {label.score:4.2f}  {_SIGNS[label.stance]:9}  {label.stance_score:4.2f}"
            for label in paragraph.labels
        ] or [f"{'-':{topic_width}}  {'':4}  {'':9}  {'':4}"]
        # U+2068/U+2069 keep the Persian from reordering the columns.
        lines.append(f"{head}{cells[0]}  \u2068{beginning}\u2069")
        lines += [f"{'':{len(head)}}{cell}" for cell in cells[1:]]
    return "\n".join(lines) + "\n"
