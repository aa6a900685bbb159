"""The command: one small file a verb. The only place that prints."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys

import click

import stancelib
from stancelib.cli.common import say, say_plain, shown
from stancelib.errors import InputError, ModelFileError, StancelibError

_VERBS = {
    "label": "Label the paragraphs of articles and archives.",
    "explain": "Show the words that voted for and against each label.",
    "report": "Write a web page with labels, votes and charts.",
    "serve": "Label in a web page and by a REST API, on this machine.",
    "check": "Look label files over: format, repeats, balance, spellings, names.",
    "train": "Train a model on label files, alone or on top of the shipped corpus.",
    "bootstrap": "Train a first model on an archive that nobody has labelled, by lists of terms.",
    "evaluate": "Measure a model on gold label files.",
    "agreement": "Say how far annotators agree, and list what they do not agree on.",
    "errors": "List what a model gets wrong on gold label files, and why.",
    "suggest": "Pick the paragraphs of an archive that are worth labelling next.",
    "convert": "Carry labels to and from doccano and Label Studio.",
    "info": "Say what a model is: topics, training data, features, scores.",
}


class _Verbs(click.Group):
    """Verbs are imported when they are called for, so that ``--help`` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_VERBS.items()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        command: click.Command = importlib.import_module(f"stancelib.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            if near := difflib.get_close_matches(args[0], _VERBS, 1):
                raise click.UsageError(f"No such command {args[0]!r}. Did you mean {near[0]}?", ctx) from error
            raise


@click.command(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(stancelib.__version__, prog_name="stancelib")
def group() -> None:
    """Label Persian news by topic and stance.

    Exit codes: 0 done; 1 some input could not be used (each is named on stderr, everything else is written);
    2 wrong usage; 3 model file refused.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command and leave the process with its exit code; no traceback reaches the user."""
    _open_standard_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # Persian must survive a terminal that says it speaks cp1252
            stream.reconfigure(encoding="utf-8", errors="replace")
    code = _run(arguments)
    try:
        sys.stdout.flush()
    except OSError as error:
        _discard_stdout()
        if code == 0 and not isinstance(error, BrokenPipeError):
            code = _failed(error)
    sys.exit(code)


def _run(arguments: list[str] | None) -> int:
    try:
        code = group.main(args=arguments, prog_name="stancelib", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        usage = io.StringIO()
        error.show(usage)
        say_plain("\n".join(map(shown, usage.getvalue().split("\n"))))
        return error.exit_code
    except click.Abort:
        return 130
    except ModelFileError as error:
        say(str(error))
        return 3
    except InputError as error:
        say(str(error))
        return 1
    except StancelibError as error:
        say(str(error))
        return 2
    except (BrokenPipeError, SystemExit):
        # The reader of stdout has gone, as `head` does; click makes an exit of it.
        _discard_stdout()
        return 0
    except OSError as error:
        return _failed(error)


def _failed(error: OSError) -> int:
    say(f"{error.filename or 'output'}: {error.strerror or error}")
    return 1


def _open_standard_streams() -> None:
    """Where the shell has closed a stream (``>&-``), a file that is opened must not take its number, nor its writers fail
    otherwise than on a full disk: to write to a closed stdout is an error, messages without stderr go nowhere."""
    for number, mode in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest number that is free
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115


def _discard_stdout() -> None:
    """What could not be written must not be tried again, and complained of, when the interpreter flushes at exit."""
    with contextlib.suppress(OSError):  # it may have no number in a program that calls `main`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
