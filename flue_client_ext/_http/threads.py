"""How a thread of this package starts, and how it waits.

Every thread is a daemon: none keeps a program from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable


def start_daemon(target: Callable[[], object], name: str) -> threading.Thread | None:
    """Run `target` in a new daemon thread and return it, or `None` if no thread can start.

    CPython 3.12 and later start no thread in an `atexit` handler; no Python does beyond the
    system's limit.
    """
    thread = threading.Thread(target=target, name=f"flue-client-{name}", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread


class WakeUp:
    """A flag that one thread waits for, and that the wait clears.

    It is a lock that is free while the flag is set. An `Event` cannot take its place: its lock is
    not reentrant, and a signal handler may set the flag in the middle of a wait. Nor can a queue:
    `SimpleQueue` of CPython 3.11 may wait longer than a short timeout.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        """Wake the thread that waits, or the next one; from any thread or signal handler."""
        try:
            self._lock.release()
        except RuntimeError:  # the flag is set already
            pass

    def wait(self, seconds: float = threading.TIMEOUT_MAX) -> bool:
        """Wait for the flag at most `seconds`, clear it, and return whether it was set."""
        return self._lock.acquire(timeout=min(max(seconds, 0), threading.TIMEOUT_MAX))
