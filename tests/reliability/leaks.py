"""What a process holds: threads and file descriptors, counted before and after an experiment."""

from __future__ import annotations

import gc
import os
import threading
import time
from typing import NamedTuple

from .options import Broken

LIMIT = 20.0
"""Seconds within which all must have been let go: servers notice closed connections late."""


class Left(NamedTuple):
    """Counts of this process, its servers included."""

    threads: int
    descriptors: int


def left() -> Left:
    """Count what is held now. Descriptors are 0 where the system does not list them."""
    folder = "/proc/self/fd"
    descriptors = len(os.listdir(folder)) if os.path.isdir(folder) else 0
    return Left(threading.active_count(), descriptors)


def wait_until_left(before: Left) -> None:
    """Return when no more is held than before, or raise `Broken`."""
    deadline = time.monotonic() + LIMIT
    while any(now > then for now, then in zip(left(), before, strict=True)):
        gc.collect()
        if time.monotonic() > deadline:
            raise Broken(f"left are {left()}, before it was {before}: {_names()}")
        time.sleep(0.05)


def _names() -> list[str]:
    """Name what is held, as the system does."""
    folder = "/proc/self/fd"
    numbers = os.listdir(folder) if os.path.isdir(folder) else []
    files = [os.readlink(path) for each in numbers if os.path.exists(path := f"{folder}/{each}")]
    return sorted(thread.name for thread in threading.enumerate()) + sorted(files)
