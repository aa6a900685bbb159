"""How far ``stancelib label`` is: share of the input, paragraphs, rate, time left."""

from __future__ import annotations

import contextlib
import sys
import time
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self

from click.termui import progressbar

from stancelib.batch import Batch
from stancelib.cli.common import say, say_plain

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar


class Progress:
    """A bar on stderr.

    Args:
        size: of the whole input, in bytes or other steps.
        done: what an earlier run has done of it.
        wanted: whether there is a bar; ``None``: where stderr is a terminal.
    """

    def __init__(self, size: int, done: int, wanted: bool | None) -> None:
        self._size, self._done = max(size - done, 1), 0
        self._bar: ProgressBar[str] | None = None
        if sys.stderr.isatty() if wanted is None else wanted:
            self._bar = progressbar(
                length=self._size,
                file=sys.stderr,
                show_eta=False,  # it would come after a second only
                show_percent=True,
                item_show_func=lambda rate: rate,
                width=24,
                update_min_steps=max(size // 500, 1),
            )
        self._paragraphs = 0
        self._start = time.monotonic()

    def __enter__(self) -> Self:
        if self._bar is not None:
            with contextlib.suppress(OSError):
                self._bar.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            with contextlib.suppress(OSError):
                self._bar.__exit__(kind, error, traceback)

    def update(self, batch: Batch, steps: int | None = None) -> None:
        """Another batch is done; it was ``steps`` of the whole, its bytes where that is ``None``."""
        if self._bar is not None:
            self._paragraphs += batch.paragraphs
            self._done += batch.size if steps is None else steps
            elapsed = max(time.monotonic() - self._start, 1e-9)
            left = timedelta(seconds=round(elapsed * max(self._size - self._done, 0) / max(self._done, 1)))
            rate = self._paragraphs / elapsed
            shown = f"{self._paragraphs:,} paragraphs, {rate:,.0f}/s, {left} left"
            with contextlib.suppress(OSError):  # as `say`
                self._bar.update(batch.size if steps is None else steps, shown)

    def say(self, message: str) -> None:
        """A message, in the place of the bar, which comes back below it."""
        if self._bar is not None and sys.stderr.isatty():
            say_plain("\r\x1b[K")
        say(message)
