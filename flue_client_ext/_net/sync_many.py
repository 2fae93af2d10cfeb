"""Many runs at once with threads, which all end when the iteration does."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from typing import Any

from .._flue.many import Collector, Job
from .._flue.results import RunOutcome, WorkflowRunResult
from ..errors import FlueAbortError
from ..signals import AbortController, AbortSignal
from .sync_driver import call

Runner = Callable[[Job, AbortSignal], WorkflowRunResult[Any]]


def completed(
    run: Runner,
    jobs: Sequence[Job],
    concurrency: int,
    signal: AbortSignal | None,
    collector: Collector,
) -> Generator[RunOutcome, None, None]:
    """Yield the outcomes of `jobs`, at most `concurrency` of them under way."""
    controller = AbortController()
    watched = controller.linked(signal)
    waiting = iter(jobs)
    lock = threading.Lock()
    done: queue.SimpleQueue[RunOutcome | BaseException] = queue.SimpleQueue()

    def work() -> None:
        # Not until the user's signal is aborted: every job has an outcome then too, an error.
        while not controller.signal.aborted:
            with lock:
                job = next(waiting, None)
            if job is None:
                return
            try:
                done.put(_outcome(run, job, watched))
            except BaseException as error:  # `sys.exit()` in a hook: for the consumer to see
                done.put(error)

    threads = [
        threading.Thread(target=work, name="flue-client-many", daemon=True)
        for _ in range(min(concurrency, len(jobs)))
    ]
    try:
        for thread in threads:
            thread.start()
        for _ in jobs:
            outcome = done.get()
            if isinstance(outcome, BaseException):
                raise outcome
            if signal is not None and signal.aborted:
                raise FlueAbortError(signal.reason)
            call(collector.tell).get()
            yield from collector.take(outcome)
    finally:
        controller.abort()
        for thread in threads:
            if thread.ident is not None:
                thread.join()


def _outcome(run: Runner, job: Job, signal: AbortSignal) -> RunOutcome:
    try:
        return job.succeeded(run(job, signal))
    except Exception as error:
        return job.failed(error)
