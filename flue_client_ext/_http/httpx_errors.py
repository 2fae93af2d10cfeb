"""What the errors mean that come out of a user's httpx client.

Three kinds of code raise them: the transport, whose errors are failures of the request; the user's
hooks and authentication, whose errors come out as they are, httpx's own classes too; and
`raise_for_status()` in a hook, which says nothing but the status of an answer that is known."""

from __future__ import annotations

import ssl

import httpx

from .._values.http import is_retryable
from .._values.steps import Failure
from .failures import chain, classified, describe, is_permanent, tls_reason
from .httpx_common import BODY_LOST, Progress
from .tls_errors import is_refusal

TROUBLE = (httpx.HTTPError, httpx.StreamError, ConnectionError, TimeoutError, ssl.SSLError)
"""What a transport raises. Every other error, another `OSError` too, is of the user's own code."""

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def is_of_transport(error: BaseException, sent: httpx.Request) -> bool:
    """Whether an error of `client.send(sent)` is the transport's, not a hook's or authentication's.
    One that met a hook in reading the answer to `sent` is: httpx puts the request on it. A request
    that an authentication asks for has no such mark, but goes through the transport."""
    return _request_of(error) is sent or _crossed_transport(error)


def refused_answer(error: httpx.HTTPStatusError, sent: httpx.Request) -> httpx.Response:
    """Return the answer to `sent` that a hook refused by `raise_for_status()`; raise any other
    error. httpx has closed the answer: its body is there if the hook has read it."""
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
    """Say what a transport's error means for a request that has come as far as `progress` knows;
    the error is not kept, since it holds the request's headers."""
    cause = _in_words(error)
    if _is_illegal(error) or is_refusal(tls_reason(error)):
        # h11 wrote none of it; a TLS 1.3 server refuses in place of an answer.
        return Failure("connect", cause, sent=False, permanent=True)
    sent = progress.sent
    if sent is None:  # its class is all that is known
        sent = not isinstance(error, _NOT_SENT)
    return classified(
        cause,
        sent=sent,
        permanent=_is_permanent(error),
        timed_out=isinstance(error, httpx.TimeoutException),
        stale=progress.stale,
    )


def _request_of(error: BaseException) -> httpx.Request | None:
    if not isinstance(error, httpx.RequestError):
        return None
    try:
        return error.request
    except RuntimeError:  # it has none
        return None


def _crossed_transport(error: BaseException) -> bool:
    """Whether httpx's client was in the transport when it was raised, and not in a user's function,
    which may use a client of its own."""
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
    if isinstance(error, httpx.ProxyError):  # httpcore puts the status first
        status = str(error).partition(" ")[0]
        return status.isascii() and status.isdigit() and not is_retryable(int(status))
    return isinstance(error, httpx.UnsupportedProtocol) or is_permanent(error)


def _is_illegal(error: Exception) -> bool:
    """Whether h11 found the request illegal, before it wrote any of it."""
    if not isinstance(error, httpx.LocalProtocolError):
        return False
    return any(type(link).__module__.startswith("h11.") for link in chain(error))


def _in_words(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):  # its words quote the URL with its query
        return f"HTTPStatusError: {error.response.status_code}, raised by a transport"
    if _is_illegal(error):  # whose words quote the header
        return "LocalProtocolError: http_client adds a header that HTTP does not allow"
    return describe(error)
