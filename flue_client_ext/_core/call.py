"""One HTTP exchange: credentials, the body read whole, and when to send again.

The rules: a read is retried while its trouble is passing; a POST only when it is certain that
nothing was sent, since a second one could execute a workflow twice."""

from __future__ import annotations

from ..errors import (
    FlueConnectionError,
    FlueProtocolError,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
)
from .backoff import UNARY, BackoffOptions, GaveUp, Retry
from .credentials import Credentials
from .http import Answer, Head, Request, is_retryable, retry_after
from .steps import Ambient, Conversation, DeadlineExceeded, Failure, Open, Read

READ_LIMIT = 45.0
"""Seconds without a byte after which a peer counts as dead: three heartbeats of 15 s (PROTOCOL)."""

MAX_BODY_BYTES = 256 * 1024 * 1024
_REFRESHES = 3


def send(
    request: Request, credentials: Credentials, limit: float | None
) -> Conversation[Head | Failure]:
    """Open `request`, with credentials evaluated for this attempt; a 401 evaluates them anew."""
    refreshes = _REFRESHES if credentials.refreshable else 0
    while True:
        prepared = yield from credentials.applied_to(request)
        reply: Head | Failure = yield Open(prepared, limit)
        if isinstance(reply, Head) and reply.encoding and 200 <= reply.status < 300:
            raise FlueProtocolError(
                f"the answer is encoded with {reply.encoding}, although identity was asked for",
                url=request.shown_url,
                proxy=reply.proxy,
            )
        if isinstance(reply, Failure) or reply.status != 401 or not refreshes:
            return reply
        refreshes -= 1
        body = yield from read_body(request, limit)
        if isinstance(body, Failure):
            return body


def read_body(request: Request, limit: float | None) -> Conversation[bytes | Failure]:
    """Read the open answer to its end."""
    parts: list[bytes] = []
    size = 0
    while True:
        part: bytes | Failure = yield Read(limit)
        if isinstance(part, Failure):
            return part
        if not part:
            return b"".join(parts)
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise FlueProtocolError(
                f"the answer is larger than {MAX_BODY_BYTES} bytes", url=request.shown_url
            )
        parts.append(part)


def exchange(
    request: Request, credentials: Credentials, limit: float | None
) -> Conversation[Answer | Failure]:
    """Send once and return the whole answer."""
    head = yield from send(request, credentials, limit)
    if isinstance(head, Failure):
        return head
    body = yield from read_body(request, limit)
    if isinstance(body, Failure):
        return body
    return head.answer(body)


def call(
    request: Request,
    credentials: Credentials,
    ambient: Ambient,
    *,
    options: BackoffOptions | None = None,
    limit: float | None = READ_LIMIT,
) -> Conversation[Answer]:
    """Perform one call and return its answer, whatever its status."""
    retry = Retry(options or UNARY, ambient.jitter)
    try:
        while True:
            outcome = yield from exchange(request, credentials, limit)
            if isinstance(outcome, Failure):
                yield from _after_failure(request, outcome, retry)
            elif request.method == "POST" or not is_retryable(outcome.status):
                return outcome
            else:
                floor = retry_after(outcome.headers, ambient.wall())
                cause = f"status {outcome.status}"
                try:
                    yield from retry.pause(cause, status=outcome.status, floor=floor)
                except GaveUp:
                    return outcome
    except DeadlineExceeded as passed:
        raise _overdue(request, passed, retry.waiting_after) from None


def _after_failure(request: Request, failure: Failure, retry: Retry) -> Conversation[None]:
    """Return when the request may be sent again; raise what the user is to know otherwise."""
    if request.method == "POST" and failure.sent:
        raise InvokeOutcomeUnknownError(
            f"POST {request.shown_url} failed after it may have arrived ({failure.cause});"
            " it was not sent again",
            cause=failure.cause,
        )
    if failure.stale:
        return
    if failure.permanent:
        raise connection_error(request, failure)
    try:
        yield from retry.pause(failure.cause)
    except GaveUp:
        raise connection_error(request, failure) from None


def connection_error(
    request: Request, failure: Failure, offset: str | None = None
) -> FlueConnectionError:
    """The error for a failure that is final."""
    kind = FlueTimeoutError if failure.kind == "timeout" else FlueConnectionError
    words = f"{request.method} {request.shown_url} failed: {failure.cause}"
    return kind(words, cause=failure.cause, offset=offset)


def _overdue(
    request: Request, passed: DeadlineExceeded, waiting_after: str | None
) -> FlueConnectionError:
    words = f"the deadline of {request.method} {request.shown_url} passed"
    if request.method == "POST" and passed.sent:
        return InvokeOutcomeUnknownError(
            words + " after it may have arrived", cause="the deadline passed"
        )
    cause = "the deadline passed"
    if waiting_after is not None:
        words += f" while waiting to retry ({waiting_after})"
        cause += f" while waiting to retry after: {waiting_after}"
    return FlueTimeoutError(words, cause=cause)
