"""A shell for the commands that README and the documentation show."""

from __future__ import annotations

import gzip
import io
import re
import shlex
import sys
from pathlib import Path

from stancelib.cli import main


class Shell:
    """As much of a shell as README and the documentation need; `stancelib` runs in this process.

    Attributes:
        code: the exit code of the last `stancelib`.
    """

    def __init__(self) -> None:
        self.code = 0

    def run(self, block: str) -> str:
        """What a terminal would show, stdout and stderr in one."""
        shown = io.BytesIO()
        for line in block.splitlines():
            stages = [shlex.split(stage, comments=True) for stage in re.split(r" \| ", line)]
            data = b""
            for n, words in enumerate(stages):
                out = io.BytesIO() if n < len(stages) - 1 else shown
                if words:
                    data = self._stage(words, data, out, shown)
        return shown.getvalue().decode()

    def _stage(self, words: list[str], data: bytes, out: io.BytesIO, shown: io.BytesIO) -> bytes:
        verb, *arguments = words
        if verb == "stancelib":
            self.code = self._stancelib(arguments, data, out, shown)
        elif words == ["echo", "$?"]:
            out.write(f"{self.code}\n".encode())
        elif verb == "cat":
            out.write(Path(arguments[0]).read_bytes())
        elif verb == "gunzip" and arguments[0] == "-c":
            out.write(gzip.decompress(Path(arguments[1]).read_bytes()))
        elif verb == "head" and arguments[:2] == ["-n", "1"]:
            data = Path(arguments[2]).read_bytes() if arguments[2:] else data
            out.write(data[: data.index(b"\n") + 1])
        elif verb in ("pip", "make"):
            assert "|" not in words
        else:
            raise AssertionError(f"the documentation shows {verb}, which this test can't run")
        return out.getvalue()

    @staticmethod
    def _stancelib(arguments: list[str], data: bytes, out: io.BytesIO, shown: io.BytesIO) -> int:
        old = sys.stdin, sys.stdout, sys.stderr
        sys.stdin = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")
        sys.stdout, sys.stderr = (io.TextIOWrapper(b, encoding="utf-8", write_through=True) for b in (out, shown))
        try:
            main(arguments)
        except SystemExit as stop:
            return int(stop.code or 0)
        finally:
            sys.stdout.detach()
            sys.stderr.detach()
            sys.stdin, sys.stdout, sys.stderr = old
        raise AssertionError("main returned")
