"""The vocabulary between a flow and its driver.

| step | the driver's reply |
|---|---|
| `Open(request, timeout)` | `Head`, or `Failure` |
| `Read(timeout)` | the next bytes of the open answer's body, `b""` at its end, or `Failure` |
| `POLL` | as for a `Read`, `None` where it would wait |
| `Sleep(seconds)` | `None`; the `Machine` knows when it ends |
| `Call(function)` | `Outcome`: what the user's function returned (awaited where due) or raised |
| `Emit(batch)` | `None`, once the consumer has taken it and asks for more |
| `Note(level, text)` | `None`; the driver logs it |
| `TIME_LEFT` | the seconds until the call's deadline, `inf` without one; the `Machine` knows |

`Open` closes what was open before. When the call's deadline passes, `DeadlineExceeded` is raised in
the flow. When the call is cancelled, the flow is closed, or the `Machine` resumes its step later;
the flow needs no code for either.

Values that stay in the package and hold no secret are named tuples, here and in the modules around:
defining one takes a fraction of the time of an attrs class, and every import pays for it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from attrs import frozen

from .http import Request


class Open(NamedTuple):
    request: Request
    timeout: float | None
    """Seconds until the head must have arrived, after connecting; `None` for no limit."""


class Read(NamedTuple):
    timeout: float | None


class Poll:
    pass


POLL = Poll()


class Sleep(NamedTuple):
    seconds: float


class Call(NamedTuple):
    function: Callable[[], Any]


@frozen
class Batch:
    """Items that belong together, and the offset after them.

    Empty for a poll that brought nothing and for a control frame without data. `closed` implies
    `up_to_date`.
    """

    items: list[Any]
    offset: str
    up_to_date: bool
    closed: bool


class Emit(NamedTuple):
    batch: Batch


class Note(NamedTuple):
    level: Literal["debug", "info", "warning"]
    text: str


class TimeLeft:
    pass


TIME_LEFT = TimeLeft()


class Failure(NamedTuple):
    """Why an `Open` or a `Read` failed."""

    kind: Literal["connect", "cut", "timeout", "released"]
    cause: str
    sent: bool = True
    """Whether bytes of the request may have left this machine."""
    stale: bool = False
    """A kept-alive connection had been closed by its server before this request."""
    permanent: bool = False
    """No retry can succeed: a certificate does not verify, for example."""
    retry_after: str = ""
    """The Retry-After header of a proxy that refused a tunnel for now."""


class Outcome(NamedTuple):
    """What a user's function did."""

    value: Any = None
    error: Exception | None = None

    def get(self) -> Any:
        """Return the value, or raise the function's own error."""
        if self.error is not None:
            raise self.error
        return self.value


class DeadlineExceeded(Exception):  # raised inside flows only
    """The deadline of the whole call passed. `sent`: bytes of the open request may have left."""

    def __init__(self, sent: bool) -> None:
        super().__init__()
        self.sent = sent


class Clock(NamedTuple):
    """Time and randomness for a flow: two clocks in seconds, and jitter."""

    monotonic: Callable[[], float]
    wall: Callable[[], float]
    jitter: Callable[[float], float]


Wait: TypeAlias = Open | Read | Poll | Sleep | Call | Note
"""What a driver performs."""
Step: TypeAlias = Wait | Emit | TimeLeft
T = TypeVar("T")
Flow: TypeAlias = Generator[Step, Any, T]
