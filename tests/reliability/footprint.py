"""What a process holds: threads, sockets, tasks, objects and memory."""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
import threading
from pathlib import Path
from typing import TypedDict

from .leaks import open_sockets


class Footprint(TypedDict):
    threads: int
    sockets: int
    tasks: int
    objects: int
    """That the collector tracks."""
    blocks: int
    """Of memory that the interpreter has in use, whatever for."""
    kilobytes: int
    """Of memory that the process has."""


def footprint(tasks: int = 0) -> Footprint:
    """Return what this process holds now, after a collection. Its event loop knows the tasks."""
    gc.collect()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # glibc gives back what it can
        trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Footprint(
        threads=threading.active_count(),
        sockets=open_sockets(),
        tasks=tasks,
        objects=len(gc.get_objects()),
        blocks=sys.getallocatedblocks(),
        kilobytes=pages * resource.getpagesize() // 1024,
    )
