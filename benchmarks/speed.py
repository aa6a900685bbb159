"""How fast stancelib is beside the usual stack and fastText: all of it in one run, as a table and a chart.

    python benchmarks/speed.py [--quick] [--json FILE] [--svg FILE]

Prints Markdown, writes docs/img/speed.svg and, on request, the raw figures as JSON. Takes 30 to 40 minutes; --quick
stops at 100,000 paragraphs, has fewer rounds and takes about eight minutes. sides.py says who takes part, measure.py
what is measured, and fasttext_worker.py with which parameters fastText is trained.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import archive
import chart
import children
import measure
import report
from sides import Bench

STEPS = (
    measure.training,
    measure.sizes,
    measure.growth,
    measure.throughput,
    measure.two_processes,
    measure.cold_starts,
)


def figures(quick: bool) -> report.Figures:
    begin = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - begin:6.0f} s  {what}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="stancelib-speed-") as directory:
        bench = Bench(Path(directory), quick)
        say("set-up")
        bench.set_up()
        found: report.Figures = {
            "texts": archive.base_name(),
            "quick": quick,
            "machine": {
                "python": platform.python_version(),
                "processor": platform.machine(),
                "cores": children.cores(),
                **{name: version(name) for name in ("stancelib", "numpy", "scikit-learn", "hazm")},
            },
        }
        for step in STEPS:
            say(step.__name__.replace("_", " "))
            found[step.__name__] = step(bench)
        found["missing"] = bench.missing
        say("done")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure speed beside the usual stack and fastText.")
    parser.add_argument("--quick", action="store_true", help="Fewer rounds, 100,000 paragraphs at most.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="Write the raw figures here.")
    parser.add_argument("--svg", type=Path, metavar="FILE", default=archive.ROOT / "docs" / "img" / "speed.svg")
    arguments = parser.parse_args()
    found = figures(arguments.quick)
    # Before anything that could fail: the figures took half an hour.
    if arguments.json:
        arguments.json.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(report.markdown(found))
    arguments.svg.parent.mkdir(parents=True, exist_ok=True)
    arguments.svg.write_text(chart.svg(found), encoding="utf-8")


if __name__ == "__main__":
    main()
