"""The reference of the command, made from the command: what `--help` says of each verb and option, as a page."""

from __future__ import annotations

import html
import inspect
import re

import click
from mkdocs.structure.pages import Page

from stancelib.cli import group

_HERE = "<!-- the command -->"
#: Names with commas or a slash between, then what the option takes, which may go over several lines.
_OPTION = re.compile(r"(-[^\s,]+(?:(?:, | / )-[^\s,]+)*)(?:\s+(.+))?", re.DOTALL)


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """The command's reference in the place of the mark."""
    return markdown.replace(_HERE, "\n".join(_reference())) if page.file.src_uri == "reference/cli.md" else markdown


def _reference() -> list[str]:
    top = click.Context(group, info_name="stancelib", **group.context_settings)
    lines = _told(top)
    for name in group.list_commands(top):
        verb = group.get_command(top, name)
        assert verb is not None
        lines += [f"## stancelib {name}", "", *_told(click.Context(verb, info_name=name, parent=top))]
    return lines


def _told(context: click.Context) -> list[str]:
    """What a command does, how it is called, and its options as a table."""
    command = context.command
    usage = f"```text\n{context.command_path} {' '.join(command.collect_usage_pieces(context))}\n```"
    options = [parameter for parameter in command.get_params(context) if isinstance(parameter, click.Option)]
    records = [record for option in options if (record := option.get_help_record(context))]
    table = [_row(*record) for record in records]
    about = html.escape(inspect.cleandoc(command.help or ""), quote=False)
    return [about, "", usage, "", "| option | what it does |", "| --- | --- |", *table, ""]


def _row(option: str, text: str) -> str:
    """An option's names on the left; what it takes stands before what it does, so that names stay short."""
    names, takes = _OPTION.fullmatch(option).groups()  # type: ignore[union-attr]
    told = f"`{takes}` {_cell(text)}" if takes else _cell(text)
    return f"| `{names}` | {told} |"


def _cell(text: str) -> str:
    return html.escape(text, quote=False).replace("|", "\\|")
