"""Many runs at once with threads, which all end when the iteration does."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextvars import Context
from typing import TYPE_CHECKING, Any, TypeAlias

from .._flue.many import Collector, Job
from .._flue.results import RunOutcome, WorkflowRunResult
from .._http.threads import start_daemon
from ..errors import FlueAbortError
from ..signals import AbortController, AbortSignal
from .interrupt import CLIENT_CLOSED, client_closed
from .sync_driver import call

if TYPE_CHECKING:
    import queue

RunOutcomes: TypeAlias = Generator[RunOutcome, None, None]
Runner = Callable[[Job, AbortSignal], WorkflowRunResult[Any]]


def run_all(
    run: Runner,
    jobs: Sequence[Job],
    concurrency: int,
    signal: AbortSignal | None,
    collector: Collector,
    context: Context,
    hold: Callable[[Crew], object],
) -> RunOutcomes:
    """Return the outcomes of `jobs`. `hold` is told what the client's `close()` has to end."""
    crew = Crew(run, jobs, concurrency, context)
    hold(crew)
    return _completed(crew, signal, collector)


def _completed(crew: Crew, signal: AbortSignal | None, collector: Collector) -> RunOutcomes:
    try:
        crew.start(signal)
        for _ in crew.jobs:
            outcome = crew.next()
            if signal is not None and signal.aborted:
                raise FlueAbortError(signal.reason)
            crew.context.run(call, collector.tell).get()
            yield from collector.take(outcome)
    finally:
        crew.end()


class Crew:
    """The threads that run `jobs`, at most `concurrency` of them. Each job runs in a copy of
    `context`: two threads cannot be in one."""

    # Kept here, since the module may have been emptied when the last generator is closed.
    _finalizing = staticmethod(sys.is_finalizing)

    def __init__(
        self, run: Runner, jobs: Sequence[Job], concurrency: int, context: Context
    ) -> None:
        import queue  # the surface names this module's types, and a single call needs no queue

        self.jobs = jobs
        self.context = context
        self._run = run
        self._most = min(concurrency, len(jobs))
        self._waiting = iter(jobs)
        self._lock = threading.Lock()
        self._controller = AbortController()
        self._watched = self._controller.signal
        self._done: queue.SimpleQueue[RunOutcome | BaseException] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def start(self, signal: AbortSignal | None) -> None:
        """Start the threads. `signal` aborts the jobs, each of which has an outcome then too."""
        self._watched = self._controller.linked(signal)
        for _ in range(self._most):
            thread = start_daemon(self._work, "many")
            if thread is None:
                return
            self._threads.append(thread)

    def client_closed(self) -> None:
        """Abort what is under way, from any thread; whoever waits gets a `RuntimeError`."""
        self._controller.abort(CLIENT_CLOSED)
        self._done.put(client_closed())

    def next(self) -> RunOutcome:
        """Wait for the next outcome; run a job here where no thread could be started."""
        self._check()
        if not self._threads:
            self._work_once()
        outcome = self._done.get()
        if isinstance(outcome, BaseException):
            raise outcome
        self._check()  # what was aborted by that comes before the news of it
        return outcome

    def _check(self) -> None:
        if self._controller.signal.reason is CLIENT_CLOSED:
            raise client_closed()

    def end(self) -> None:
        """Abort what is under way and wait for the threads.

        Not while the interpreter finalises: daemon threads stand still then, wherever they are, so
        that joining one never returns (CPython 3.13), and a lock that one holds stays locked.
        """
        if self._finalizing():
            return
        self._controller.abort()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while self._work_once():
            pass

    def _work_once(self) -> bool:
        if self._controller.signal.aborted:
            return False
        with self._lock:
            job = next(self._waiting, None)
        if job is None:
            return False
        try:
            self._done.put(self.context.copy().run(self._outcome, job))
        except BaseException as error:  # `sys.exit()` in a hook: for the consumer to see
            self._done.put(error)
        return True

    def _outcome(self, job: Job) -> RunOutcome:
        try:
            return job.succeeded(self._run(job, self._watched))
        except Exception as error:
            return job.failed(error)
