"""Where ``stancelib label`` writes: stdout, or a file that appears whole and can be gone on with after an interruption."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self

import click

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

from stancelib import __version__, formats, rows
from stancelib.batch import Batch
from stancelib.cli.common import say
from stancelib.files import is_stream, put, target, whole_file, write_whole

#: How often the place that is reached is written down.
CHECKPOINT_SECONDS = 1.0


def run_digest(settings: Mapping[str, Any]) -> str:
    """What an interrupted run and the one that goes on with it have in common, in 64 characters."""
    known = json.dumps([__version__, settings], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(known.encode("utf-8", "surrogatepass")).hexdigest()


class Done(NamedTuple):
    """How far a run is: records, paragraphs and problems, the size of the input, and the bytes written for it."""

    records: int = 0
    paragraphs: int = 0
    problems: int = 0
    size: int = 0
    bytes: int = 0


class Sink:
    """Takes batches in order. With a file: into FILE.part, which is renamed at the end; FILE.part.json says how far it is.

    Where the output is a link, that is the file that it leads to. A pipe or a device is written to as it comes.

    Args:
        output: the file, or ``None`` for stdout.
        form: "table", "jsonl", "csv" or "parquet".
        topics, metadata: for columns, as `formats.columns` has them.
        settings: what must be the same when an interrupted run goes on.
        resume: whether to go on with a run that was interrupted, if there is one.
        keep: whether what was done is kept for another run when this one is interrupted.

    Attributes:
        done: what was taken so far, earlier runs included.
    """

    def __init__(
        self,
        output: Path | None,
        form: str,
        topics: Sequence[str],
        settings: Mapping[str, Any],
        *,
        resume: bool,
        keep: bool,
        metadata: bool = False,
    ) -> None:
        self._form, self._topics, self._resume, self._keep = form, topics, resume, keep
        self._metadata = metadata
        self._stream = output if output is not None and is_stream(output) else None
        self._output = target(output) if output is not None and self._stream is None else None
        self._run = run_digest(settings)
        self._file: BinaryIO | None = None
        self.done = self._noted = Done()

    @property
    def _part(self) -> Path:
        assert self._output is not None
        return self._output.with_name(f"{self._output.name}.part")

    @property
    def _state(self) -> Path:
        return self._part.with_name(f"{self._part.name}.json")

    def __enter__(self) -> Self:
        if self._stream is not None:
            if self._resume or self._form == "parquet":
                raise click.UsageError(f"{self._stream} is no file; --resume and --format parquet need one")
            self._file = self._stream.open("ab")
        elif self._output is not None:
            if self._form == "parquet":
                rows.pyarrow_parquet()  # missing, it should be said before the work is done
            if self._resume:
                self.done = self._noted = self._earlier()
            self._file = self._part.open("ab")
            self._lock(self._file)
            self._file.truncate(self.done.bytes)
            if not self.done.bytes:
                self._state.unlink(missing_ok=True)
        if self._form == "csv" and not self.done.bytes:
            # The mark tells Excel that this is UTF-8; every CSV reader knows it.
            mark = "" if self._output is None else "\ufeff"
            self.done = Done(bytes=self._write((mark + formats.csv_head(self._topics, self._metadata)).encode()))
        self._next = time.monotonic() + CHECKPOINT_SECONDS
        return self

    def _lock(self, file: BinaryIO) -> None:
        """Two runs that write to the same file would make a whole one of two halves."""
        if fcntl is None:
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone = os.path.samestat(os.fstat(file.fileno()), self._part.stat())  # or the other has just renamed it
        except (BlockingIOError, FileNotFoundError):
            alone = False
        except OSError:
            return  # a file system without locks
        if not alone:
            self._file = None
            file.close()
            raise click.UsageError(f"another run is writing to {self._part}; wait for it or give another --output")

    def _earlier(self) -> Done:
        """How far an interrupted run was."""
        try:
            state = json.loads(self._state.read_text(encoding="utf-8"))
            run, done = state["run"], Done(*map(int, state["done"]))
            if min(done) < 0 or self._part.stat().st_size < done.bytes:
                raise ValueError("its numbers can't be right")
        except FileNotFoundError:
            return Done()
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise click.UsageError(
                f"{self._state} is damaged ({error}); run without --resume to start again"
            ) from error
        if run != self._run:
            raise click.UsageError(
                f"{self._part} comes from a run with other input, options or another model or version; "
                "run without --resume to start again"
            )
        if done.problems:
            say(f"{done.problems} records could not be used before the interruption")
        return done

    def _write(self, data: bytes) -> int:
        if self._file is None:
            click.echo(data, nl=False)
        else:
            self._file.write(data)
        return len(data)

    def write(self, batch: Batch) -> None:
        """Take a batch."""
        written = self._write(batch.data)
        more = (batch.records, batch.paragraphs, len(batch.problems), batch.size, written)
        # In one step: what an interruption leaves half is not in it, and is cut off when the run goes on.
        self.done = Done(*map(sum, zip(self.done, more, strict=True)))
        if time.monotonic() >= self._next:
            self._checkpoint()
            self._next = time.monotonic() + CHECKPOINT_SECONDS

    def _checkpoint(self) -> None:
        if self._file is None or self._output is None or not self._keep:
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        state = {"run": self._run, "done": self.done}
        write_whole(self._state, json.dumps(state).encode())
        self._noted = self.done

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is None:
            return
        if kind is not None:
            self._leave(self._file)
            return
        try:
            self._finish(self._file)
        except BaseException:
            self._leave(self._file)
            raise

    def _finish(self, file: BinaryIO) -> None:
        """The part becomes the output."""
        if self._output is None:
            file.close()
            return
        file.flush()
        os.fsync(file.fileno())
        if self._form == "parquet":
            with whole_file(self._output) as made, self._part.open(encoding="utf-8", newline="\n") as lines:
                formats.write_parquet(lines, self._topics, made, self._metadata)
            file.close()
            self._part.unlink()
        else:
            file.close()
            put(self._part, self._output)
        self._state.unlink(missing_ok=True)

    def _leave(self, file: BinaryIO) -> None:
        """What is done is kept for another run, as far as it could be noted down: the disk may be full."""
        with contextlib.suppress(OSError):
            if self.done.records and not file.closed:
                self._checkpoint()
        with contextlib.suppress(OSError):
            file.close()
        if self._output is None:
            return
        if self._noted.records:
            say(f"stopped after {self._noted.records:,} records; the same command with --resume goes on")
        else:
            self._part.unlink(missing_ok=True)
            self._state.unlink(missing_ok=True)
