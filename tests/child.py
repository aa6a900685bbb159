"""The command in a child process that has everything imported: a twentieth of a second instead of half a one."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable


def forked(work: Callable[[], object]) -> tuple[int, str]:
    """Run something in a child that has everything imported: exit code (negative: the signal), what it said."""
    there, here = os.pipe()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            for number in (1, 2):
                os.dup2(here, number)
            sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
            work()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}".encode())
        finally:
            with contextlib.suppress(Exception):
                sys.stderr.flush()
            os._exit(code)
    os.close(here)
    with os.fdopen(there, encoding="utf-8") as said:
        text = said.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert "Traceback" not in text
    return code, text
