"""The measurements. Contestants take turns in rounds, so that a slow minute of the machine meets all of them.

Every figure is a list with a value a round; report.py takes medians, of ratios those of the same round.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import children
from children import ChildError, Run, Worker
from sides import ARTICLE, FASTTEXT, LABEL, OURS, STANCELIB, Bench

Figures = dict[str, Any]

#: Contestants of `throughput` beside the sides.
KNOWN, FOLDED, FOLDED_KNOWN = "stancelib, words known", "stancelib, folded", "stancelib, folded, words known"

#: Processes of `cold_starts` beside the sides, which label the article.
BARE, IMPORT, HELP, IMPORT_USUAL = (
    "python -c pass",
    'python -c "import stancelib"',
    "stancelib --help",
    'python -c "import hazm, sklearn, joblib"',
)


def _as_dicts(runs: Iterable[Run]) -> dict[str, list[float]]:
    runs = list(runs)
    return {"seconds": [run.seconds for run in runs], "megabytes": [run.megabytes for run in runs]}


def in_turn(contestants: Mapping[str, Callable[[], Run]], rounds: int) -> Figures:
    """name -> seconds and megabytes a round. One that fails is named and left out of later rounds."""
    runs: dict[str, list[Run]] = {name: [] for name in contestants}
    failed: dict[str, str] = {}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            if name not in failed:
                try:
                    runs[name].append(contestant())
                except ChildError as error:
                    failed[name] = str(error)
                    print(f"{name}: {error}", file=sys.stderr)
    return {name: {"failed": failed[name]} if name in failed else _as_dicts(runs[name]) for name in contestants}


def training(bench: Bench) -> Figures:
    """Once, and first: the other measurements need the models."""
    with children.one_core():
        figures = in_turn({side: partial(bench.train, side) for side in bench.there}, 1)
    for side in list(bench.there):
        if side != OURS and "failed" in figures[side]:
            bench.missing[side] = figures[side]["failed"]
    return figures


def throughput(bench: Bench) -> Figures:
    """Paragraphs a second of workers on one core, from texts in memory to all topic and stance scores."""
    count, rounds = (6_000, 3) if bench.quick else (12_000, 5)
    raw, folded = bench.archive(count), bench.archive(count, is_folded=True)
    figures: Figures = {"paragraphs": count, "rounds": rounds, "per_second": {}}
    with contextlib.ExitStack() as stack:
        with children.one_core():
            workers = {side: stack.enter_context(children.worker(bench.workers[side])) for side in bench.there}
        for side, worker in workers.items():
            if side == OURS:
                worker.ask("read", name="raw", file=raw, end=count)
                worker.ask("read", name="folded", file=folded, end=count, is_folded=True)
            else:
                worker.ask("load", model=bench.model(side))
                worker.ask("read", file=folded if side in FASTTEXT else raw, end=count)
        for _ in range(rounds):
            for side, worker in workers.items():
                seconds = _ours(worker) if side == OURS else {side: worker.ask("score")}
                for name, value in seconds.items():
                    figures["per_second"].setdefault(name, []).append(count / value)
    return figures


def _ours(worker: Worker) -> dict[str, float]:
    """Seconds of a new model, which has met no word, and of the same one when it sees the same texts again."""
    seconds = {}
    for texts, first, again in (("raw", OURS, KNOWN), ("folded", FOLDED, FOLDED_KNOWN)):
        worker.ask("fresh")
        seconds[first] = worker.ask("score", name=texts)
        seconds[again] = worker.ask("score", name=texts)
    return seconds


def two_processes(bench: Bench) -> Figures:
    """What a second process brings: to the command line, and to `score` where nothing else is counted."""
    if children.cores() < 2:
        return {"failed": "one core only"}
    count, rounds = (50_000, 2) if bench.quick else (200_000, 3)
    source, one, target = bench.archive(count), bench.archive(1), bench.directory / "labels.jsonl"
    commands = {
        f"{jobs} {what}": [*LABEL, "--jobs", str(jobs), "-o", target, file]
        for what, file in (("archive", source), ("start", one))
        for jobs in (1, 2)
    }
    figures: Figures = {"paragraphs": count, "rounds": rounds}
    figures["command"] = in_turn(
        {name: partial(children.run, command) for name, command in commands.items()},
        rounds,
    )
    target.unlink(missing_ok=True)
    figures["score"], figures["loop"] = _score_in_two(bench, count, rounds)
    return figures


def _loop_in(processes: int) -> float:
    """Seconds of a bare loop shared among processes: what a second one brings on this machine in this minute."""
    command = [sys.executable, "-c", f"for n in range({40_000_000 // processes}): pass"]
    begin = time.perf_counter()
    for child in [subprocess.Popen(command) for _ in range(processes)]:
        child.wait()
    return time.perf_counter() - begin


def _score_in_two(bench: Bench, count: int, rounds: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Seconds of `score` and of a bare loop, in one process and in two."""
    seconds: dict[str, list[float]] = {"1": [], "2": []}
    loop: dict[str, list[float]] = {"1": [], "2": []}
    with contextlib.ExitStack() as stack:
        whole, *halves = (stack.enter_context(children.worker(bench.workers[OURS])) for _ in range(3))
        half = count // 2
        for worker, start, end in ((whole, 0, count), (halves[0], 0, half), (halves[1], half, count)):
            worker.ask("read", name="texts", file=bench.archive(count), start=start, end=end)
        for _ in range(rounds):
            for name, workers in (("1", [whole]), ("2", halves)):
                for worker in workers:
                    worker.ask("fresh")
                begin = time.perf_counter()
                for worker in workers:
                    worker.send("score", name="texts")
                for worker in workers:
                    worker.receive()
                seconds[name].append(time.perf_counter() - begin)
                loop[name].append(_loop_in(len(workers)))
    return seconds, loop


def cold_starts(bench: Bench) -> Figures:
    """Fresh processes from start to end; those named as a side label the article in seeds/."""
    python = sys.executable
    contestants: dict[str, Callable[[], Run]] = {
        BARE: lambda: children.run([python, "-c", "pass"]),
        IMPORT: lambda: children.run([python, "-c", "import stancelib"]),
        HELP: lambda: children.run([STANCELIB, "--help"]),
        IMPORT_USUAL: lambda: children.run([python, "-c", "import hazm, sklearn, joblib"]),
    }
    for side in bench.there:
        contestants[side] = partial(bench.label_article, side)
    with children.one_core():
        figures = in_turn(contestants, 3 if bench.quick else 11)
    return {"article": ARTICLE.name, "runs": figures}


def growth(bench: Bench) -> Figures:
    """count -> side -> seconds and megabytes of a process that takes an archive from file to file, on one core."""
    sizes = {10_000: 1, 100_000: 1} if bench.quick else {10_000: 3, 100_000: 1, 1_000_000: 1}
    figures: Figures = {}
    # The longest archives first: the shorter ones are their beginnings.
    for count in sorted(sizes, reverse=True):
        for is_folded in {side in FASTTEXT for side in bench.there}:
            bench.archive(count, is_folded=is_folded)
    for count, rounds in sizes.items():
        with children.one_core():
            figures[str(count)] = in_turn(
                {side: partial(bench.label_archive, side, count) for side in bench.there},
                rounds,
            )
    return figures


def sizes(bench: Bench) -> dict[str, int]:
    """Bytes of the model on disk."""
    return {side: bench.size(side) for side in bench.there}
