"""Options that several verbs have: how input is read, and which model labels it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from stancelib.articles import ENCODINGS
from stancelib.cli.archive import KINDS
from stancelib.cli.common import PATH, PROBABILITY

_Command = TypeVar("_Command", bound=Callable[..., Any])

_MODEL = (
    click.option("--model", "model_file", type=PATH, help="A model file instead of the shipped one."),
    click.option("--threshold", type=PROBABILITY, help="Topic probability instead of the model's thresholds."),
)
_STANCE = click.option(
    "--stance-threshold",
    type=PROBABILITY,
    default=0.0,
    help="Give no stance (null, with the reason) where none is as probable as this. Default: always one.",
)
_INPUT = (
    click.option("--encoding", type=click.Choice(ENCODINGS), help="Default: a byte-order mark's word, else UTF-8."),
    click.option("--text-field", default="text", show_default=True, help="Where a record of an archive has its text."),
    click.option(
        "--input-format",
        type=click.Choice(KINDS),
        help="What the files are; default: by suffix, stdin is text.",
    ),
)


def model_options(command: _Command) -> _Command:
    """--model and --threshold."""
    return _with(command, *_MODEL)


def stance_threshold(command: _Command) -> _Command:
    """--stance-threshold."""
    return _with(command, _STANCE)


def input_options(command: _Command) -> _Command:
    """--encoding, --text-field and --input-format: the arguments of `archive.Archive`."""
    return _with(command, *_INPUT)


def _with(command: _Command, *options: Callable[[_Command], _Command]) -> _Command:
    for option in reversed(options):
        command = option(command)
    return command
