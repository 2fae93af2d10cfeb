"""When to try again: capped exponential growth with full jitter, and Retry-After as a floor."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import Any

from attrs import field, frozen

from .._values.checks import field_check, function, number, whole
from .._values.steps import Call, Flow, Note, Outcome, Sleep


@frozen
class FailedAttempt:
    """The argument of `on_failed_attempt`. `attempt` is the number among the consecutive failures,
    from 1; `delay` the seconds until the next attempt, `None` after the last; `cause` the reason in
    words; `status` the HTTP status, if there was an answer."""

    attempt: int
    delay: float | None
    cause: str
    status: int | None


def _positive(value: object, what: str) -> None:
    number(value, what, "a number of seconds above 0", lambda given: 0 < given < math.inf)


def _multiplier(value: object, what: str) -> None:
    number(value, what, "a number of at least 1", lambda given: given >= 1)


def _retries(value: object, what: str) -> None:
    if value is not None:
        whole(value, what, 0)


@frozen(kw_only=True)
class BackoffOptions:
    """How reads are retried: delays in seconds, with full jitter.

    `max_retries` counts consecutive failures; any new offset resets it; `None` retries for ever.
    `on_failed_attempt` gets one `FailedAttempt`; what it raises is logged and otherwise ignored.
    """

    initial_delay: float = field(default=0.1, validator=field_check(_positive))
    max_delay: float = field(default=60.0, validator=field_check(_positive))
    multiplier: float = field(default=1.3, validator=field_check(_multiplier))
    max_retries: int | None = field(default=15, validator=field_check(_retries))
    on_failed_attempt: Callable[[FailedAttempt], object] | None = field(
        default=None, validator=field_check(function)
    )


UNARY = BackoffOptions(initial_delay=0.2, max_delay=5.0, multiplier=2.0, max_retries=4)
"""Default of single calls, which also have a deadline."""


class GaveUp(Exception):  # caught inside the flow
    """The retries are used up."""


class Retry:
    """The consecutive failures of one flow. `what` names what it tries, for the log."""

    def __init__(
        self, options: BackoffOptions, jitter: Callable[[float], float], what: str = ""
    ) -> None:
        self._options = options
        self._jitter = jitter
        self._what = what
        self._delays: Generator[float, Any, None] | None = None
        self.failures = 0
        self.after: str | None = None
        """The cause of the failure that the next attempt, or the one under way, follows; `None`
        once an attempt has brought something."""
        self.is_waiting = False
        """Whether the flow waits for the next attempt, or its deadline has passed as it did."""

    def reset(self) -> None:
        self.failures, self._delays, self.after = 0, None, None

    @property
    def exhausted(self) -> bool:
        """Whether the next failure is the last."""
        limit = self._options.max_retries
        return limit is not None and self.failures >= limit

    def pause(
        self,
        cause: str,
        *,
        status: int | None = None,
        floor: float = 0.0,
        most: float = math.inf,
    ) -> Flow[None]:
        """Wait before the next attempt, at most `most` seconds; raise `GaveUp` if the retries are
        used up. Calls the user's hook in both cases."""
        over = self.exhausted
        self.failures += 1
        self.after = cause
        delay = None if over else min(max(self._jittered(), floor), most)
        yield from self._tell(FailedAttempt(self.failures, delay, cause, status))
        if delay is None:
            raise GaveUp
        words = f"attempt {self.failures} failed ({cause}), next in {delay:.2f} s"
        yield Note("info", f"{self._what}: {words}" if self._what else words)
        self.is_waiting = True  # stays so if the deadline passes: the error says it
        yield Sleep(delay)
        self.is_waiting = False

    def _jittered(self) -> float:
        if self._delays is None:
            try:
                import backoff
            except OSError:  # where the failure is that no file can be opened, no module can either
                return self._options.initial_delay
            o = self._options
            self._delays = backoff.expo(
                base=o.multiplier, factor=o.initial_delay, max_value=o.max_delay
            )
            next(self._delays)
        return self._jitter(next(self._delays))

    def _tell(self, attempt: FailedAttempt) -> Flow[None]:
        hook = self._options.on_failed_attempt
        if hook is None:
            return
        outcome: Outcome = yield Call(lambda: hook(attempt))
        if outcome.error is not None:
            name = type(outcome.error).__name__
            yield Note("warning", f"on_failed_attempt raised {name}: ignored")


def full_jitter(ceiling: float) -> float:
    """Return a random delay between 0 and `ceiling` seconds."""
    import backoff

    return float(backoff.full_jitter(ceiling))
