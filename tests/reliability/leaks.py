"""What an experiment holds must be let go when it is over: threads and sockets."""

from __future__ import annotations

import threading
import time

from .footprint import Footprint, footprint
from .options import Broken

LIMIT = 20.0
"""Seconds within which all must have been let go: servers notice closed connections late."""


def wait_until_left(before: Footprint) -> None:
    """Return when no more is held than before, or raise `Broken`."""
    deadline = time.monotonic() + LIMIT
    while (now := footprint())["threads"] > before["threads"] or now["sockets"] > before["sockets"]:
        if time.monotonic() > deadline:
            names = sorted(thread.name for thread in threading.enumerate())
            raise Broken(f"held is {now}, before it was {before}; threads: {names}")
        time.sleep(0.05)
