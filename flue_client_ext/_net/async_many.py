"""Many runs at once with tasks of the running event loop, which all end when the iteration does."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

import anyio

from .._flue.many import Collector, Job
from .._flue.results import RunOutcome, WorkflowRunResult
from ..errors import FlueAbortError
from ..signals import AbortController, AbortSignal
from .detached import in_background

AsyncRunner = Callable[[Job, AbortSignal], Awaitable[WorkflowRunResult[Any]]]


async def completed(
    run: AsyncRunner,
    jobs: Sequence[Job],
    concurrency: int,
    signal: AbortSignal | None,
    collector: Collector,
) -> AsyncGenerator[RunOutcome, None]:
    """Yield the outcomes of `jobs`, at most `concurrency` of them under way.

    The tasks stand by themselves, since a task group must not be open while a generator is
    suspended; the signal that ends them is aborted when the generator ends."""
    controller = AbortController()
    watched = controller.linked(signal)
    waiting = iter(jobs)
    done, outcomes = anyio.create_memory_object_stream[RunOutcome](math.inf)

    async def work() -> None:
        for job in waiting:
            if watched.aborted:
                return
            outcome = await _outcome(run, job, watched)
            if not controller.signal.aborted:
                done.send_nowait(outcome)

    try:
        for _ in range(min(concurrency, len(jobs))):
            in_background(work)
        for _ in jobs:
            outcome = await outcomes.receive()
            if signal is not None and signal.aborted:
                raise FlueAbortError(signal.reason)
            for ready in collector.take(outcome):
                yield ready
    finally:
        controller.abort()
        done.close()
        outcomes.close()


async def _outcome(run: AsyncRunner, job: Job, signal: AbortSignal) -> RunOutcome:
    try:
        return job.succeeded(await run(job, signal))
    except Exception as error:
        return job.failed(error)
