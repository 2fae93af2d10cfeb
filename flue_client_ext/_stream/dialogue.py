"""A flow at one of its steps, for drivers whose waits may be interrupted.

An interruption that comes from outside (a task's cancellation, Ctrl-C) costs the connection, not
the flow: whoever asks for the next batch again goes on where it was. A request or a read
that was under way has failed then, a sleep lasts for the rest of its time, anything else is done
again. A connection that was given up between two batches costs no more: the first read that wants
it has failed. Anywhere else an interruption may have left a batch in between: then nobody goes on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from .._values.steps import (
    Call,
    DeadlineExceeded,
    Emit,
    Failure,
    Flow,
    Open,
    Read,
    Sleep,
    Step,
    TimeLeft,
)

T = TypeVar("T")

CANNOT_GO_ON = (
    "this stream was interrupted and cannot go on: open another one with resume=stream.checkpoint"
)
_RELEASED = Failure("released", "its connection was given up by whoever read it")


class Dialogue(Generic[T]):
    """The driver's side of a flow. `timeout` in seconds counts from the first step."""

    def __init__(
        self,
        flow: Flow[T],
        monotonic: Callable[[], float],
        timeout: float | None = None,
    ) -> None:
        self._flow = flow
        self._monotonic = monotonic
        self._timeout = timeout
        self.deadline = math.inf
        """A reading of the monotonic clock."""
        self._step: Step | None = None
        self._wake_at = 0.0
        self._inside = False
        self._released = False

    @property
    def waits(self) -> bool:
        """Whether it stands at a step that can be taken up again."""
        return not self._inside and isinstance(self._step, Open | Read | Sleep | Call)

    def next(self) -> Step:
        """Return the step after a batch that was taken, or after an interrupted one."""
        if self._inside:
            raise RuntimeError(CANNOT_GO_ON)
        match self._step:
            case None:
                self._begin()
                return self.reply(None)
            case Open() | Read():
                return self.reply(_RELEASED)
            case Sleep():
                return Sleep(max(self._wake_at - self._monotonic(), 0.0))
            case step:
                return step

    def reply(self, reply: Any) -> Step:
        """Give the reply to the latest step and return the next; `StopIteration` at the end."""
        step = self._replied(reply)
        while isinstance(step, TimeLeft) or (self._released and isinstance(step, Read)):
            lost = isinstance(step, Read)
            step = self._replied(_RELEASED if lost else self.deadline - self._monotonic())
        if isinstance(step, Open):
            self._released = False
        return step

    def _begin(self) -> None:
        timeout, self._timeout = self._timeout, None
        if timeout is not None:
            self.deadline = self._monotonic() + timeout

    def release(self) -> None:
        """Told that the open answer's connection is closed, while nobody waits for it."""
        self._released = True

    def _replied(self, reply: Any) -> Step:
        self._inside = True
        if isinstance(reply, DeadlineExceeded):
            step = self._flow.throw(reply)
        else:
            step = self._flow.send(reply)
        if isinstance(step, Sleep):
            self._wake_at = self._monotonic() + step.seconds
        self._step = None if isinstance(step, Emit) else step
        self._inside = False
        return step

    def close(self) -> None:
        self._flow.close()
