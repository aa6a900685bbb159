"""What the charts have in common: colours that can be read by day and by night, text, and a page that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
# name: (light, dark)
COLOURS = {
    "ground": ("#ffffff", "#161b22"),
    "edge": ("#d0d7de", "#3d444d"),
    "ink": ("#1f2328", "#e6edf3"),
    "soft": ("#59636e", "#9aa4af"),
    "ours": ("#1a7f5a", "#3fb98a"),
    "second": ("#b35900", "#f0a050"),
    "other": ("#9aa5b1", "#6b7682"),
}


def text(x: float, y: float, size: int, colour: str, content: str, more: str = "") -> str:
    """A line of text; ``content`` is markup, so escape what comes from elsewhere."""
    fill = COLOURS[colour][0]
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" class="{colour}" fill="{fill}"{more}>{content}</text>'


def page(width: int, height: int, title: str, said: str, parts: Iterable[str]) -> str:
    """An SVG with a card for a ground, and ``said`` for those who can't see it."""
    dark = "".join(f".{name}{{fill:{colour}}}" for name, (_, colour) in COLOURS.items())
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" aria-labelledby="title desc" font-family="{escape(FONT)}">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="desc">{escape(said)}</desc>',
            f"<style>@media (prefers-color-scheme:dark){{{dark}.card{{fill:{COLOURS['ground'][1]};"
            f"stroke:{COLOURS['edge'][1]}}}.line{{stroke:{COLOURS['other'][1]}}}}}</style>",
            f'<rect class="card" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8" '
            f'fill="{COLOURS["ground"][0]}" stroke="{COLOURS["edge"][0]}"/>',
            text(24, 38, 19, "ink", escape(title), ' font-weight="600"'),
            *parts,
            "</svg>",
            "",
        ]
    )
