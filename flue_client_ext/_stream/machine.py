"""One reading: a flow, its state (`states` has the table), and the step under way.

A driver performs the steps that `next` and `reply` return, reports what happens to it, and decides
nothing. Nothing is opened or waited for here; the clock is an argument.

Cancelling a step closes the connection; the reading can be resumed. Then a request or a read counts
as failed, a sleep lasts for the rest of its time, and any other step is performed again. After a
connection was released between two batches, the next read counts as failed.

There is no lock. The reader checks the signal before and after each turn of the flow, after it has
written the state; so it sees an abort that another thread reports meanwhile."""

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
    Poll,
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

_RELEASED = Failure("released", "the reader closed its connection")


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
        """A time of the monotonic clock; so is `wake_at`, the end of the sleep under way."""
        self.wake_at = 0.0
        self.batch: Batch | None = None
        """The batch that was emitted last; `None` after the end."""
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
        if step is None or isinstance(step, Open | Read | Poll):
            return self._run(_RELEASED)
        return self._wait(step)

    def reply(self, reply: Any) -> Wait | None:
        """Give the reply to the step under way. Return the next step, or `None` when there is a
        `batch`, or the `result`."""
        self._check()
        if isinstance(reply, DeadlineExceeded):
            reply = DeadlineExceeded(reply.sent)  # a new one: the old context may hold the request
        elif isinstance(self._step, Sleep) and self.wake_at >= self.deadline:
            reply = DeadlineExceeded(sent=False)
        self._move(states.REPLY)
        return self._run(reply)

    def fail(self) -> None:
        """Record that an `Exception` leaves the driver."""
        self._settle(states.ERROR)

    def cancel(self) -> None:
        """Record that any other exception leaves the driver, which closes its connection."""
        self._disconnected = True
        self._settle(states.CANCEL)

    def lose(self) -> None:
        """Record that an exception interrupted the consumer as it took a batch."""
        self._settle(states.LOSE)

    def signalled(self) -> None:
        """Record that the signal has been aborted; from any thread."""
        self._move(states.SIGNAL)

    def release(self) -> bool:
        """Record that no connection is needed for now; return whether it may be closed."""
        free = self._move(states.RELEASE) not in states.BUSY
        self._disconnected = self._disconnected or free
        return free

    def close(self) -> bool:
        """End the flow; return whether its connection may be closed."""
        return self._settle(states.CLOSE) not in states.BUSY

    def _move(self, event: Event) -> State:
        before = self.state
        state = after(before, event)
        if state is not before:  # writing it unchanged could undo a change of the reader's thread
            self.state = state
        return state

    def _settle(self, event: Event) -> State:
        state = self._move(event)
        if state in states.ENDED:
            self._flow.close()  # not running: the table ends no reading while its flow has a turn
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
        """Run the flow until it yields a step for the driver, emits a batch or returns."""
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
            self._check()  # no step may come before the next batch, so no other check either
            return None
        return self._begun(step)

    def _turn(self, reply: Any) -> Any:
        if isinstance(reply, DeadlineExceeded):
            return self._flow.throw(reply)
        return self._flow.send(reply)

    def _known(self, step: Step) -> Any:
        """Return the reply to a step that needs no driver; `None` for other steps."""
        if isinstance(step, TimeLeft):
            return self.deadline - self._monotonic()
        if self._disconnected and isinstance(step, Read | Poll):
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
