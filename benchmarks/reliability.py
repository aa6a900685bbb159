"""The reliability chart: predicted probabilities beside the shares that came true, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from draw import COLOURS, page, text

from stancelib.calibration import Bin, Calibration

WIDTH, HEIGHT, SIDE, LEFT, TOP = 760, 432, 300, 72, 84


def wilson(share: float, size: int) -> tuple[float, float]:
    """The 95% interval of a share (Wilson 1927)."""
    z = 1.96
    middle = (share + z * z / (2 * size)) / (1 + z * z / size)
    half = z / (1 + z * z / size) * sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    return middle - half, middle + half


def _panel(left: float, name: str, colour: str, bins: Sequence[Bin]) -> list[str]:
    def x(value: float) -> float:
        return round(left + SIDE * value, 1)

    def y(value: float) -> float:
        return round(TOP + SIDE * (1 - value), 1)

    edge = COLOURS["other"][0]
    parts = [
        text(left, TOP - 14, 14, "ink", name, ' font-weight="600"'),
        f'<path class="line" d="M{x(0)} {y(1)}V{y(0)}H{x(1)}M{x(0)} {y(0)}L{x(1)} {y(1)}" fill="none" stroke="{edge}"/>',
    ]
    for tick in (0, 0.5, 1):
        parts.append(text(x(tick), y(0) + 18, 12, "soft", f"{tick:g}", ' text-anchor="middle"'))
        parts.append(text(x(0) - 8, y(tick) + 4, 12, "soft", f"{tick:g}", ' text-anchor="end"'))
    parts.append(text(x(0.5), y(0) + 36, 12, "soft", "probability that was predicted", ' text-anchor="middle"'))
    largest = max(b.size for b in bins)
    for b in bins:
        low, high = wilson(b.share, b.size)
        at = x(b.probability)
        parts.append(f'<rect class="{colour}" x="{at - 1}" y="{y(high)}" width="2" height="{y(low) - y(high):.1f}" '
                     f'fill="{COLOURS[colour][0]}" opacity="0.5"/>')  # fmt: skip
        parts.append(f'<circle class="{colour}" cx="{at}" cy="{y(b.share)}" r="{3 + 6 * sqrt(b.size / largest):.1f}" '
                     f'fill="{COLOURS[colour][0]}"><title>{b.size} predictions, {b.probability:.2f} on average, '
                     f"{b.share:.2f} came true</title></circle>")  # fmt: skip
    return parts


def svg(trust: Calibration) -> str:
    panels = (("Topics", "ours", trust.topic_bins), ("Stances of true topics", "second", trust.stance_bins))
    said = ". ".join(
        f"{name}: " + "; ".join(f"predicted {b.probability:.2f}, true {b.share:.2f} of {b.size}" for b in bins)
        for name, _, bins in panels
    )
    parts = [part for n, panel in enumerate(panels) for part in _panel(LEFT + n * (SIDE + 60), *panel)]
    middle = TOP + SIDE / 2
    turned = f' text-anchor="middle" transform="rotate(-90 24 {middle:g})"'
    parts.append(text(24, middle, 12, "soft", "share that came true", turned))
    return page(WIDTH, HEIGHT, "Do probabilities mean what they say?", said, parts)
