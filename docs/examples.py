"""Examples in docstrings are code: a run of lines from ``>>>`` to an empty line is fenced before it becomes Markdown."""

from __future__ import annotations

import re
from typing import Any

import griffe

_EXAMPLE = re.compile(r"^( *)>>> .*?(?=\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)


class Examples(griffe.Extension):
    """For mkdocstrings."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Fence the examples of an object's docstring."""
        if obj.docstring is not None:
            fenced = r"\1```pycon\n{}\n\1```"
            obj.docstring.value = _EXAMPLE.sub(
                lambda found: found.expand(fenced).replace("{}", found[0]), obj.docstring.value
            )
