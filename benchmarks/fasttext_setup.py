"""The virtual environment that fastText gets for itself: its wheels are for Python 3.11 at most and want NumPy 1."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

DIRECTORY = Path(__file__).parent / ".fasttext-venv"
PACKAGES = ("fasttext-wheel==0.9.2", "numpy<2")
MINUTES = 5


def python() -> Path | str:
    """The environment's interpreter, made if it is missing; or the reason why there is none."""
    found = DIRECTORY / "bin" / "python"
    if _works(found):
        return found
    base = sys.executable if sys.version_info[:2] == (3, 11) else shutil.which("python3.11")
    if base is None:
        return "there is no python3.11"
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    pip = [found, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", *PACKAGES]
    reason = "it can't be imported"
    for command in ([base, "-m", "venv", DIRECTORY], pip):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60 * MINUTES)
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = str(error)
            break
        if done.returncode:
            reason = (done.stderr or done.stdout).strip().splitlines()[-1:][0] if done.stderr or done.stdout else "?"
            break
    else:
        if _works(found):
            return found
    # Half an environment would be taken for a whole one by somebody else.
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    return reason


def _works(interpreter: Path) -> bool:
    return (
        interpreter.is_file()
        and not subprocess.run([interpreter, "-c", "import fasttext"], capture_output=True).returncode
    )
