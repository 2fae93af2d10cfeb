"""What the two channels over a user's httpx client have in common."""

from __future__ import annotations

import httpx

from .._core.alerts import is_refusal
from .._core.http import Head, Request, fold_headers, is_retryable
from .._core.steps import Failure
from .failures import chain, describe, is_permanent, tls_reason
from .tcp import CONNECT_TIMEOUT

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_POOL_LIMIT = 30.0


def limits(limit: float | None, left: float) -> httpx.Timeout:
    """httpx's four limits for one operation, none beyond the `left` seconds of the deadline."""
    seconds = None if left == float("inf") else max(left, 0.001)

    def within(own: float | None) -> float | None:
        if own is None or seconds is None:
            return own if seconds is None else seconds
        return min(own, seconds)

    return httpx.Timeout(
        connect=within(CONNECT_TIMEOUT),
        read=within(limit),
        write=within(limit or 60.0),
        pool=within(_POOL_LIMIT),
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
        or response.http_version != "HTTP/1.1"
        or "network_stream" not in response.extensions
    )
    return Head(response.status_code, headers, close_delimited=not delimited)


def failure_of(error: Exception) -> Failure:
    """Say what an httpx error means; it is not kept, since it holds the request's headers."""
    cause = describe(error)
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
