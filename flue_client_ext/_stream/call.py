"""A single call: one request with credentials, its whole body, and the retries of `policy`."""

from __future__ import annotations

from collections.abc import Callable

from .._values.http import Head, Request, Response, proxy_note
from .._values.jsoncodec import NotJson, decode
from .._values.steps import Clock, DeadlineExceeded, Failure, Flow, Open, Read
from ..errors import FlueProtocolError
from .backoff import UNARY, BackoffOptions, GaveUp, Retry
from .credentials import Credentials
from .failures import (
    cause_of,
    connection_error,
    deadline_cause,
    outcome_unknown,
    overdue,
    retry_floor,
)
from .policy import decide, refuses

CUT_AT_END = "a body without a length that is not JSON: it was cut"
MAX_BODY_BYTES = 256 * 1024 * 1024
_REFRESHES = 3


def send(request: Request, credentials: Credentials, limit: float | None) -> Flow[Head | Failure]:
    """Open `request`, with credentials evaluated for this attempt; a 401 evaluates them anew."""
    attempt = 0
    while True:
        prepared = yield from credentials.applied_to(request)
        reply: Head | Failure = yield Open(prepared, limit)
        if isinstance(reply, Head):
            _check_coding(request, reply)
        if isinstance(reply, Failure) or reply.status != 401:
            return reply
        if attempt == _REFRESHES or not credentials.refreshable:
            return reply
        attempt += 1
        yield from read_body(request, reply, lambda: limit)  # a cut here does not matter


def _check_coding(request: Request, head: Head) -> None:
    """Raise for an encoded body: the request accepts `identity` only (RFC 9110 section 12.5.3)."""
    has_body = request.method != "HEAD" and head.status != 204
    if not (has_body and 200 <= head.status < 300 and head.encoding):
        return
    words = f"the answer is encoded with {head.encoding}, although identity was asked for"
    if request.method == "POST":
        words = f"the request was accepted ({head.status}), but {words}"
    raise FlueProtocolError(words, url=request.shown_url, proxy=head.proxy)


def read_body(
    request: Request, head: Head, limit: Callable[[], float | None]
) -> Flow[bytes | Failure]:
    """Read the open answer to its end. `limit`: the seconds that its next bytes may take."""
    if head.body is not None:
        check_size(request, head, len(head.body))
        return _whole(head, head.body)
    first: bytes = b""
    more = bytearray()  # a list of tiny chunks would take 50 times as much
    while True:
        part: bytes | Failure = yield Read(limit())
        if isinstance(part, Failure):
            return part
        if not part:
            return _whole(head, first + more if more else first)
        check_size(request, head, len(first) + len(more) + len(part))
        if first:
            more += part
        else:
            first = part


def check_size(request: Request, head: Head, size: int) -> None:
    """Raise for a body of `size` bytes if that is more than any answer may have."""
    if size > MAX_BODY_BYTES:
        words = f"the answer is larger than {MAX_BODY_BYTES} bytes"
        raise FlueProtocolError(words, url=request.shown_url, proxy=head.proxy)


def _whole(head: Head, body: bytes) -> bytes | Failure:
    """Return the body, unless it was cut: where no length tells its end, the JSON that its head
    announces does (PROTOCOL, whole and cut answers). An error is told by its status."""
    if head.status < 300 and head.close_delimited and head.content_type == "application/json":
        try:
            decode(body)
        except NotJson:
            return Failure("cut", CUT_AT_END + proxy_note(head.proxy))
    return body


Decides = Callable[[Response], bool]
"""Whether an answer tells what became of the earlier attempts of a POST as well."""
ReadBody = Callable[[Request, Head, Callable[[], float | None]], Flow[bytes | Failure]]
"""Reads the open answer to its end, as `read_body` does."""


def exchange(
    request: Request, credentials: Credentials, limit: float | None, read: ReadBody = read_body
) -> Flow[Response | Failure]:
    """Send once and return the whole answer."""
    head = yield from send(request, credentials, limit)
    if isinstance(head, Failure):
        return head
    refused = request.method == "POST" and 400 <= head.status < 500  # with or without its body
    try:
        body = yield from read(request, head, lambda: limit)
    except DeadlineExceeded:
        if not refused:
            raise
        return head.response(None)
    if isinstance(body, Failure):
        return head.response(None) if refused and not request.idempotent else body
    return head.response(body)


def call(
    request: Request,
    credentials: Credentials,
    clock: Clock,
    *,
    options: BackoffOptions | None = None,
    limit: float | None = None,
    read: ReadBody = read_body,
    decides: Decides = lambda answer: answer.status < 300,
) -> Flow[Response]:
    """Perform one call and return its answer, whatever its status. For a POST of which an earlier
    attempt may have arrived and got no answer, only one that `decides`."""
    what = f"{request.method} {request.shown_url}"
    retry = Retry(options or UNARY, clock.jitter, what)
    arrived = unanswered = False  # perhaps, with an earlier attempt
    try:
        while True:
            began = clock.monotonic()
            outcome = yield from exchange(request, credentials, limit, read)
            told = outcome if isinstance(outcome, Failure) else outcome.status
            lasted = clock.monotonic() - began
            decision = decide(told, lasted, idempotent=request.idempotent)
            if isinstance(outcome, Failure):
                unanswered = unanswered or outcome.sent
                is_open = arrived = arrived or outcome.sent
            else:
                arrived = arrived or not refuses(outcome.status)
                is_open = unanswered and not decides(outcome)
            if decision == "never":
                return _final(request, outcome, is_open)
            if decision == "after a pause":
                try:
                    yield from _pause(retry, outcome, clock)
                except GaveUp:
                    return _final(request, outcome, is_open)
    except DeadlineExceeded as passed:
        if request.method == "POST" and (passed.sent or arrived):
            raise outcome_unknown(request, deadline_cause(retry)) from None
        raise overdue(retry, what) from None


def _pause(retry: Retry, outcome: Response | Failure, clock: Clock) -> Flow[None]:
    status = None if isinstance(outcome, Failure) else outcome.status
    floor = retry_floor(outcome, clock.wall())
    yield from retry.pause(cause_of(outcome), status=status, floor=floor)


def _final(request: Request, outcome: Response | Failure, is_open: bool) -> Response:
    """Return the answer; raise what the user is to know of a failure. `is_open`: an attempt may
    have been accepted, and `outcome` does not tell."""
    if request.method == "POST" and is_open:
        raise outcome_unknown(request, cause_of(outcome))
    if isinstance(outcome, Response):
        return outcome
    raise connection_error(request, outcome)
