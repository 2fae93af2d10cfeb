"""Many runs at once in threads, which end when the iteration does.

Decides which job runs when. What a run is, and in which order its outcome is handed out, is decided
in `_flue.many`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextvars import Context
from typing import TYPE_CHECKING, Any, Generic, TypeAlias

from .._flue.many import Collector, Job, OutcomeT
from .._http.threads import start_daemon
from .._stream.aborting import CLIENT_CLOSED, client_closed
from ..errors import FlueAbortError
from ..signals import AbortController, AbortSignal
from .functions import call

if TYPE_CHECKING:
    import queue

RunOutcomes: TypeAlias = Generator[OutcomeT, None, None]
Runner = Callable[[Job[Any, OutcomeT], AbortSignal], Any]


def run_all(
    run: Runner[OutcomeT],
    jobs: Sequence[Job[Any, OutcomeT]],
    concurrency: int,
    signal: AbortSignal | None,
    collector: Collector[OutcomeT],
    context: Context,
    hold: Callable[[JobThreads[OutcomeT]], object],
) -> RunOutcomes[OutcomeT]:
    """Return the outcomes of `jobs`. `hold` gets the object that the client's `close()` closes."""
    workers = JobThreads(run, jobs, concurrency, context)
    hold(workers)
    return _completed(workers, signal, collector)


def _completed(
    workers: JobThreads[OutcomeT], signal: AbortSignal | None, collector: Collector[OutcomeT]
) -> RunOutcomes[OutcomeT]:
    try:
        workers.start(signal)
        for _ in workers.jobs:
            outcome = workers.next()
            if signal is not None and signal.aborted:
                raise FlueAbortError(signal.reason)
            workers.context.run(call, collector.tell).get()
            yield from collector.take(outcome)
    finally:  # also when the consumer breaks off: closing the generator raises GeneratorExit here
        workers.end()


class JobThreads(Generic[OutcomeT]):
    """At most `concurrency` threads that run `jobs`. Each job runs in a copy of `context`: two
    threads cannot run in one (`Context.run` raises)."""

    # An attribute: at the interpreter's exit, a generator may be closed after the globals of this
    # module were cleared.
    _finalizing = staticmethod(sys.is_finalizing)

    def __init__(
        self,
        run: Runner[OutcomeT],
        jobs: Sequence[Job[Any, OutcomeT]],
        concurrency: int,
        context: Context,
    ) -> None:
        import queue  # every client imports this module, and a single call needs no queue

        self.jobs = jobs
        self.context = context
        self._run = run
        self._concurrency = min(concurrency, len(jobs))
        self._waiting = iter(jobs)
        self._lock = threading.Lock()  # two threads must not advance the iterator at once
        self._controller = AbortController()
        self._signal = self._controller.signal
        self._done: queue.SimpleQueue[OutcomeT | BaseException] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def start(self, signal: AbortSignal | None) -> None:
        """Start the threads. `signal` aborts the jobs; each has an outcome then too, an error."""
        self._signal = self._controller.linked(signal)
        for _ in range(self._concurrency):
            thread = start_daemon(self._work, "many")
            if thread is None:
                return
            self._threads.append(thread)

    def client_closed(self) -> None:
        """Abort the jobs under way; from any thread. A waiting consumer gets a `RuntimeError`."""
        # In this order: `next` looks at the reason as soon as it gets something from the queue.
        self._controller.abort(CLIENT_CLOSED)
        self._done.put(client_closed())

    def next(self) -> OutcomeT:
        """Wait for the next outcome. Run a job here if no thread could start."""
        self._check()
        if not self._threads:
            self._work_once()
        outcome = self._done.get()
        if isinstance(outcome, BaseException):
            raise outcome
        self._check()  # the outcome of an aborted job precedes the error in the queue
        return outcome

    def _check(self) -> None:
        if self._controller.signal.reason is CLIENT_CLOSED:
            raise client_closed()

    def end(self) -> None:
        """Abort the jobs under way and wait for the threads.

        Do nothing while the interpreter finalises. Daemon threads do not run any more then: a join
        never returns (CPython 3.13), and a lock that one of them holds stays locked.
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
        except BaseException as error:  # `sys.exit()` in a hook: the consumer raises it
            self._done.put(error)
        return True

    def _outcome(self, job: Job[Any, OutcomeT]) -> OutcomeT:
        try:
            return job.succeeded(self._run(job, self._signal))
        except Exception as error:
            return job.failed(error)
