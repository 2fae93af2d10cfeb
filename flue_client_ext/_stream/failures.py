"""Turns failures into errors: their wording and their fields, for calls and streams alike."""

from __future__ import annotations

from typing import NamedTuple

from .._values.http import Request, Response, is_retryable
from .._values.retry_after import retry_after, retry_delay
from .._values.steps import Failure, Flow, T
from ..errors import (
    FlueConnectionError,
    FlueError,
    FlueTimeoutError,
    Identifiers,
    InvokeOutcomeUnknownError,
)
from .backoff import Retry

_DEADLINE_PASSED = "the deadline passed"


class FailedRequest(NamedTuple):
    """Why a request of a stream brought no usable answer. `error` is raised if no retry helps. With
    neither a failure nor a status, the answer breaks the protocol. `floor`: the seconds of a
    Retry-After."""

    cause: str
    error: FlueError
    failure: Failure | None = None
    status: int | None = None
    floor: float = 0.0

    @property
    def outcome(self) -> Failure | int | None:
        return self.failure or self.status

    @property
    def is_final(self) -> bool:
        """Whether it is an answer that no retry changes."""
        return self.status is not None and not is_retryable(self.status)


def cause_of(outcome: Response | Failure) -> str:
    """Say in words why a request is to be sent again."""
    return outcome.cause if isinstance(outcome, Failure) else f"status {outcome.status}"


def retry_floor(outcome: Response | Failure, now: float) -> float:
    """Return the seconds that a Retry-After asks to wait; 0 for an answer that no retry helps.
    `now`: the wall clock (PROTOCOL, retries of reads)."""
    if isinstance(outcome, Failure):
        return retry_delay(outcome.retry_after, now)
    return retry_after(outcome.headers, now) if is_retryable(outcome.status) else 0.0


def connection_error(
    request: Request, failure: Failure, offset: str | None = None
) -> FlueConnectionError:
    """Return the error for a failure of the transport that is final."""
    kind = FlueTimeoutError if failure.kind == "timeout" else FlueConnectionError
    words = f"{request.method} {request.shown_url} failed: {failure.cause}"
    return kind(words, cause=failure.cause, offset=offset)


def outcome_unknown(request: Request, cause: str) -> InvokeOutcomeUnknownError:
    """Return the error for a POST that may have arrived (PROTOCOL, one POST)."""
    words = f"POST {request.shown_url} failed after it may have arrived ({cause})"
    if not request.idempotent:
        words += "; it was not sent again"
    return InvokeOutcomeUnknownError(words, cause=cause)


def deadline_cause(retry: Retry | None) -> str:
    """Say in words that the deadline has passed, and which failure the call was about to mend."""
    if retry is None or retry.after is None:
        return _DEADLINE_PASSED
    doing = "waiting to retry" if retry.is_waiting else "retrying"
    return f"{_DEADLINE_PASSED} while {doing} after: {retry.after}"


def is_overdue(error: FlueConnectionError) -> bool:
    """Whether the deadline of the call is what ended it."""
    return (error.cause or "").startswith(_DEADLINE_PASSED)


def overdue(retry: Retry | None, where: str, *, offset: str | None = None) -> FlueTimeoutError:
    """Return the error for a deadline that has passed. `where` says what the call was doing, or
    which stream it read, whose `offset` says how far it had come."""
    cause = deadline_cause(retry)
    place = where if offset is None else f"{where}, at offset {offset}"
    return FlueTimeoutError(f"{cause} ({place})", cause=cause, offset=offset)


def identified(flow: Flow[T], identifiers: Identifiers) -> Flow[T]:
    """Run `flow`. Attach the identifiers that are known by then to the error that ends it."""
    try:
        return (yield from flow)
    except FlueError as error:
        identifiers.attach_to(error)
        raise
