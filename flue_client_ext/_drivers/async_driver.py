"""Runs a flow on an event loop: asyncio or trio."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import Context
from typing import Any, Generic, TypeVar, cast

import anyio

from .._http.async_channel import AsyncChannel
from .._http.log import trace
from .._http.shielded import loop_caller, loop_time
from .._http.trace_context import with_trace_context
from .._stream.aborting import Signal
from .._stream.backoff import full_jitter
from .._stream.machine import Machine
from .._values import steps
from ..signals import NEVER
from .context import in_context
from .functions import Function, call_and_await

T = TypeVar("T")

CLOCK = steps.Clock(monotonic=loop_time, wall=time.time, jitter=full_jitter)


class AsyncDriver(Generic[T]):
    """`sync_driver.Driver` for an event loop. A task's cancellation is what Ctrl-C is there."""

    def __init__(
        self,
        flow: steps.Flow[T],
        channel: AsyncChannel,
        signal: Signal,
        timeout: float | None,
        context: Context | None = None,
    ) -> None:
        self._channel = channel
        self._context = context
        self._abortable = signal is not NEVER
        self._scope: anyio.CancelScope | None = None
        self._call_in_loop: Callable[[Callable[[], None]], object] | None = None
        self.machine = Machine(flow, CLOCK.monotonic, signal, timeout, self)

    async def run(self) -> T:
        try:
            while await self.advance() is not None:
                pass
            return cast(T, self.machine.result)
        finally:
            self.close()

    async def advance(self) -> steps.Batch | None:
        if not self.machine.can_advance():
            return None
        work = self._advance()
        return await (work if self._context is None else in_context(self._context, work))

    async def _advance(self) -> steps.Batch | None:
        machine = self.machine
        try:
            if self._abortable:
                self._call_in_loop = loop_caller()
            step = machine.next()
            if self._abortable and step is not None:
                await self._perform_abortably(step)
            else:
                await self._perform_all(step)
            if machine.ended:
                await self._channel.close()
            return machine.batch
        except Exception:
            machine.fail()
            await self._channel.close()
            raise
        except BaseException:
            machine.cancel()
            self._channel.abort()  # not `close`: in a cancelled task, any await may raise
            raise

    def release(self) -> None:
        if self.machine.release():
            self._channel.abort()

    def close(self) -> None:
        if self.machine.close():
            self._channel.abort()

    def wake(self) -> None:
        """End the wait under way, or close the connection that waits for its consumer; from any
        thread."""
        # First the state: an idle reading is aborted before its connection is closed.
        self.machine.signalled()
        if self._call_in_loop is not None:
            try:
                self._call_in_loop(self._end_wait)
            except RuntimeError:  # the loop has ended, and with it every wait
                pass

    def _end_wait(self) -> None:
        if self._scope is not None:
            self._scope.cancel()
        else:
            self.close()

    async def _perform_all(self, step: steps.Wait | None) -> None:
        """Perform `step` and those that follow, up to a batch or the end."""
        while step is not None:
            try:
                reply = await self._perform(step)
            except steps.DeadlineExceeded as passed:
                reply = passed
            step = self.machine.reply(reply)

    async def _perform_abortably(self, step: steps.Wait) -> None:
        """Do the same until `wake` cancels it; then the machine ends the reading."""
        try:
            # One scope for all of them, and none while the consumer's code runs.
            with anyio.CancelScope() as scope:
                self._scope = scope
                await self._perform_all(step)
        finally:
            self._scope = None
        if scope.cancelled_caught:
            self.machine.reply(None)

    async def _perform(self, step: steps.Wait) -> Any:
        reply: Any = None
        match step:  # pyright: ignore[reportMatchNotExhaustive]  # a note is only logged
            case steps.Read(limit):
                reply = await self._channel.read(limit, self.machine.deadline)
            case steps.Open(request, limit):
                traced = with_trace_context(request)
                reply = await self._channel.open(traced, limit, self.machine.deadline)
            case steps.Poll():
                reply = await self._channel.poll()
            case steps.Sleep():
                await anyio.sleep_until(self.machine.wake_at)
            case steps.Call(function):
                reply = await self._call(function)
        trace(step, reply)
        return reply

    async def _call(self, function: Function) -> Any:
        with anyio.CancelScope(deadline=self.machine.deadline):
            return await call_and_await(function)
        raise steps.DeadlineExceeded(sent=False)  # the scope has swallowed the cancellation
