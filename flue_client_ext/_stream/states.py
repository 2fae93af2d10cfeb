"""The states of a reading, and what each event does in each of them: one table.

A cell is the next state, or the error that is raised in its place. A reading belongs to one reader
at a time; between two batches its stream may also be released, closed or aborted, from any thread.

| state | meaning |
|---|---|
| `NEW` | nothing has been asked for |
| `RUNNING` | the flow has its turn |
| `WAITING` | a driver performs a step |
| `IDLE` | a batch was emitted; the next has not been asked for |
| `CANCELLED` | a task's cancellation or Ctrl-C interrupted a step, which can be resumed |
| `FINISHED` | the flow has returned or failed, or the stream was closed |
| `ABORTED` | the signal was aborted |
| `BROKEN` | cancelled where a batch may be lost |

| event | when it happens |
|---|---|
| `NEXT` | the consumer asks for the next batch |
| `STEP`, `EMIT`, `END` | the flow wants a step, emits a batch, returns |
| `REPLY` | the driver has performed the step |
| `ERROR` | an `Exception` leaves the driver |
| `CANCEL` | any other exception leaves the driver, which closes its connection |
| `LOSE` | an exception interrupts the consumer as it takes a batch from the driver |
| `SIGNAL` | the signal has been aborted; from any thread |
| `ABORT` | the reader finds the signal aborted, before or after a turn of the flow |
| `RELEASE` | the consumer needs no connection for now; from any thread |
| `CLOSE` | the consumer is done; from any thread |

In `RUNNING` and `WAITING`, `SIGNAL`, `RELEASE` and `CLOSE` change nothing: a running generator
cannot be closed. The signal wakes the reader, which finds it aborted and ends the flow. A `LOSE` in
these states comes from a second reader, whose `NEXT` was refused."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from .aborting import Aborted


class State(IntEnum):
    NEW = 0
    RUNNING = 1
    WAITING = 2
    IDLE = 3
    CANCELLED = 4
    FINISHED = 5
    ABORTED = 6
    BROKEN = 7


class Event(IntEnum):
    NEXT = 0
    STEP = 1
    REPLY = 2
    EMIT = 3
    END = 4
    ERROR = 5
    CANCEL = 6
    LOSE = 7
    SIGNAL = 8
    ABORT = 9
    RELEASE = 10
    CLOSE = 11


class SecondReader(RuntimeError):
    """Refuses whoever asks while somebody else reads, and has no batch to lose."""


class Refusal(NamedTuple):
    """The error that an event raises."""

    error: type[BaseException]
    words: str = ""


NEW, RUNNING, WAITING, IDLE, CANCELLED, FINISHED, ABORTED, BROKEN = State
NEXT, STEP, REPLY, EMIT, END, ERROR, CANCEL, LOSE, SIGNAL, ABORT, RELEASE, CLOSE = Event

BUSY = RUNNING, WAITING
ENDED = FINISHED, ABORTED, BROKEN

SECOND = Refusal(SecondReader, "another thread or task is reading this stream")
STOPPED = Refusal(Aborted)
LOST = Refusal(
    RuntimeError,
    "this stream was cancelled where a batch may be lost, and cannot go on: open another one with"
    " resume=stream.checkpoint",
)
ILLEGAL = Refusal(RuntimeError, "this event does not happen in this state")
"""A driver that performs one step after another never causes it."""

# fmt: off
TRANSITIONS: tuple[tuple[State | Refusal, ...], ...] = (
    #  NEW       RUNNING   WAITING    IDLE      CANCELLED  FINISHED  ABORTED  BROKEN
    (RUNNING,  SECOND,   SECOND,    RUNNING,  RUNNING,   FINISHED, STOPPED, LOST),     # NEXT
    (ILLEGAL,  WAITING,  ILLEGAL,   ILLEGAL,  ILLEGAL,   ILLEGAL,  ILLEGAL, ILLEGAL),  # STEP
    (ILLEGAL,  ILLEGAL,  RUNNING,   ILLEGAL,  ILLEGAL,   ILLEGAL,  STOPPED, ILLEGAL),  # REPLY
    (ILLEGAL,  IDLE,     ILLEGAL,   ILLEGAL,  ILLEGAL,   ILLEGAL,  ILLEGAL, ILLEGAL),  # EMIT
    (ILLEGAL,  FINISHED, ILLEGAL,   ILLEGAL,  ILLEGAL,   ILLEGAL,  ILLEGAL, ILLEGAL),  # END
    (FINISHED, FINISHED, FINISHED,  FINISHED, FINISHED,  FINISHED, ABORTED, BROKEN),   # ERROR
    (NEW,      BROKEN,   CANCELLED, BROKEN,   CANCELLED, FINISHED, ABORTED, BROKEN),   # CANCEL
    (NEW,      RUNNING,  WAITING,   BROKEN,   CANCELLED, FINISHED, ABORTED, BROKEN),   # LOSE
    (ABORTED,  RUNNING,  WAITING,   ABORTED,  ABORTED,   FINISHED, ABORTED, BROKEN),   # SIGNAL
    (ILLEGAL,  ABORTED,  ABORTED,   ABORTED,  ILLEGAL,   ILLEGAL,  ABORTED, ILLEGAL),  # ABORT
    (NEW,      RUNNING,  WAITING,   IDLE,     CANCELLED, FINISHED, ABORTED, BROKEN),   # RELEASE
    (FINISHED, RUNNING,  WAITING,   FINISHED, FINISHED,  FINISHED, ABORTED, BROKEN),   # CLOSE
)
# fmt: on


def after(state: State, event: Event) -> State:
    """Return the state that follows, or raise the table's error."""
    outcome = TRANSITIONS[event][state]
    if isinstance(outcome, State):
        return outcome
    raise outcome.error(outcome.words)
