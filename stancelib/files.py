"""Writing files so that each is the old one or the new one, never half. Needs the standard library only."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; a pipe or a device is written to as it is."""
    if is_stream(path):
        with path.open("ab") as stream:
            stream.write(data)
        return
    with whole_file(path) as made:
        made.write_bytes(data)


def is_stream(path: Path) -> bool:
    """Whether it is a pipe or a device, or an open file by another name (/dev/stdout): these can't be replaced, and
    root would replace even /dev/null."""
    if str(path).startswith(("/dev/fd/", "/dev/std", "/proc/")):
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False  # it is not there yet, or can't be written to, which is then said
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A file to write to that becomes ``path`` when all has gone well, and is removed otherwise."""
    # Not named after the file, whose own name may be as long as a name can be.
    made = target(path).with_name(f".stancelib-{os.urandom(6).hex()}.tmp")
    made.touch(exist_ok=False)
    try:
        yield made
        with made.open("rb") as file:
            os.fsync(file.fileno())
        put(made, path)
    except BaseException:
        made.unlink(missing_ok=True)
        raise


def target(path: Path) -> Path:
    """The file itself, where the path is a link: what it leads to is replaced, not the link."""
    return Path(os.path.realpath(path))


def put(made: Path, path: Path) -> None:
    """A file that is whole takes the place of another one, and its permissions."""
    path = target(path)
    with contextlib.suppress(OSError):  # nothing is there, or not ours to imitate
        made.chmod(stat.S_IMODE(path.stat().st_mode))
    made.replace(path)
