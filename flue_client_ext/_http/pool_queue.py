"""The place before the pool of a user's `httpx.Client`, where requests wait that may be withdrawn.

Nothing makes a request leave httpx's own queue before it gets a connection or its limit passes, and
httpx goes through that queue whenever a request comes or ends: with thousands of withdrawn ones it
would not serve the others any more. So it is given no other request while it holds many of them.
"""

from __future__ import annotations

import os
import threading
from typing import Any
from weakref import WeakKeyDictionary

import httpx

from .workers import Job

MOST_WITHDRAWN = 64
"""How many withdrawn requests may wait in httpx, each with its thread, before others wait here."""


class PoolQueue:
    """The jobs that send over one httpx client. Every method may be called by any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._withdrawn: set[Job[Any]] = set()
        self._waiting: dict[Job[Any], None] = {}

    def start(self, job: Job[Any]) -> bool:
        """Start `job`, or let it wait until fewer withdrawn ones are there and return `False`."""
        with self._lock:
            if len(self._withdrawn) >= MOST_WITHDRAWN:
                self._waiting[job] = None
                return False
        job.start()
        return True

    def withdraw(self, job: Job[Any]) -> None:
        """Take note that `job` was abandoned before it sent anything."""
        with self._lock:
            if job in self._waiting:
                del self._waiting[job]
            elif not job.finished:
                self._withdrawn.add(job)

    def ended(self, job: Job[Any]) -> None:
        """Take note that an abandoned `job` has ended, and start those that waited for it."""
        with self._lock:
            self._withdrawn.discard(job)
            room = len(self._withdrawn) < MOST_WITHDRAWN
            started = list(self._waiting) if room else []
            for each in started:
                del self._waiting[each]
        for each in started:
            each.start()


_queues: WeakKeyDictionary[httpx.Client, PoolQueue] = WeakKeyDictionary()
_lock = threading.RLock()


def queue_of(client: httpx.Client) -> PoolQueue:
    """Return the queue before the pool of `client`, one for all that use the client."""
    with _lock:
        return _queues.setdefault(client, PoolQueue())


def _reset() -> None:
    global _lock
    _lock = threading.RLock()
    _queues.clear()


if hasattr(os, "register_at_fork"):  # the jobs of the parent never end in the child
    os.register_at_fork(after_in_child=_reset)
