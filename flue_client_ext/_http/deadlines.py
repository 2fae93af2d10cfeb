"""One thread that expires deadlines, instead of a timer thread for each.

Knows nothing of what expires. The thread starts with the first deadline, and ends when there has
been none for a moment. A deadline that is cancelled does not wake it: most are, long before they
expire."""

from __future__ import annotations

import heapq
import os
import threading
import time
from collections.abc import Callable

from .._values.limits import LIMITS
from .threads import WakeUp, start_daemon

_FEW = 64
"""Cancelled deadlines that stay in the heap, because removing them costs more."""


class Deadline:
    """One call of `expire` in the future, unless it is cancelled before."""

    def __init__(self, expire: Callable[[], None], watch: Watch) -> None:
        self.expire: Callable[[], None] | None = expire
        self._watch = watch

    def cancel(self) -> None:
        """Cancel the call; do nothing if it has been made or cancelled."""
        self._watch.cancel(self)


class Watch:
    """A heap of deadlines, and the thread that waits for the earliest one."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        # Reentrant: a signal handler may cancel a deadline while its thread holds the lock.
        self._lock = threading.RLock()
        self._wake_up = WakeUp()
        self._heap: list[tuple[float, int, Deadline]] = []
        self._added = self._live = 0
        self._running = False
        self._sleeps_until = 0.0

    def add(self, when: float, expire: Callable[[], None]) -> Deadline:
        """Call `expire` in the watching thread at the time `when` of `time.monotonic`."""
        deadline = Deadline(expire, self)
        with self._lock:
            self._added += 1
            self._live += 1
            heapq.heappush(self._heap, (when, self._added, deadline))
            if not self._running:
                # Without a thread, at the interpreter's exit, httpx's own time limits remain.
                self._running = start_daemon(self._run, "deadline") is not None
            elif when < self._sleeps_until:
                self._wake()
        return deadline

    def cancel(self, deadline: Deadline) -> None:
        with self._lock:
            if deadline.expire is None:
                return
            deadline.expire = None
            self._live -= 1
            if len(self._heap) > 2 * self._live + _FEW:
                self._heap = [each for each in self._heap if each[2].expire is not None]
                heapq.heapify(self._heap)
            if not self._live and self._sleeps_until - time.monotonic() > LIMITS.thread_idle:
                self._wake()

    def _wake(self) -> None:
        self._sleeps_until = 0.0
        self._wake_up.set()

    def _run(self) -> None:
        seen, until = 0, 0.0  # `seen`: the number ever added when the heap was last found empty
        while True:
            with self._lock:
                due = self._due()
                if not due:
                    if not self._heap and seen == self._added:
                        self._running = False
                        return
                    seen = 0 if self._heap else self._added
                    until = (
                        self._heap[0][0] if self._heap else time.monotonic() + LIMITS.thread_idle
                    )
                    self._sleeps_until = until
            for expire in due:  # without the lock: `expire` may add or cancel a deadline
                _call(expire)
            if not due:
                self._wake_up.wait(until - time.monotonic())

    def _due(self) -> list[Callable[[], None]]:
        """Remove the deadlines that are due from the heap, and cancelled ones before them."""
        due: list[Callable[[], None]] = []
        now = time.monotonic()
        while self._heap and (self._heap[0][2].expire is None or self._heap[0][0] <= now):
            _, _, deadline = heapq.heappop(self._heap)
            if deadline.expire is not None:
                due.append(deadline.expire)
                deadline.expire = None
                self._live -= 1
        return due


def _call(expire: Callable[[], None]) -> None:
    """Call `expire`; report its error as that of a thread, and go on with the other deadlines."""
    try:
        expire()
    except Exception as error:
        thread = threading.current_thread()
        report = threading.ExceptHookArgs((type(error), error, error.__traceback__, thread))
        threading.excepthook(report)


watch = Watch()

if hasattr(os, "register_at_fork"):
    # No thread of the parent runs in the child; and a deadline that expired there would shut down
    # a socket that the parent still uses.
    os.register_at_fork(after_in_child=watch.reset)
