"""Errors of sockets, TLS and HTTP as `Failure` values.

Decides what kind of failure an error is, whether a retry can help, and how its message reads. Shows
no header and no body."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from .._values.steps import Failure
from .http11 import Connection
from .operations import HttpCut, Unreachable
from .tls_errors import broken_record, description_of, is_final, reason_of

UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"


def failure_of(http: Connection, error: HttpCut | OSError) -> Failure:
    """Return the failure that `error` is of the latest request over `http`."""
    cause = describe(error, established=http.sent) + http.proxy_note
    if tls_reason(error) == UNTRUSTED:
        cause += http.trust_note
    return classified(
        cause,
        sent=http.sent,
        permanent=is_permanent(error),
        timed_out=isinstance(error, TimeoutError),
        stale=http.used and not http.responded,
        retry_after=error.retry_after if isinstance(error, HttpCut) else "",
    )


def classified(
    cause: str, *, sent: bool, permanent: bool, timed_out: bool, stale: bool, retry_after: str = ""
) -> Failure:
    """Return the failure that `cause` is: one of connecting as long as nothing was sent; then a
    timeout or a cut."""
    if not sent:
        return Failure("connect", cause, sent=False, permanent=permanent, retry_after=retry_after)
    if timed_out:
        return Failure("timeout", cause)
    return Failure("cut", cause, stale=stale)


def is_permanent(error: BaseException) -> bool:
    """Whether no later connection can be opened either. A name that was not found is not permanent:
    the machine may change its network."""
    return isinstance(error, Unreachable | UnicodeError) or is_final(tls_reason(error))


def tls_reason(error: BaseException) -> str | None:
    """OpenSSL's name of the reason, in `error` or in the error that it was raised from."""
    if "ssl" not in sys.modules:  # no error can be one of ssl, which is slow to import
        return None
    import ssl

    for each in chain(error):
        if isinstance(each, ssl.SSLError):
            return reason_of(each) or None
    return None


def describe(error: BaseException, *, established: bool = False) -> str:
    """Describe an error without a secret: sockets and h11 quote no header. On trio the errors of
    httpx have no message, but the `OSError` that they were raised from has. `established`: it came
    after the TLS handshake."""
    if isinstance(error, HttpCut):
        return str(error)
    reason = tls_reason(error)
    if is_final(reason) and established:
        return broken_record(str(reason))
    if is_final(reason) and reason != UNTRUSTED:
        return description_of(str(reason))
    sources = [error, *(each for each in chain(error) if isinstance(each, OSError))]
    text = next((text for each in sources if (text := str(each))), "")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield `error`, the error that it was raised from, and so on."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:  # user code can make a circle
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__
