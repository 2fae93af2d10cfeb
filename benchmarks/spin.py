"""One way of reading, again and again, for a profiler: its name, URL, run, and for how long."""

from __future__ import annotations

import sys
import time

from benchmarks.peers import ours


def main() -> None:
    call, url, run, seconds = sys.argv[1:]
    read = getattr(ours, call)
    until = time.monotonic() + float(seconds)
    while time.monotonic() < until:
        read(url, run)


if __name__ == "__main__":
    main()
