"""``stancelib check``: look label files over before anything is learned from them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from stancelib import corpus
from stancelib.audit import Audit, audit
from stancelib.cli.common import PATH, say_problems, shown
from stancelib.cli.labels import read_taxonomy
from stancelib.errors import InputError


@click.command()
@click.argument("paths", nargs=-1, required=True, type=PATH)
@click.option("--taxonomy", "taxonomy_file", type=PATH, help="A TOML file; the shipped topics by default.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def command(paths: tuple[Path, ...], taxonomy_file: Path | None, form: str) -> None:
    """Check label files: format, repeats, balance, lengths, registers, spellings, names that go with one stance.

    Exit code 1 when a line is bad or two paragraphs are the same or nearly so; the rest is for you to judge.
    """
    topics = read_taxonomy(taxonomy_file).names
    reading = corpus.read(paths, topics)
    say_problems(reading.problems)
    if not reading.paragraphs:
        raise InputError("there is no paragraph in what was given")
    found = audit(reading.paragraphs, topics)
    click.echo(json.dumps(asdict(found), ensure_ascii=False, indent=1) if form == "json" else _table(found))
    if reading.problems or found.repeats:
        raise click.exceptions.Exit(1)


def _table(found: Audit) -> str:
    lines = [f"{found.counts.paragraphs} paragraphs, {found.counts.without_topic} without a topic"]
    if found.unannotated:
        lines[0] += f", {found.unannotated} not annotated"
    for topic, counts in found.counts.stances.items():
        lines.append(f"  {topic:16}{sum(counts.values()):>7}  {_listed(counts)}")
    lines.append(
        f"words      5%, 25%, 50%, 75%, 95% of the paragraphs are up to {', '.join(map(str, found.words))} long"
    )
    lines.append(f"kinds      {_listed(found.kinds)}")
    lines.append(f"styles     {_listed(found.styles)}")
    lines.append("spellings  " + ", ".join(f"{share:.0%} {name}" for name, share in found.spellings.items()))
    lines += [
        f"repeated   {shown(r.first)} and {shown(r.second)} share {r.share:.0%} of their runs of words"
        for r in found.repeats
    ]
    lines += [f"note       {shown(warning)}" for warning in found.warnings()]
    return "\n".join(lines)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {shown(name) or 'not given'}" for name, count in counts.items())
