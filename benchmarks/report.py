"""The figures as Markdown: one table of the sides, one of what a second process brings, one of start-up."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from measure import BARE, FOLDED, FOLDED_KNOWN, HELP, IMPORT, IMPORT_USUAL, KNOWN
from sides import FASTTEXT, OURS, SIDES, USUAL

Figures = dict[str, Any]


def ratio(value: float) -> str:
    """How many times, of small numbers as a fraction.

    >>> ratio(14.6), ratio(2.04), ratio(0.1)
    ('15×', '2.0×', '1/10')
    """
    if value < 0.95:
        return "1/" + ratio(1 / value).removesuffix("×")
    return f"{value:.1f}×" if value < 9.95 else f"{value:,.0f}×"


def rounded(value: float) -> str:
    """Three figures say all that a noisy machine knows.

    >>> rounded(34874.7), rounded(0.21349), rounded(4.987), rounded(61.2)
    ('34,900', '0.21', '4.99', '61.2')
    """
    if value < 1:
        return f"{value:.2f}"
    whole = len(str(int(value)))
    return f"{round(value, 3 - whole):,.{max(0, 3 - whole)}f}"


def ratio_of_rounds(values: Sequence[float], base: Sequence[float]) -> float:
    """The median of the ratios within a round: both met the same minute of the machine."""
    return median(value / other for value, other in zip(values, base, strict=True))


def cell(values: Sequence[float] | None, base: Sequence[float] | None, unit: str = "") -> str:
    """A figure and, in brackets, its ratio to the usual stack's."""
    if not values:
        return "–"
    shown = f"{rounded(median(values))}{unit}"
    return shown if not base or values is base else f"{shown} ({ratio(ratio_of_rounds(values, base))})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"| --- |{' ---: |' * (len(head) - 1)}"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def sides_table(figures: Figures) -> str:
    """Rows are what was measured, columns the sides."""
    missing = figures["missing"]

    def line(what: str, runs: Figures, key: str, unit: str) -> list[str]:
        values = {side: runs.get(side, {}).get(key) for side in SIDES}
        return row(what, values, unit)

    def row(what: str, values: dict[str, Sequence[float] | None], unit: str = "") -> list[str]:
        base = values.get(USUAL)
        return [what, *("not installed" if s in missing else cell(values.get(s), base, unit) for s in SIDES)]

    speed = figures["throughput"]["per_second"]
    fast = {side: speed.get(side) for side in FASTTEXT}
    usual = {USUAL: speed.get(USUAL)}
    rows = [
        row("paragraphs a second, no word met before", {OURS: speed[OURS], **usual}),
        row("… all words met before", {OURS: speed[KNOWN], **usual}),
        row("… text folded beforehand", {OURS: speed[FOLDED], **usual, **fast}),
        row("… folded, all words met before", {OURS: speed[FOLDED_KNOWN], **usual, **fast}),
        line("one article, from a fresh process", figures["cold_starts"]["runs"], "seconds", " s"),
        line("… its peak memory", figures["cold_starts"]["runs"], "megabytes", " MB"),
    ]
    for count, runs in figures["growth"].items():
        rows += [
            line(f"{int(count):,} paragraphs, file to file", runs, "seconds", " s"),
            line("… peak memory", runs, "megabytes", " MB"),
        ]
    rows.append(row("model on disk", {side: [size / 1e6] for side, size in figures["sizes"].items()}, " MB"))
    rows.append(line("training", figures["training"], "seconds", " s"))
    rows.append(line("… peak memory", figures["training"], "megabytes", " MB"))
    return table(["", *SIDES], rows)


def starts_table(figures: Figures) -> str:
    runs = figures["cold_starts"]["runs"]
    rows = [[f"`{name}`", cell(runs[name].get("seconds"), None, " s"), cell(runs[name].get("megabytes"), None, " MB")]
            for name in (BARE, IMPORT, HELP, IMPORT_USUAL)]  # fmt: skip
    return table(["a fresh process", "start to end", "peak memory"], rows)


def processes_table(figures: Figures) -> str:
    found = figures["two_processes"]
    if "failed" in found:
        return f"Two processes were not measured: {found['failed']}."
    command, score = found["command"], found["score"]
    rows = []
    if bad := [run["failed"] for run in command.values() if "failed" in run]:
        rows.append(["`stancelib label --jobs`", f"failed: {bad[0]}", "–", "–"])
    else:
        one, two, start_one, start_two = (
            command[name]["seconds"] for name in ("1 archive", "2 archive", "1 start", "2 start")
        )
        rows.append(_pair("`stancelib label --jobs`, file to file", one, two))
        net = [
            [wall - start for wall, start in zip(*both, strict=True)] for both in ((one, start_one), (two, start_two))
        ]
        rows.append(_pair("… without start-up", *net))
    rows.append(_pair("`score`, nothing else counted", score["1"], score["2"]))
    rows.append(_pair("a bare loop of Python, in the same rounds", found["loop"]["1"], found["loop"]["2"]))
    return table([f"{found['paragraphs']:,} paragraphs", "one process", "two", "gain"], rows)


def _pair(what: str, one: Sequence[float], two: Sequence[float]) -> list[str]:
    times = [f"{rounded(median(values))} s" for values in (one, two)]
    return [what, *times, f"{ratio_of_rounds(one, two):.2f}×"]


def markdown(figures: Figures) -> str:
    found = figures["throughput"]
    notes = [
        f"Medians; in brackets the ratio to the usual stack in the same round. {figures['texts'].capitalize()}; one "
        f"core except where two processes are compared; paragraphs a second on {found['paragraphs']:,} in {found['rounds']} "
        "rounds, from texts in memory to all topic and stance scores. fastText is always given text that is folded and "
        "split into words, and is not charged for it; the usual stack (hazm, TfidfVectorizer, LogisticRegression) "
        "always takes raw text.",
        *(f"{side} was not measured: {reason}." for side, reason in figures["missing"].items()),
    ]
    tables = [sides_table(figures), processes_table(figures), starts_table(figures)]
    return "\n\n".join([*tables[:1], *notes, *tables[1:]])
