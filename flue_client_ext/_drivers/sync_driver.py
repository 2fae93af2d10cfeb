"""Runs a flow with blocking calls."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable
from contextvars import Context
from typing import Any, Generic, TypeVar, cast

from .._http.log import trace
from .._http.sync_channel import Channel
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
from .interrupt import Aborted, weak_listener

T = TypeVar("T")

CLOCK = Clock(monotonic=time.monotonic, wall=time.time, jitter=full_jitter)


class Driver(Generic[T]):
    """One flow under way. `timeout` in seconds counts from the first step. Users' functions
    run in `context`; left out, in that of whoever advances it."""

    def __init__(
        self,
        flow: Flow[T],
        channel: Channel,
        signal: AbortSignal,
        timeout: float | None,
        context: Context | None = None,
    ) -> None:
        self._dialogue = Dialogue(flow, CLOCK.monotonic, timeout)
        self._channel = channel
        self.signal = signal
        self._context = context
        # Held until the driver is woken. Neither an Event, whose wait a signal handler that aborts
        # may interrupt, nor a queue: SimpleQueue of CPython 3.11 can outwait a short timeout.
        self._asleep = threading.Lock()
        self._asleep.acquire()
        self._listener: Callable[[], None] | None = None
        self.stopped = False
        self.busy = False
        self._resumable = self._lost = False
        self.finished = False
        self.result: T | None = None

    def run(self) -> T:
        """Run to the end, dropping batches; return the flow's result."""
        try:
            while self.advance() is not None:
                pass
        finally:
            self.close()
        return cast(T, self.result)

    def advance(self) -> Batch | None:
        """Run to the next batch; `None` at the end. Raises `Aborted` once aborted.

        After a Ctrl-C in a wait it may be called again, and goes on.
        """
        if self._lost:
            raise RuntimeError(CANNOT_GO_ON)
        if self.finished:
            if self.stopped:
                raise Aborted
            return None
        if self.busy:
            raise RuntimeError("two threads are reading one stream")
        if self._context is None:
            return self._advance()
        return self._context.run(self._advance)

    def _advance(self) -> Batch | None:
        try:
            self.busy, self._resumable = True, False
            if self._listener is None:
                self._begin()
            step = self._dialogue.next()
            while not isinstance(step, Emit):
                step = self._dialogue.reply(self._reply(step))
            self._check()  # one batch may follow another without a step between
            return step.batch
        except StopIteration as stop:
            self.result = stop.value
            self.close()
            return None
        except Exception:
            self.close()
            raise
        except BaseException:
            self._resumable = self._channel.leave() and self._dialogue.waits
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
        """Close the connection between two batches. Whoever asks for the next goes on over another;
        nothing is lost. Does nothing while somebody reads."""
        if not (self.finished or self.busy):
            self._dialogue.release()
            self._channel.leave()

    def close(self) -> None:
        """End the flow and let go of its connection; the second time does nothing."""
        self.finished = True
        self._dialogue.close()
        self._channel.close()
        if self._listener is not None:
            self.signal.remove_listener(self._listener)

    def _begin(self) -> None:
        listener = weak_listener(self)
        self.signal.add_listener(listener)
        self._listener = listener

    def wake(self) -> None:
        """End the wait under way, from the aborting thread."""
        self.stopped = True
        if self._asleep.locked():
            self._asleep.release()
        self._channel.abort()

    def _reply(self, step: Step) -> Any:
        try:
            reply = self._perform(step)
        except DeadlineExceeded as passed:
            return DeadlineExceeded(passed.sent)  # afresh: its context may hold the request
        trace(step, reply)
        return reply

    def _perform(self, step: Step) -> Any:
        self._check()
        match step:
            case Read(limit):
                reply: Any = self._channel.read(limit, self._dialogue.deadline)
            case Open(request, limit):
                self._check_deadline()
                reply = self._channel.open(request, limit, self._dialogue.deadline)
            case Sleep(seconds):
                reply = None
                self._sleep(seconds)
            case Call(function):
                return call(function)
            case _:
                return None
        self._check()
        return reply

    def _check(self) -> None:
        if self.signal.aborted:
            raise Aborted

    def _check_deadline(self) -> None:
        """Send nothing once the deadline has passed, in a user's function for example."""
        if time.monotonic() >= self._dialogue.deadline:
            raise DeadlineExceeded(sent=False)

    def _sleep(self, seconds: float) -> None:
        left = self._dialogue.deadline - time.monotonic()
        woken = self._asleep.acquire(timeout=min(seconds, max(left, 0), threading.TIMEOUT_MAX))
        if left < seconds and not woken:
            raise DeadlineExceeded(sent=False)


def call(function: Callable[[], Any]) -> Outcome:
    """Run a user's function; its error belongs to the flow, which may know what to do."""
    try:
        value = function()
    except Exception as error:
        return Outcome(error=error)
    if inspect.isawaitable(value):
        if inspect.iscoroutine(value):
            value.close()
        return Outcome(error=TypeError("an async function was given to the sync client"))
    return Outcome(value)
