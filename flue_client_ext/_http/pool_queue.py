"""The queue before the pool of a user's httpx transport.

Nothing makes a request leave httpx's own queue before it gets a connection or its limit passes, and
httpx goes through that queue whenever a request comes or ends: with thousands of withdrawn ones it
would not serve the others any more. So it is given no other request while it holds many of them:
those wait here, where they can be withdrawn.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any
from weakref import finalize

import httpx

from .._values.limits import LIMITS
from .workers import Job

MOST_WITHDRAWN = 64
"""With so many withdrawn requests in httpx, each with its thread, others wait here."""


class PoolQueue:
    """The jobs that send over one transport. Every method may be called by any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._withdrawn: dict[Job[Any], float] = {}
        """With the time of `time.monotonic` until which each counts. One that is there longer does
        not wait in the pool, but in a user's hook or for a stream of HTTP/2: that may be for ever.
        """
        self._waiting: dict[Job[Any], None] = {}

    def start(self, job: Job[Any]) -> bool:
        """Start `job`, or let it wait until fewer withdrawn ones are there and return `False`."""
        with self._lock:
            self._waiting[job] = None
            started = self._let_in()
        for each in started:
            each.start()
        return bool(started)

    def withdraw(self, job: Job[Any]) -> None:
        """Take note that `job` was abandoned before it sent anything."""
        with self._lock:
            if job in self._waiting:
                del self._waiting[job]
            elif job.running:  # one that has not begun sees that it was withdrawn, and ends at once
                self._withdrawn[job] = time.monotonic() + LIMITS.pool

    def ended(self, job: Job[Any]) -> None:
        """Take note that an abandoned `job` has ended, and start those that waited for it."""
        with self._lock:
            self._withdrawn.pop(job, None)
            started = self._let_in()
        for each in started:
            each.start()

    def _let_in(self) -> dict[Job[Any], None]:
        """Return those that wait, who do not any more, or none if too many withdrawn are there."""
        if self._withdrawn:
            now = time.monotonic()
            self._withdrawn = {job: until for job, until in self._withdrawn.items() if until > now}
        if len(self._withdrawn) >= MOST_WITHDRAWN:
            return {}
        started, self._waiting = self._waiting, {}
        return started


_queues: dict[int, PoolQueue] = {}
"""By the identity of the transport: a user's subclass may define equality, and no hash."""
_lock = threading.RLock()  # reentrant: a signal handler may make a call


def queue_of(transport: httpx.BaseTransport) -> PoolQueue:
    """Return the queue before the pool of `transport`, one for all that use it."""
    with _lock:
        queue = _queues.get(id(transport))
        if queue is None:
            queue = PoolQueue()
            try:
                finalize(transport, _queues.pop, id(transport), None).atexit = False
            except TypeError:  # it has slots, so it is not one of httpx, which have a pool
                return queue
            _queues[id(transport)] = queue
        return queue


def _reset() -> None:
    global _lock
    _lock = threading.RLock()
    _queues.clear()


if hasattr(os, "register_at_fork"):  # the jobs of the parent never end in the child
    os.register_at_fork(after_in_child=_reset)
