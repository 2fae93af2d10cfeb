"""Many live streams in one process: what each reader reports of them, and what memory they take."""

from __future__ import annotations

import gc
import os
import time
from pathlib import Path
from typing import Any


def resident() -> int:
    """The process's memory now, in bytes; garbage does not count."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Crowd:
    """Notes the worst lag of each of `size` streams, and the memory once all are open."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._before = resident()
        self._per_stream = 0.0
        self._open = 0
        self._worst = [0] * size
        self._counts = [0] * size

    def take(self, stream: int, stamp: int) -> None:
        """Note something that stream number `stream` brought and that was appended at `stamp`, in
        nanoseconds. The first one says that the stream is open."""
        if self._counts[stream] == 0:
            self._open += 1
            if self._open == self._size:
                self._per_stream = (resident() - self._before) / self._size
        else:
            lag = time.monotonic_ns() - stamp
            self._worst[stream] = max(self._worst[stream], lag)
        self._counts[stream] += 1

    def report(self) -> dict[str, Any]:
        return {
            "fewest": min(self._counts),
            "most": max(self._counts),
            "bytes_each": self._per_stream,
            "worst_ms": [lag / 1e6 for lag in self._worst],
        }


def names(prefix: str, size: int, plan: str) -> list[str]:
    """The runs of a crowd; `plan` is the part of their names that the live server obeys."""
    return [f"live_{prefix}x{number}_{plan}" for number in range(size)]
