"""Many runs at once in tasks of the running event loop, which end when the iteration does.

Decides which job runs when. What a run is, and in which order its outcome is handed out, is decided
in `_flue.many`."""

from __future__ import annotations

import math
import sys
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextvars import Context
from typing import Any, Generic, Self

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from attrs import frozen

from .._flue.many import Collector, Job, OutcomeT
from .._http.shielded import in_background
from .._stream.aborting import CLIENT_CLOSED, client_closed
from .._values.uncopied import Uncopied
from ..errors import FlueAbortError
from ..signals import AbortController, AbortSignal
from .context import in_context
from .functions import call_and_await

AsyncRunner = Callable[[Job[Any, OutcomeT], AbortSignal], Coroutine[Any, Any, Any]]


@frozen
class _Work(Generic[OutcomeT]):
    """What the tasks share. They end when `ended` is aborted. The user's signal does not end them:
    each job has an outcome then too, an error."""

    run: AsyncRunner[OutcomeT]
    waiting: Iterator[Job[Any, OutcomeT]]
    signal: AbortSignal
    ended: AbortSignal
    done: MemoryObjectSendStream[OutcomeT]
    context: Context

    async def run_jobs(self) -> None:
        for job in self.waiting:
            if self.ended.aborted:
                return
            outcome = await self._outcome(job)
            if not self.ended.aborted:
                self.done.send_nowait(outcome)

    async def _outcome(self, job: Job[Any, OutcomeT]) -> OutcomeT:
        try:
            return job.succeeded(await in_context(self.context.copy(), self.run(job, self.signal)))
        except Exception as error:
            return job.failed(error)


class AsyncRunOutcomes(Uncopied, Generic[OutcomeT]):
    """The outcomes of many runs or messages; an async iterator.

    Break off the iteration within `contextlib.aclosing`, or drop the object: the runs under way are
    aborted.
    """

    # The tasks belong to no task group: its cancel scope would be open while the consumer's code
    # runs. This is not an async generator: dropping one needs its event loop.

    _instead = "iterate over it once"

    def __init__(
        self,
        run: AsyncRunner[OutcomeT],
        jobs: Sequence[Job[Any, OutcomeT]],
        concurrency: int,
        signal: AbortSignal | None,
        collector: Collector[OutcomeT],
        context: Context,
    ) -> None:
        done, self._outcomes = anyio.create_memory_object_stream[OutcomeT](math.inf)
        self._controller = AbortController()
        linked, ended = self._controller.linked(signal), self._controller.signal
        self._work = _Work(run, iter(jobs), linked, ended, done, context)
        self._tasks = min(concurrency, len(jobs))
        self._remaining = len(jobs)
        self._signal = signal
        self._collector = collector
        self._ready: deque[OutcomeT] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> OutcomeT:
        try:
            while not self._ready:
                self._ready.extend(self._collector.take(await self._next()))
        except Exception:
            self._end()
            if self._controller.signal.reason is CLIENT_CLOSED:
                raise client_closed() from None
            raise
        except BaseException:
            self._end()
            raise
        return self._ready.popleft()

    def client_closed(self) -> None:
        """Abort the runs under way. A waiting consumer gets a `RuntimeError`."""
        if self._remaining:
            self._controller.abort(CLIENT_CLOSED)
            self._ready.clear()
            self._end()

    async def aclose(self) -> None:
        """Abort the runs under way."""
        self._end()

    def __del__(self, finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if not finalizing():  # a daemon thread, which does not run any more, may hold a lock
            self._end()

    async def _next(self) -> OutcomeT:
        while self._tasks:
            self._tasks -= 1
            in_background(self._work.run_jobs)
        if not self._remaining:
            raise StopAsyncIteration
        outcome = await self._outcomes.receive()
        self._remaining -= 1
        if self._signal is not None and self._signal.aborted:
            raise FlueAbortError(self._signal.reason)
        (await in_context(self._work.context, call_and_await(self._collector.tell))).get()
        return outcome

    def _end(self) -> None:
        self._remaining = self._tasks = 0
        self._controller.abort()
        self._work.done.close()
        self._outcomes.close()


def run_all(
    run: AsyncRunner[OutcomeT],
    jobs: Sequence[Job[Any, OutcomeT]],
    concurrency: int,
    signal: AbortSignal | None,
    collector: Collector[OutcomeT],
    context: Context,
    hold: Callable[[AsyncRunOutcomes[OutcomeT]], object],
) -> AsyncRunOutcomes[OutcomeT]:
    """Return the outcomes of `jobs`. `hold` gets the object that the client's `close()` closes."""
    outcomes = AsyncRunOutcomes(run, jobs, concurrency, signal, collector, context)
    hold(outcomes)
    return outcomes
