"""Run a command to its end and print its seconds, peak memory and exit code as JSON.

    python -I -S benchmarks/launch.py COMMAND [ARGUMENT …]

A program of its own, as small as can be: Linux counts the memory of the process that starts another, up to the moment
when that becomes another program, as the other's own peak.
"""

import json
import os
import sys
import time


def main() -> None:
    command = sys.argv[1:]
    silent = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
    ]
    start = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=silent)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    # macOS counts in bytes, everybody else in kilobytes.
    peak = usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    print(json.dumps({"seconds": seconds, "megabytes": peak, "code": os.waitstatus_to_exitcode(status)}))


main()
