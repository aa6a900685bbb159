"""Child processes: run to their end with time and peak memory, or kept as workers that are given tasks."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ENVIRONMENT = {**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")}
# Modules are compiled once, as whoever installs a package does, and not at every start.
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)

LAUNCH = (sys.executable, "-I", "-S", Path(__file__).parent / "launch.py")

Command = Sequence[str | Path]


class ChildError(Exception):
    """A child process failed; the last thing that it said."""


@dataclass(frozen=True, slots=True)
class Run:
    """A child process that has ended: seconds from its start to its end, and its peak memory."""

    seconds: float
    megabytes: float


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Children that are started inside stay on one core, where the system can say so."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _last_line(file: IO[bytes]) -> str:
    file.seek(0)
    lines = file.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def run(command: Command) -> Run:
    """Run a command to its end.

    Raises:
        ChildError: it can't be started or its exit code is not 0.
    """
    with tempfile.TemporaryFile() as errors:
        launched = subprocess.run(
            [*LAUNCH, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=ENVIRONMENT
        )
        found = {"code": launched.returncode} if launched.returncode else json.loads(launched.stdout)
        if found["code"]:
            raise ChildError(_last_line(errors))
    return Run(found["seconds"], found["megabytes"])


def once(worker: Command, task: str, **arguments: Any) -> list[str | Path]:
    """The command with which a worker does one task and ends."""
    return [*worker, task, json.dumps(arguments, default=str)]


@contextlib.contextmanager
def worker(command: Command) -> Iterator[Worker]:
    """A worker script that is started, and ends with the block."""
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=ENVIRONMENT,
            text=True,
            encoding="utf-8",
        )
        with child:
            yield Worker(child, errors)


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker script that waits for tasks. `send` and `receive` apart let two of them work at once."""

    child: subprocess.Popen[str]
    errors: IO[bytes]

    def send(self, task: str, **arguments: Any) -> None:
        assert self.child.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # `receive` will say what happened
            self.child.stdin.write(json.dumps([task, arguments], default=str) + "\n")
            self.child.stdin.flush()

    def receive(self) -> float:
        """Seconds of the task.

        Raises:
            ChildError: the worker is no more.
        """
        assert self.child.stdout is not None
        if not (line := self.child.stdout.readline()):
            self.child.wait()
            raise ChildError(_last_line(self.errors))
        return float(json.loads(line)["seconds"])

    def ask(self, task: str, **arguments: Any) -> float:
        self.send(task, **arguments)
        return self.receive()
