"""Runs a flow on an event loop: asyncio or trio."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from contextvars import Context
from typing import Any, Generic, TypeVar, cast

import anyio

from .._http.async_channel import AsyncChannel
from .._http.log import trace
from .._http.shielded import loop_caller
from .._stream.backoff import full_jitter
from .._stream.dialogue import CANNOT_GO_ON, Dialogue
from .._values.steps import (
    Batch,
    Call,
    Clock,
    DeadlineExceeded,
    Emit,
    Flow,
    Open,
    Outcome,
    Read,
    Sleep,
    Step,
)
from ..signals import AbortSignal
from .context import in_context
from .interrupt import Aborted, weak_listener

T = TypeVar("T")

CLOCK = Clock(monotonic=anyio.current_time, wall=time.time, jitter=full_jitter)


class AsyncDriver(Generic[T]):
    """One flow under way. `timeout` in seconds counts from the first step. Users' functions
    run in `context`; left out, in that of whoever advances it."""

    def __init__(
        self,
        flow: Flow[T],
        channel: AsyncChannel,
        signal: AbortSignal,
        timeout: float | None,
        context: Context | None = None,
    ) -> None:
        self._dialogue = Dialogue(flow, CLOCK.monotonic, timeout)
        self._channel = channel
        self.signal = signal
        self._context = context
        self._scope: anyio.CancelScope | None = None
        self.busy = False
        self.stopped = False
        self._resumable = self._lost = False
        self._call_in_loop: Callable[[Callable[[], None]], object] | None = None
        self._listener: Callable[[], None] | None = None
        self.finished = False
        self.result: T | None = None

    async def run(self) -> T:
        """Run to the end, dropping batches; return the flow's result."""
        try:
            while await self.advance() is not None:
                pass
        except BaseException:
            self.close()
            raise
        return cast(T, self.result)

    async def advance(self) -> Batch | None:
        """Run to the next batch; `None` at the end. Raises `Aborted` once aborted.

        After it was cancelled it may be called again, and goes on.
        """
        if self._lost:
            raise RuntimeError(CANNOT_GO_ON)
        if self.finished:
            if self.stopped:
                raise Aborted
            return None
        if self.busy:
            raise RuntimeError("two tasks are reading one stream")
        if self._context is None:
            return await self._advance()
        return await in_context(self._context, self._advance())

    async def _advance(self) -> Batch | None:
        try:
            self.busy, self._resumable = True, False
            self._call_in_loop = loop_caller()
            if self._listener is None:
                self._begin()
            step = self._dialogue.next()
            while not isinstance(step, Emit):
                step = self._dialogue.reply(await self._reply(step))
            self._check()  # one batch may follow another without a step between
            return step.batch
        except StopIteration as stop:
            self.result = stop.value
            self._end()
            await self._channel.close()
            return None
        except Exception:
            self.close()
            raise
        except BaseException:
            self._resumable = self._dialogue.waits
            self._channel.abort()
            raise
        finally:
            self.busy = False

    def interrupted(self) -> bool:
        """Told when an exception leaves whoever hands batches over. One that did not come in a wait
        may have lost a batch on its way: then later calls raise."""
        if not (self.finished or self._resumable or self.busy):  # busy: somebody else reads it
            self._lost = True
            self.close()
        return self._lost

    def release(self) -> None:
        """Close the connection between two batches, without awaiting. Whoever asks for the next
        goes on over another; nothing is lost. Does nothing while somebody reads."""
        if not (self.finished or self.busy):
            self._dialogue.release()
            self._channel.abort()

    def close(self) -> None:
        """End the flow and close its connection, without awaiting."""
        self._end()
        self._channel.abort()

    def _begin(self) -> None:
        listener = weak_listener(self)
        self.signal.add_listener(listener)
        self._listener = listener

    def _end(self) -> None:
        self.finished = True
        self._dialogue.close()
        if self._listener is not None:
            self.signal.remove_listener(self._listener)

    def wake(self) -> None:
        """End the wait under way, or close the connection that waits for its consumer; from any
        thread."""
        self.stopped = True
        if self._call_in_loop is not None:
            try:
                self._call_in_loop(self._cancel_wait)
            except RuntimeError:  # the loop has ended: nobody waits
                pass

    def _cancel_wait(self) -> None:
        if self._scope is not None:
            self._scope.cancel()
        elif not self.busy:
            self.close()

    async def _reply(self, step: Step) -> Any:
        try:
            reply = await self._perform(step)
        except DeadlineExceeded as passed:
            return DeadlineExceeded(passed.sent)  # afresh: its context may hold the request
        trace(step, reply)
        return reply

    async def _perform(self, step: Step) -> Any:
        self._check()
        reply: Any = None
        try:
            with anyio.CancelScope() as self._scope:
                match step:
                    case Read(limit):
                        reply = await self._channel.read(limit, self._dialogue.deadline)
                    case Open(request, limit):
                        self._check_deadline()
                        reply = await self._channel.open(request, limit, self._dialogue.deadline)
                    case Sleep(seconds):
                        await self._sleep(seconds)
                    case Call(function):
                        reply = await self._call(function)
                    case _:
                        pass
        finally:
            self._scope = None
        self._check()
        return reply

    def _check(self) -> None:
        if self.signal.aborted:
            raise Aborted

    def _check_deadline(self) -> None:
        """Send nothing once the deadline has passed, in a user's function for example."""
        if anyio.current_time() >= self._dialogue.deadline:
            raise DeadlineExceeded(sent=False)

    async def _call(self, function: Callable[[], Any]) -> Outcome:
        with anyio.CancelScope(deadline=self._dialogue.deadline) as scope:
            return await call(function)
        if scope.cancelled_caught and anyio.current_time() >= self._dialogue.deadline:
            raise DeadlineExceeded(sent=False)
        raise Aborted

    async def _sleep(self, seconds: float) -> None:
        left = self._dialogue.deadline - anyio.current_time()
        await anyio.sleep(min(seconds, max(left, 0)))
        if left < seconds:
            raise DeadlineExceeded(sent=False)


async def call(function: Callable[[], Any]) -> Outcome:
    """Run a user's function, awaiting what it returns if that is due."""
    try:
        value = function()
        if inspect.isawaitable(value):
            value = await value
    except Exception as error:
        return Outcome(error=error)
    return Outcome(value)
