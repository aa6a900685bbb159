"""Where ``stancelib label`` writes: stdout, or a file that appears whole and can be gone on with after an interruption."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import click

from stancelib import __version__, formats, rows
from stancelib.batch import Batch
from stancelib.store import write_whole

#: How often the place that is reached is written down.
CHECKPOINT_SECONDS = 1.0


def run_digest(settings: Mapping[str, Any]) -> str:
    """What an interrupted run and the one that goes on with it have in common, in 64 characters."""
    known = json.dumps([__version__, settings], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(known.encode("utf-8", "surrogatepass")).hexdigest()


class Sink:
    """Takes batches in order. With a file: into FILE.part, which is renamed at the end; FILE.part.json says how far it is.

    Args:
        output: the file, or ``None`` for stdout.
        form: "table", "jsonl", "csv" or "parquet".
        topics: for columns.
        settings: what must be the same when an interrupted run goes on.
        resume: whether to go on with a run that was interrupted, if there is one.
        keep: whether what was done is kept for another run when this one is interrupted.

    Attributes:
        records, paragraphs, problems, size: what was taken so far, earlier runs included.
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
    ) -> None:
        self._output, self._form, self._topics, self._resume, self._keep = output, form, topics, resume, keep
        self._run = run_digest(settings)
        self._file: BinaryIO | None = None
        self.records = self.paragraphs = self.problems = self.size = 0

    @property
    def _part(self) -> Path:
        assert self._output is not None
        return self._output.with_name(f"{self._output.name}.part")

    @property
    def _state(self) -> Path:
        return self._part.with_name(f"{self._part.name}.json")

    def __enter__(self) -> Self:
        if self._output is not None:
            if not self._output.parent.is_dir():
                raise click.UsageError(f"there is no directory {self._output.parent} to write to")
            if self._form == "parquet":
                rows.pyarrow_parquet()  # missing, it should be said before the work is done
            length = self._earlier() if self._resume else 0
            self._file = self._part.open("r+b" if length else "wb")
            self._file.truncate(length)
            self._file.seek(length)
            if not length:
                self._state.unlink(missing_ok=True)
        if self._form == "csv" and not self.records:
            # The mark tells Excel that this is UTF-8; every CSV reader knows it.
            mark = "" if self._output is None else "\ufeff"
            self._write((mark + formats.csv_head(self._topics)).encode())
        self._next = time.monotonic() + CHECKPOINT_SECONDS
        return self

    def _earlier(self) -> int:
        """How many bytes of an interrupted run are good; its counts are taken over."""
        try:
            state = json.loads(self._state.read_text(encoding="utf-8"))
            length, run = int(state["bytes"]), state["run"]
            counts = [int(state[name]) for name in ("records", "paragraphs", "problems", "size")]
            if self._part.stat().st_size < length:
                raise ValueError("shorter than it was")
        except FileNotFoundError:
            return 0
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise click.UsageError(
                f"{self._state} is damaged ({error}); run without --resume to start again"
            ) from error
        if run != self._run:
            raise click.UsageError(
                f"{self._part} comes from a run with other input, options or another model or version; "
                "run without --resume to start again"
            )
        self.records, self.paragraphs, self.problems, self.size = counts
        if self.problems:
            click.echo(f"stancelib: {self.problems} records could not be used before the interruption", err=True)
        return length

    def _write(self, data: bytes) -> None:
        if self._file is None:
            click.echo(data, nl=False)
        else:
            self._file.write(data)

    def write(self, batch: Batch) -> None:
        """Take a batch."""
        self._write(batch.data)
        self.records += batch.records
        self.paragraphs += batch.paragraphs
        self.problems += len(batch.problems)
        self.size += batch.size
        if time.monotonic() >= self._next:
            self._checkpoint()
            self._next = time.monotonic() + CHECKPOINT_SECONDS

    def _checkpoint(self) -> None:
        if self._file is None or not self._keep:
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        state = {
            "run": self._run,
            "bytes": self._file.tell(),
            "records": self.records,
            "paragraphs": self.paragraphs,
            "problems": self.problems,
            "size": self.size,
        }
        write_whole(self._state, json.dumps(state).encode())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is None:
            return
        assert self._output is not None
        if kind is not None:
            if self.records and self._keep:
                self._checkpoint()
                self._file.close()
                click.echo(
                    f"stancelib: stopped after {self.records:,} records; the same command with --resume goes on",
                    err=True,
                )
            else:
                self._file.close()
                self._part.unlink()
                self._state.unlink(missing_ok=True)
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        if self._form == "parquet":
            made = self._part.with_name(f"{self._part.name}.parquet")
            with self._part.open(encoding="utf-8") as lines:
                formats.write_parquet(lines, self._topics, made)
            made.replace(self._part)
        self._part.replace(self._output)
        self._state.unlink(missing_ok=True)
