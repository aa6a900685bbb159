"""What the verbs have in common: text that is safe to show, messages, numbers as options."""

from __future__ import annotations

import contextlib
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from stancelib import files

#: How many problems of label files are named; archives have theirs named one by one, as they are left out for good.
MOST_PROBLEMS = 20

# What moves the cursor, recolours, or turns the order of what follows: C0, DEL, C1, line separators, bidi overrides.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def shown(text: str) -> str:
    """Text of unknown origin on one line of a terminal, its control characters as escapes.

    >>> shown("red\\x1b[31m")
    'red\\\\x1b[31m'
    """
    return _CONTROLS.sub(lambda found: ascii(found.group())[1:-1], text)


def say(message: str) -> None:
    """A message on stderr."""
    say_plain(f"stancelib: {shown(message)}\n")


def say_plain(text: str) -> None:
    """Text on stderr as it is. That nobody can read it there does not stop the work."""
    with contextlib.suppress(OSError):
        click.echo(text, err=True, nl=False)


def say_problems(problems: Sequence[str]) -> None:
    """The first problems of label files, and how many more there are."""
    for problem in problems[:MOST_PROBLEMS]:
        say(problem)
    if len(problems) > MOST_PROBLEMS:
        say(f"and {len(problems) - MOST_PROBLEMS:,} more bad lines")


def tell(line: str) -> None:
    """A line on stdout of a verb whose work is a file: it is done, though nobody reads on."""
    with contextlib.suppress(BrokenPipeError):
        click.echo(line)


def require_place(output: Path, *read: Path | None) -> None:
    """Say that a file can't be written somewhere before the work is done, not after it.

    Args:
        output: the file.
        read: files and directories that are read in the same run; ``None`` is none.

    Raises:
        UsageError: it is among them, a directory has its name, or there is none to write to.
    """
    if files.is_stream(output):
        return
    if any(files.target(output).is_relative_to(files.target(path)) for path in read if path is not None):
        raise click.UsageError(f"{output} is to be read and written; give an output elsewhere")
    if output.is_dir():
        raise click.UsageError(f"{output} is a directory; --output must be a file")
    directory = files.target(output).parent
    if not directory.is_dir():
        raise click.UsageError(f"there is no directory {directory} to write to")
    if not os.access(directory, os.W_OK):
        raise click.UsageError(f"{directory} can't be written to")


class Number(click.FloatRange):
    """A number in a range; NaN, which every comparison lets through, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


PROBABILITY = Number(0, 1)
# Whether it can be read shows when it is: click would call it wrong usage.
PATH = click.Path(readable=False, path_type=Path)
