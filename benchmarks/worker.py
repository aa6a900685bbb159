"""What every worker script does: run tasks by name and answer in JSON, the seconds of the task alone beside its result.

Without arguments a worker stays and reads one task a line from stdin; with a task and its arguments as JSON it does
that one and ends. Standard library only: fastText's own Python runs this file too.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

Item = TypeVar("Item")

BATCH = 2000


def serve(*functions: Callable[..., object]) -> None:
    tasks = {function.__name__: function for function in functions}
    # Libraries print to stdout what they like; the answers go where nothing else does.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    if sys.argv[1:]:
        name, arguments = sys.argv[1:]
        print(_answer(tasks[name], json.loads(arguments)), file=answers, flush=True)
        return
    for line in sys.stdin:
        name, given = json.loads(line)
        print(_answer(tasks[name], given), file=answers, flush=True)


def _answer(task: Callable[..., object], arguments: dict[str, Any]) -> str:
    start = time.perf_counter()
    result = task(**arguments)
    return json.dumps({"seconds": time.perf_counter() - start, "result": result})


def settle() -> None:
    """Take what is loaded out of the garbage collector's rounds, so that they don't cost those that hold much more."""
    gc.collect()
    gc.freeze()


def batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    while batch := list(islice(items, BATCH)):
        yield batch


def records(file: Path | str) -> Iterator[dict[str, str]]:
    """The records of a JSONL archive, one at a time."""
    with Path(file).open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def folded(file: Path | str) -> Iterator[str]:
    """The texts of a file with one folded text a line."""
    with Path(file).open(encoding="utf-8") as lines:
        for line in lines:
            yield line.rstrip("\n")
