"""Runs a flow with blocking calls."""

from __future__ import annotations

import time
from contextvars import Context
from typing import Any, Generic, TypeVar, cast

from .._http.log import trace
from .._http.sync_channel import Channel
from .._http.threads import WakeUp
from .._http.trace_context import with_trace_context
from .._stream.aborting import Signal
from .._stream.backoff import full_jitter
from .._stream.machine import Machine
from .._values import steps
from .functions import call
from .one_reader import OneReader

T = TypeVar("T")

CLOCK = steps.Clock(monotonic=time.monotonic, wall=time.time, jitter=full_jitter)


class Driver(Generic[T]):
    """Performs the steps of one reading. `timeout` in seconds counts from the first step. Users'
    functions run in `context`, by default in that of the caller of `advance`."""

    def __init__(
        self,
        flow: steps.Flow[T],
        channel: Channel,
        signal: Signal,
        timeout: float | None,
        context: Context | None = None,
    ) -> None:
        self._wake_up = WakeUp()
        self._channel = channel
        self._context = context
        self._one_reader = OneReader()
        self.machine = Machine(flow, CLOCK.monotonic, signal, timeout, self)

    def run(self) -> T:
        """Run to the end, dropping batches; return the flow's result."""
        try:
            while self.advance() is not None:
                pass
            return cast(T, self.machine.result)
        finally:
            self.close()

    def advance(self) -> steps.Batch | None:
        """Run to the next batch; `None` at the end. Raises `Aborted` once aborted.

        After a Ctrl-C in a wait it may be called again, and goes on.
        """
        with self._one_reader:
            if not self.machine.can_advance():
                return None
            return self._advance() if self._context is None else self._context.run(self._advance)

    def _advance(self) -> steps.Batch | None:
        machine = self.machine
        try:
            step = machine.next()
            while step is not None:
                try:
                    reply = self._perform(step)
                except steps.DeadlineExceeded as passed:
                    reply = passed
                step = machine.reply(reply)
            if machine.ended:
                self._channel.close()
            return machine.batch
        except Exception:
            machine.fail()
            self._channel.close()
            raise
        except BaseException:
            machine.cancel()
            self._channel.leave()
            raise

    def release(self) -> None:
        """Close the connection between two batches. The next batch is read over another one, and
        nothing is lost. Does nothing while a reader is active."""
        if self.machine.release():
            self._channel.leave()

    def close(self) -> None:
        """End the flow and release its connection. Does nothing while a reader is active."""
        if self.machine.close():
            self._channel.close()

    def wake(self) -> None:
        """End the wait under way, from the aborting thread."""
        # First the state: an idle reading is aborted before its connection is closed. A wait is a
        # sleep or one of the channel's, so both are ended.
        self.machine.signalled()
        self._wake_up.set()
        self._channel.abort()

    def _perform(self, step: steps.Wait) -> Any:
        reply: Any = None
        match step:  # pyright: ignore[reportMatchNotExhaustive]  # a note is only logged
            case steps.Read(limit):
                reply = self._channel.read(limit, self.machine.deadline)
            case steps.Open(request, limit):
                traced = with_trace_context(request)
                reply = self._channel.open(traced, limit, self.machine.deadline)
            case steps.Poll():
                reply = self._channel.poll()
            case steps.Sleep():
                self._wake_up.wait(self.machine.wake_at - time.monotonic())
            case steps.Call(function):
                reply = call(function)
        trace(step, reply)
        return reply
