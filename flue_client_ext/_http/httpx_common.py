"""What the two channels over a user's httpx client have in common."""

from __future__ import annotations

import ssl
from typing import Any

import httpx

from .._values.http import Head, Request, fold_headers, is_retryable
from .._values.limits import LIMITS
from .._values.steps import Failure
from .alerts import is_refusal
from .failures import chain, describe, is_permanent, tls_reason

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
TROUBLE = (httpx.HTTPError, httpx.StreamError, ConnectionError, TimeoutError, ssl.SSLError)
"""What a transport raises. Every other error, another `OSError` too, is of the user's own hook or
authentication, and comes out as it is."""

_SMALL_BODY = 64 * 1024
"""Bytes of a body that are fetched together with its head: less than one turn on any wire."""

_FRAMED = ("HTTP/2", "HTTP/3")
"""Versions that mark the end of every body."""


DULL = frozenset(
    f"http11.{step}"
    for step in (
        "send_request_headers.complete",
        "send_request_body.started",
        "send_request_body.complete",
        "receive_response_headers.started",
        "receive_response_body.started",
        "receive_response_body.complete",
        "response_closed.started",
        "response_closed.complete",
    )
)
"""Steps on a connection that say nothing new; there are eight of them in every exchange."""


class Progress:
    """How far a request has come, as httpcore's trace extension tells. Transports that are not
    httpcore's tell nothing."""

    def __init__(self) -> None:
        self.told = False
        self._fresh = self._sent = self._answered = False

    def note(self, step: str, info: dict[str, Any]) -> None:
        self.told = True
        if not step.startswith("http11."):  # what a kept connection of HTTP/1.1 never tells
            self._fresh = True
        if step.endswith("send_request_headers.started"):
            # A proxy's CONNECT is not the request.
            self._sent = self._sent or getattr(info.get("request"), "method", b"") != b"CONNECT"
        elif step.endswith("receive_response_headers.complete"):
            self._answered = self._sent

    @property
    def maybe_sent(self) -> bool:
        return self._sent or not self.told

    def corrected(self, failure: Failure) -> Failure:
        """What a failure means now that it is known how far the request has come."""
        if not self.told or not failure.sent:
            return failure
        if not self._sent:
            return failure._replace(kind="connect", sent=False)
        stale = not (self._fresh or self._answered or failure.kind == "timeout")
        return failure._replace(stale=stale)


def limits(limit: float | None, left: float) -> httpx.Timeout:
    """httpx's four limits for one operation, none beyond the `left` seconds of the deadline."""
    seconds = None if left == float("inf") else max(left, 0.001)

    def within(own: float | None) -> float | None:
        if own is None or seconds is None:
            return own if seconds is None else seconds
        return min(own, seconds)

    return httpx.Timeout(
        connect=within(LIMITS.connect),
        read=within(limit),
        write=within(limit or 60.0),
        pool=within(LIMITS.pool),
    )


def params_of(
    client: httpx.Client | httpx.AsyncClient, request: Request
) -> httpx.QueryParams | None:
    """The parameters to give along with the URL: where a client has some of its own, httpx puts
    them in the place of the URL's."""
    return httpx.URL(request.url).params if client.params else None


def headers_of(request: Request) -> list[tuple[bytes, bytes]]:
    """The headers as bytes: httpx would refuse, and show, a value that is not ASCII."""
    return [(name.encode(), value.encode("latin-1")) for name, value in request.headers.items()]


def head_of(request: Request, response: httpx.Response) -> Head:
    headers = fold_headers(response.headers.raw)
    bodiless = request.method == "HEAD" or response.status_code in (204, 304)
    delimited = (
        bodiless
        or "content-length" in headers
        or "transfer-encoding" in headers
        or response.http_version in _FRAMED
        or "network_stream" not in response.extensions
    )
    return Head(response.status_code, headers, close_delimited=not delimited)


def is_small(request: Request, head: Head) -> bool:
    """Whether the body may be fetched at once: it has a small length, or there is none."""
    length = head.headers.get("content-length", "")
    bodiless = request.method == "HEAD" or head.status in (204, 304)
    return bodiless or (length.isascii() and length.isdigit() and int(length) <= _SMALL_BODY)


def failure_of(error: Exception) -> Failure:
    """Say what an httpx error means; it is not kept, since it holds the request's headers."""
    cause = _described(error)
    if isinstance(error, httpx.HTTPStatusError):  # its words quote the URL with its query
        cause = f"HTTPStatusError: {error.response.status_code}, raised by a hook of http_client"
    if _is_illegal(error):  # whose words quote the header
        cause = "LocalProtocolError: http_client adds a header that HTTP does not allow"
    if isinstance(error, _NOT_SENT) or _is_illegal(error):
        return Failure("connect", cause, sent=False, permanent=_is_permanent(error))
    if is_refusal(tls_reason(error)):  # by a TLS 1.3 server, in place of an answer
        return Failure("connect", cause, sent=False, permanent=True)
    if isinstance(error, httpx.TimeoutException):
        return Failure("timeout", cause)
    return Failure("cut", cause)


def _is_permanent(error: Exception) -> bool:
    if isinstance(error, httpx.ProxyError):  # httpcore puts the status first
        status = str(error).partition(" ")[0]
        return status.isascii() and status.isdigit() and not is_retryable(int(status))
    return isinstance(error, httpx.UnsupportedProtocol) or _is_illegal(error) or is_permanent(error)


def _is_illegal(error: Exception) -> bool:
    """Whether h11 found the request illegal, before it wrote any of it."""
    if not isinstance(error, httpx.LocalProtocolError):
        return False
    return any(type(link).__module__.startswith("h11.") for link in chain(error))


def _described(error: BaseException) -> str:
    """Under trio httpx's errors say nothing themselves, and an `OSError` below them says it."""
    below: BaseException | None = error
    while below is not None and not str(error):
        if isinstance(below, OSError) and str(below):
            return describe(below)
        below = below.__cause__ or below.__context__
    return describe(error)
