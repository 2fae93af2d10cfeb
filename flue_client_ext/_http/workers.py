"""Threads that can be left behind: what cannot be interrupted runs in one, in the caller's context.

Starting a thread costs as much as a request on a kept connection; a thread that has finished its
job therefore lingers for the next one. All of them are daemons: none keeps a program from ending.
"""

from __future__ import annotations

import contextvars
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")

_LINGER = 0.5
"""Seconds that a thread waits for its next job."""


class Abandoned(Exception):
    """The caller does not wait for the job any longer."""


class Job(Generic[T]):
    """A function that runs in a worker. `discard` disposes of a result that came too late."""

    def __init__(self, function: Callable[[], T], discard: Callable[[T], object]) -> None:
        self._function = function
        self._discard = discard
        self._lock = threading.RLock()  # a signal handler may abandon in the middle of anything
        # Released when there is news. Neither an Event nor a queue: see `sync_driver`.
        self._news = threading.Lock()
        self._news.acquire()
        self._value: T | None = None
        self._error: BaseException | None = None
        self._finished = self._abandoned = False

    def start(self) -> None:
        """Begin in a worker; where no thread can run any more, do it here and now."""
        context = contextvars.copy_context()
        if not _submit(self, context):
            context.run(self.perform)
            self.announce()

    def result(self, until: float) -> T:
        """Wait for the result until the time `until` of the monotonic clock, then abandon it."""
        try:
            while not self._finished and not self._abandoned:
                left = until - time.monotonic()
                if left <= 0:
                    break
                self._news.acquire(timeout=min(left, threading.TIMEOUT_MAX))
        except BaseException:  # Ctrl-C
            self._withdraw()
            raise
        self.abandon()
        if self._abandoned:
            raise Abandoned
        error, self._error = self._error, None  # an error that is kept holds its frames
        if error is not None:
            raise error
        return cast(T, self._value)

    def abandon(self) -> None:
        """Let `result` raise `Abandoned`, unless there is a result already; from any thread."""
        with self._lock:
            self._abandoned = self._abandoned or not self._finished
        self.announce()

    def perform(self) -> None:
        try:
            self._value = self._function()
        except BaseException as error:
            self._error = error
        with self._lock:
            self._finished = True
            late = self._abandoned
        if late:
            self._throw_away()

    def announce(self) -> None:
        try:
            self._news.release()
        except RuntimeError:  # the last news has not been looked at yet
            pass

    def _withdraw(self) -> None:
        self.abandon()
        if not self._abandoned:
            self._abandoned = True
            self._throw_away()

    def _throw_away(self) -> None:
        if self._error is None:
            self._discard(cast(T, self._value))


class _Worker:
    def __init__(self) -> None:
        self._job: tuple[Job[Any], contextvars.Context] | None = None
        self._given = threading.Lock()
        self._given.acquire()

    def give(self, job: Job[Any], context: contextvars.Context) -> None:
        self._job = job, context
        self._given.release()

    def work(self) -> None:
        while self._has_job() and self._job is not None:
            (job, context), self._job = self._job, None
            context.run(job.perform)
            _idle.put(self)  # before its caller goes on, who may have the next job
            job.announce()
            del job, context  # they may hold a whole answer, and the wait may be long

    def _has_job(self) -> bool:
        """Wait for the next job for a while; `False` ends the thread."""
        if not self._given.acquire(timeout=_LINGER):
            if _idle.remove(self):
                return False
            self._given.acquire()  # a job is on its way
        return True


class _Idle:
    """The workers without a job. The latest is the next: the others come of age meanwhile."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._lock = threading.RLock()
        self._workers: list[_Worker] = []

    def put(self, worker: _Worker) -> None:
        with self._lock:
            self._workers.append(worker)

    def take(self) -> _Worker | None:
        with self._lock:
            return self._workers.pop() if self._workers else None

    def remove(self, worker: _Worker) -> bool:
        with self._lock:
            present = worker in self._workers
            if present:
                self._workers.remove(worker)
        return present


_idle = _Idle()


def _submit(job: Job[Any], context: contextvars.Context) -> bool:
    if sys.is_finalizing():  # daemon threads have stopped for good
        return False
    worker = _idle.take()
    if worker is None:
        worker = _Worker()
        try:
            threading.Thread(target=worker.work, name="flue-client-send", daemon=True).start()
        except RuntimeError:  # CPython 3.12 and later start none in an atexit handler
            return False
    worker.give(job, context)
    return True


if hasattr(os, "register_at_fork"):  # a fork takes no thread along
    os.register_at_fork(after_in_child=_idle.forget)
