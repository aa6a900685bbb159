"""What the documentation does that MkDocs does not: Persian pages run from right to left, and files of the repository that
stand outside docs/ are pages too, from the one copy that there is, with links that lead to each other here as there."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

ROOT = Path(__file__).parent.parent

#: Files of the repository and the pages that they are here.
INCLUDED = {
    "labels/GUIDELINES.md": "guideline.md",
    "labels/DATASHEET.md": "datasheet.md",
    "MODEL_CARD.md": "model-card.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
_PLACE = {page: file for file, page in INCLUDED.items()}
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#:\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The files of the repository become pages."""
    for file, page in INCLUDED.items():
        files.append(File.generated(config, page, content=(ROOT / file).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Links of the repository become links of the site; what is no page here stays as text."""
    here = page.file.src_uri
    place = posixpath.dirname(_PLACE.get(here, f"docs/{here}"))

    def link(found: re.Match[str]) -> str:
        picture, text, target, anchor = found.groups(default="")
        file = posixpath.normpath(posixpath.join(place, target))
        there = INCLUDED.get(file, file.removeprefix("docs/") if file.startswith("docs/") else None)
        if there is None:
            return text if text.startswith("`") else f"`{text}`"
        return f"{picture}[{text}]({get_relative_url(there, here)}{anchor})"

    return _LINK.sub(link, markdown)


def on_page_context(context: dict[str, Any], page: Page, config: MkDocsConfig, **_: Any) -> dict[str, Any]:
    """The theme asks for its language while it writes a page; the direction and the words of the theme follow from it.
    A page lists the pages of its own language, the Persian ones being the last section of the navigation."""
    persian = page.file.src_uri.startswith("fa/")
    config.theme["language"] = "fa" if persian else "en"
    *english, section = context["nav"].items
    context["nav"] = Navigation((section.children or []) if persian else english, context["nav"].pages)
    return context
