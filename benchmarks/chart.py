"""The speed chart: an SVG of horizontal bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from statistics import median
from typing import Any

from draw import COLOURS, page, text
from report import ratio, ratio_of_rounds, rounded
from sides import FASTTEXT, OURS, SIDES, USUAL

WIDTH, TOP, STEP, BAR = 760, 92, 56, 28
LEFT, RIGHT = 224, 156  # room for the names, and for the figure after the longest bar
NOTES = {
    OURS: "from raw text, no word met before",
    USUAL: "from raw text",
    **dict.fromkeys(FASTTEXT, "from text folded beforehand"),
}
SUBTITLES = {USUAL: "hazm + scikit-learn"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; without a value it only has its label."""

    name: str
    note: str
    value: float | None
    label: str


def bars(figures: dict[str, Any]) -> list[Bar]:
    """The sides, the fastest first."""
    speed = figures["throughput"]["per_second"]
    found = []
    for side in SIDES:
        name = f"{side} ({SUBTITLES[side]})" if side in SUBTITLES else side
        values: Sequence[float] = speed.get(side, ())
        if values:
            times = "1×" if side == USUAL else ratio(ratio_of_rounds(values, speed[USUAL])) if USUAL in speed else ""
            found.append(Bar(name, NOTES[side], median(values), f"{rounded(median(values))}|{times}"))
        else:
            found.append(Bar(name, NOTES[side], None, "not installed|"))
    return sorted(found, key=lambda bar: -(bar.value or 0))


def svg(figures: dict[str, Any]) -> str:
    shown = bars(figures)
    longest = max((bar.value or 0 for bar in shown), default=0) or 1
    height = TOP + STEP * len(shown) + 48
    said = "; ".join(f"{bar.name}, {bar.note}: {' '.join(bar.label.split('|'))}".strip() for bar in shown)
    title = "Paragraphs labelled a second, on one core"
    parts = [
        text(24, 62, 14, "soft", "every topic and stance scored; × is times the usual stack"),
    ]
    for row, bar in enumerate(shown):
        y = TOP + row * STEP
        colour = "ours" if bar.name == OURS else "other"
        length = (bar.value or 0) / longest * (WIDTH - LEFT - RIGHT)
        name, _, rest = bar.name.partition(" (")
        weight = ' font-weight="600"' if colour == "ours" else ""
        parts.append(text(24, y + 13, 15, "ink", escape(name), weight))
        parts.append(text(24, y + 31, 12, "soft", escape(rest.rstrip(")") + ", " if rest else "") + escape(bar.note)))
        if bar.value is not None:
            parts.append(
                f'<rect class="{colour}" x="{LEFT + 24}" y="{y}" width="{length:.1f}" height="{BAR}" rx="3" '
                f'fill="{COLOURS[colour][0]}"/>'
            )
        figure, times = bar.label.split("|")
        bold = f'<tspan font-weight="600">{escape(figure)}</tspan>'
        soft = f'<tspan dx="8" class="soft" fill="{COLOURS["soft"][0]}">{escape(times)}</tspan>' if times else ""
        parts.append(text(LEFT + 32 + length, y + 20, 15, "ink", bold + soft))
    found = figures["throughput"]
    foot = (
        f"Medians of {found['rounds']} rounds on {found['paragraphs']:,} {figures['texts']}. "
        "fastText is not charged for folding the text."
    )
    parts.append(text(24, height - 20, 12, "soft", escape(foot)))
    return page(WIDTH, height, title, f"{said}. The ratio is to the usual stack.", parts)
