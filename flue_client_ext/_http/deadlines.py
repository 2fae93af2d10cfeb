"""One thread that ends waits at their deadlines, instead of a timer thread for each.

It starts with the first deadline and ends when there has been none for a moment. It is a daemon,
and a deadline that is cancelled does not wake it: most are, long before they come."""

from __future__ import annotations

import heapq
import os
import threading
import time
from collections.abc import Callable

_LINGER = 0.5
"""Seconds without a deadline after which the thread ends."""

_FEW = 64
"""Cancelled deadlines that are not worth clearing away."""


class Deadline:
    """A call of `expire`, to come unless it is cancelled before."""

    def __init__(self, expire: Callable[[], None], watch: Watch) -> None:
        self.expire: Callable[[], None] | None = expire
        self._watch = watch

    def cancel(self) -> None:
        """Forget it; the second time does nothing."""
        self._watch.cancel(self)


class Watch:
    """Deadlines in their order, and the thread that waits for the next one."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._lock = threading.RLock()  # a signal handler may cancel in the middle of anything
        self._news = threading.Lock()  # released to wake the thread
        self._news.acquire()
        self._heap: list[tuple[float, int, Deadline]] = []
        self._added = self._live = 0
        self._running = False
        self._sleeps_until = 0.0

    def add(self, when: float, expire: Callable[[], None]) -> Deadline:
        """Call `expire` in the watching thread at the time `when` of the monotonic clock."""
        deadline = Deadline(expire, self)
        with self._lock:
            self._added += 1
            self._live += 1
            heapq.heappush(self._heap, (when, self._added, deadline))
            if not self._running:
                self._start()
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
            if not self._live and self._sleeps_until - time.monotonic() > _LINGER:
                self._wake()

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="flue-client-deadline", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter shuts down: httpx's own limits have to do
            return
        self._running = True

    def _wake(self) -> None:
        self._sleeps_until = 0.0
        try:
            self._news.release()
        except RuntimeError:  # it is about to look already
            pass

    def _run(self) -> None:
        seen, until = 0, 0.0  # how many had been added when it last found none
        while True:
            with self._lock:
                due = self._due()
                if not due:
                    if not self._heap and seen == self._added:
                        self._running = False
                        return
                    seen = 0 if self._heap else self._added
                    until = self._heap[0][0] if self._heap else time.monotonic() + _LINGER
                    self._sleeps_until = until
            for expire in due:
                _call(expire)
            if not due:
                left = max(until - time.monotonic(), 0)
                self._news.acquire(timeout=min(left, threading.TIMEOUT_MAX))

    def _due(self) -> list[Callable[[], None]]:
        """Take what is due, and what was cancelled before it, off the heap."""
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
    """One that fails is reported as a thread's failure is, and keeps no other from its turn."""
    try:
        expire()
    except Exception as error:
        thread = threading.current_thread()
        told = threading.ExceptHookArgs((type(error), error, error.__traceback__, thread))
        threading.excepthook(told)


watch = Watch()

if hasattr(os, "register_at_fork"):
    # A fork takes no thread along; and sockets are shared with the parent, whose calls go on.
    os.register_at_fork(after_in_child=watch.forget)
