"""What the errors of a user's httpx client mean.

Three kinds of code raise them: the transport, whose errors are failures of the request; the user's
hooks and authentication, whose errors propagate unchanged, even those of httpx's own classes; and
`raise_for_status()` in a hook, which tells no more than the status of the response. Sends nothing,
and shows no header and no query."""

from __future__ import annotations

import ssl

import httpx

from .._values.http import is_retryable
from .._values.steps import DeadlineExceeded, Failure
from .failures import chain, classified, describe, is_permanent, tls_reason
from .httpx_messages import BODY_LOST
from .httpx_progress import Progress
from .tls_errors import is_refusal

TRANSPORT_ERRORS = (httpx.HTTPError, httpx.StreamError, ConnectionError, TimeoutError, ssl.SSLError)
"""What a transport raises. Any other error, another `OSError` too, comes from the user's code."""

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def is_of_transport(error: BaseException, sent: httpx.Request) -> bool:
    """Whether `error`, which `client.send(sent)` raised, is the transport's, not that of a hook or
    an authentication.

    The transport's errors have `sent` as their request, even in a hook that reads the response. In
    a request that an authentication makes they have another, and the traceback decides.
    """
    return _request_of(error) is sent or _crossed_transport(error)


def response_of(error: httpx.HTTPStatusError, sent: httpx.Request) -> httpx.Response:
    """Return the response to `sent` for which a hook has called `raise_for_status()`; raise any
    other error. httpx has closed the response: its body is lost unless the hook has read it."""
    response = error.response
    if error.request is not sent or response.is_success:
        raise error
    try:
        _ = response.content
    except httpx.ResponseNotRead:
        response.stream = httpx.ByteStream(b"")
        response.is_closed = response.is_stream_consumed = False
        response.read()
        response.extensions = {**response.extensions, BODY_LOST: True}
    return response


def failure_of(error: Exception, progress: Progress) -> Failure:
    """Return the failure that a transport's error is, after the progress of its request. The error
    itself is not kept: it holds the request with its headers."""
    if _is_illegal(error) or is_refusal(tls_reason(error)):
        # h11 has written nothing; or a TLS 1.3 server has refused, and read no request.
        return Failure("connect", _described(error), sent=False, permanent=True)
    sent = progress.sent
    if sent is None:  # without events, the class of the error decides
        sent = not isinstance(error, _NOT_SENT)
    return classified(
        _described(error, established=sent),
        sent=sent,
        permanent=_is_permanent(error),
        timed_out=isinstance(error, httpx.TimeoutException),
        stale=progress.stale,
    )


def overdue(sent: bool, now: float, deadline: float, *, queued: bool = False) -> Failure:
    """Return the failure that a wait is which exceeds a limit of this package: in the queue before
    httpx, what one in httpx's is. Raises `DeadlineExceeded` if that was the deadline."""
    if now >= deadline:
        raise DeadlineExceeded(sent) from None
    cause = describe(httpx.PoolTimeout("") if queued else TimeoutError("timed out"))
    return classified(cause, sent=sent, permanent=False, timed_out=True, stale=False)


def _request_of(error: BaseException) -> httpx.Request | None:
    if not isinstance(error, httpx.RequestError):
        return None
    try:
        return error.request
    except RuntimeError:  # the error has no request
        return None


def _crossed_transport(error: BaseException) -> bool:
    """Whether httpx's client had called the transport when `error` was raised, and no function of
    the user's in between, which may use another client."""
    trace, inside = error.__traceback__, False
    while trace is not None:
        frame, trace = trace.tb_frame, trace.tb_next
        if frame.f_globals.get("__name__") != "httpx._client":
            if inside:
                return False
            continue
        if frame.f_code.co_name == "_send_single_request":
            return True
        inside = True
    return False


def _is_permanent(error: Exception) -> bool:
    if isinstance(error, httpx.ProxyError):  # its text begins with the status
        status = str(error).partition(" ")[0]
        return status.isascii() and status.isdigit() and not is_retryable(int(status))
    return isinstance(error, httpx.UnsupportedProtocol) or is_permanent(error)


def _is_illegal(error: Exception) -> bool:
    """Whether h11 found the request illegal, before it wrote any of it."""
    if not isinstance(error, httpx.LocalProtocolError):
        return False
    return any(type(each).__module__.startswith("h11.") for each in chain(error))


def _described(error: Exception, *, established: bool = False) -> str:
    if isinstance(error, httpx.HTTPStatusError):  # its text quotes the URL with its query
        return f"HTTPStatusError: {error.response.status_code}, raised by a transport"
    if _is_illegal(error):  # its text quotes the header
        return "LocalProtocolError: http_client adds a header that HTTP does not allow"
    return describe(error, established=established)
