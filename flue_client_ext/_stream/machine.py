"""One reading: a flow, the state it is in (`states` has the table), and the step it stands at.

A driver performs the steps that `next` and `reply` return, tells what happens to it, and decides
nothing. Nothing is opened or waited for here; the clock is given.

A step that was cancelled under way costs the connection, not the reading. Whoever asks again goes
on where it was: a request or a read has failed, a sleep lasts for the rest of its time, any other
step is performed again. So does a connection that was released between two batches: the first read
that wants it has failed.

The signal is looked at before and after each turn of the flow, once the state is written: so a
reader sees an abort that another thread tells meanwhile, without a lock."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from .._values.steps import (
    Batch,
    DeadlineExceeded,
    Emit,
    Failure,
    Flow,
    Open,
    Read,
    Sleep,
    Step,
    TimeLeft,
    Wait,
)
from . import states
from .aborting import Aborted, Signal, Wakeable, weak_listener
from .states import CANCELLED, NEW, RUNNING, Event, State, after

T = TypeVar("T")

_RELEASED = Failure("released", "its connection was given up by whoever read it")


class Machine(Generic[T]):
    """`timeout` in seconds counts from the first step. `driver` is woken when the signal is
    aborted, and calls `signalled` then."""

    def __init__(
        self,
        flow: Flow[T],
        monotonic: Callable[[], float],
        signal: Signal,
        timeout: float | None = None,
        driver: Wakeable | None = None,
    ) -> None:
        self.state = NEW
        self.signal = signal
        self.deadline = math.inf
        """A reading of the monotonic clock, as is when the sleep under way ends."""
        self.wake_at = 0.0
        self.batch: Batch | None = None
        """What was emitted last; `None` after the end."""
        self.result: T | None = None
        self._flow = flow
        self._monotonic = monotonic
        self._timeout = timeout
        self._listener = None if driver is None else weak_listener(driver)
        self._step: Wait | None = None
        self._disconnected = False

    @property
    def ended(self) -> bool:
        return self.state in states.ENDED

    def can_advance(self) -> bool:
        """Whether there may be another batch; `False` after the end."""
        return after(self.state, states.NEXT) is RUNNING

    def next(self) -> Wait | None:
        """Ask for the next batch; return as `reply` does."""
        before, step = self.state, self._step
        self._move(states.NEXT)
        self.batch = None
        if before is NEW:
            self._begin()
        else:
            self._check()
        if before is not CANCELLED:
            return self._run(None)
        if step is None or isinstance(step, Open | Read):
            return self._run(_RELEASED)
        return self._wait(step)

    def reply(self, reply: Any) -> Wait | None:
        """Give the reply to the step under way. Return the next step, or `None` when there is a
        `batch`, or the `result`."""
        self._check()
        if isinstance(reply, DeadlineExceeded):
            reply = DeadlineExceeded(reply.sent)  # afresh: its context may hold the request
        elif isinstance(self._step, Sleep) and self.wake_at >= self.deadline:
            reply = DeadlineExceeded(sent=False)
        self._move(states.REPLY)
        return self._run(reply)

    def fail(self) -> None:
        """Told that an `Exception` leaves the driver."""
        self._settle(states.ERROR)

    def cancel(self) -> None:
        """Told that any other exception leaves the driver, which closes its connection."""
        self._disconnected = True
        self._settle(states.CANCEL)

    def lose(self) -> None:
        """Told that an exception leaves whoever takes a batch from the driver."""
        self._settle(states.LOSE)

    def signalled(self) -> None:
        """Told that the signal has been aborted, from any thread."""
        self._move(states.SIGNAL)

    def release(self) -> bool:
        """Told that no connection is needed for now; say whether it may be closed."""
        free = self._move(states.RELEASE) not in states.BUSY
        self._disconnected = self._disconnected or free
        return free

    def close(self) -> bool:
        """End the flow; say whether its connection may be closed."""
        return self._settle(states.CLOSE) not in states.BUSY

    def _move(self, event: Event) -> State:
        before = self.state
        state = after(before, event)
        if state is not before:  # else it is the reader's, who may be changing it just now
            self.state = state
        return state

    def _settle(self, event: Event) -> State:
        state = self._move(event)
        if state in states.ENDED:
            self._flow.close()
            if self._listener is not None:
                self.signal.remove_listener(self._listener)
        return state

    def _begin(self) -> None:
        if self._timeout is not None:
            self.deadline = self._monotonic() + self._timeout
        if self._listener is not None:
            self.signal.add_listener(self._listener)

    def _check(self) -> None:
        if self.signal.aborted:
            self._move(states.ABORT)
            raise Aborted

    def _run(self, reply: Any) -> Wait | None:
        """Give the flow its turn, until it wants what only a driver can do."""
        try:
            step = self._turn(reply)
            while (known := self._known(step)) is not None:
                step = self._turn(known)
        except StopIteration as stop:
            self.result = stop.value
            self._settle(states.END)
            return None
        if isinstance(step, Emit):
            self.batch, self._step = step.batch, None
            self._move(states.EMIT)
            self._check()  # one batch may follow another without a step between
            return None
        return self._begun(step)

    def _turn(self, reply: Any) -> Any:
        if isinstance(reply, DeadlineExceeded):
            return self._flow.throw(reply)
        return self._flow.send(reply)

    def _known(self, step: Step) -> Any:
        """The reply that needs no driver; `None` where there is none."""
        if isinstance(step, TimeLeft):
            return self.deadline - self._monotonic()
        if self._disconnected and isinstance(step, Read):
            return _RELEASED
        if isinstance(step, Open) and self._monotonic() >= self.deadline:
            return DeadlineExceeded(sent=False)  # it passed in a user's function, for example
        return None

    def _begun(self, step: Wait) -> Wait:
        if isinstance(step, Sleep):
            self.wake_at = min(self._monotonic() + step.seconds, self.deadline)
        elif isinstance(step, Open):
            self._disconnected = False
        self._step = step
        return self._wait(step)

    def _wait(self, step: Wait) -> Wait:
        self._move(states.STEP)
        self._check()
        return step
