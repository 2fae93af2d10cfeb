"""Threads for blocking work that its caller may abandon: a name look-up or a send in httpx, say.

Knows nothing of HTTP. Starting a thread costs as much as a request on a kept connection, so a
thread that has finished its job waits a while for the next one."""

from __future__ import annotations

import contextvars
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

from .._values.limits import LIMITS
from .threads import WakeUp, start_daemon

T = TypeVar("T")


class Abandoned(Exception):  # becomes an abort or a DeadlineExceeded
    """The caller does not wait for the job any longer."""


def _nothing() -> None:
    """What a job disposes of that has ended in time."""


class Job(Generic[T]):
    """A function that runs in a worker, in the context of the caller. If the caller abandons the
    job, `dispose` is called once the function has ended: what it uses must not be closed before."""

    def __init__(self, function: Callable[[], T], dispose: Callable[[], object]) -> None:
        self._function = function
        self._dispose = dispose
        self._context = contextvars.copy_context()
        # Reentrant: a signal handler may abandon the job while its thread holds the lock.
        self._lock = threading.RLock()
        self._changed = WakeUp()
        self._value: T | None = None
        self._error: BaseException | None = None
        self._begun = self._finished = self._abandoned = False

    def start(self) -> None:
        """Start the job in a worker, or run it here where no thread can start."""
        if not _submit(self):
            self.run()
            self.announce()

    def result(self, until: Callable[[], float], pause: float = math.inf) -> T:
        """Return the result, or raise the job's error. At the time of `time.monotonic` that `until`
        returns, abandon the job and raise `Abandoned`. It is called again every `pause` seconds:
        waking this thread to tell it of a new time would cost more."""
        try:
            while not self._finished and not self._abandoned:
                remaining = until() - time.monotonic()
                if remaining <= 0:
                    break
                self._changed.wait(min(remaining, pause))
        except BaseException:  # KeyboardInterrupt
            self._withdraw()
            raise
        self.abandon()
        if self._abandoned:
            raise Abandoned
        self._dispose = _nothing  # it may refer to this job
        error, self._error = self._error, None  # its traceback would keep its frames alive
        if error is not None:
            try:
                raise error
            finally:
                del error  # its traceback refers to this frame
        return cast(T, self._value)

    @property
    def running(self) -> bool:
        """Whether the function has begun, and not ended."""
        return self._begun and not self._finished

    @property
    def abandoned(self) -> bool:
        """Whether the job disposes of what it uses itself."""
        return self._abandoned

    def abandon(self) -> None:
        """Make `result` raise `Abandoned`, unless the job has finished; from any thread."""
        with self._lock:
            self._abandoned = self._abandoned or not self._finished
        self.announce()

    def run(self) -> None:
        """Run the function; called by the worker."""
        self._context.run(self._run)

    def _run(self) -> None:
        self._begun = True
        try:
            self._value = self._function()
        except BaseException as error:
            self._error = error
        # Either this sees the abandonment, or `abandon` sees the end: one of them disposes.
        with self._lock:
            self._finished = True
            abandoned = self._abandoned
        if abandoned:
            self._dispose()

    def announce(self) -> None:
        """Wake the caller that waits for the result."""
        self._changed.set()

    def _withdraw(self) -> None:
        self.abandon()
        if not self._abandoned:
            self._abandoned = True
            self._dispose()


class _Worker:
    """A thread that runs one job after another."""

    def __init__(self) -> None:
        self._job: Job[Any] | None = None
        self._assigned = WakeUp()

    def assign(self, job: Job[Any]) -> None:
        self._job = job
        self._assigned.set()

    def work(self) -> None:
        while self._has_job() and self._job is not None:
            job, self._job = self._job, None
            job.run()
            _idle.put(self)  # before the caller resumes: it may submit the next job at once
            job.announce()
            del job  # it may hold a whole response until the next job comes

    def _has_job(self) -> bool:
        """Wait for the next job; `False` ends the thread."""
        if not self._assigned.wait(LIMITS.thread_idle):
            if _idle.remove(self):
                return False
            self._assigned.wait()  # `_submit` has taken this worker and is about to assign a job
        return True


class _Idle:
    """The workers without a job. The one that finished last is used first, so that the others reach
    their time limit and end."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
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


def _submit(job: Job[Any]) -> bool:
    if sys.is_finalizing():  # daemon threads do not run any more
        return False
    worker = _idle.take()
    if worker is None:
        worker = _Worker()
        if start_daemon(worker.work, "send") is None:
            return False
    worker.assign(job)
    return True


if hasattr(os, "register_at_fork"):  # no thread of the parent runs in the child
    os.register_at_fork(after_in_child=_idle.reset)
