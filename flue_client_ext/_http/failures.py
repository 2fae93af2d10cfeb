"""Errors of sockets, TLS and httpx as the core's `Failure` values."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from .._values.steps import Failure
from .alerts import in_words, is_final, reason_of
from .http11 import Connection, HttpCut, Unreachable

DISTRUST = "CERTIFICATE_VERIFY_FAILED"


def failure_of(http: Connection, error: HttpCut | OSError) -> Failure:
    """Say what `error` means for the request that `http` was carrying."""
    cause = describe(error) + http.through
    if tls_reason(error) == DISTRUST:
        cause += http.trusting
    return classified(
        cause,
        sent=http.sent,
        permanent=is_permanent(error),
        timed_out=isinstance(error, TimeoutError),
        stale=http.used and not http.answered,
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
    """Whether a connection that could not be opened for `error` cannot be opened later either. A
    name that is not found may be: a machine changes its network."""
    return isinstance(error, Unreachable | UnicodeError) or is_final(tls_reason(error))


def tls_reason(error: BaseException) -> str | None:
    """OpenSSL's name for what went wrong, in `error` or in what it was raised from."""
    if "ssl" not in sys.modules:  # whatever raises its errors has loaded it
        return None
    import ssl

    for link in chain(error):
        if isinstance(link, ssl.SSLError):
            return reason_of(link) or None
    return None


def describe(error: BaseException) -> str:
    """Name an error in words that hold no secret: sockets and h11 quote no header. httpx on trio
    leaves the words to what its errors were raised from."""
    if isinstance(error, HttpCut):
        return str(error)
    reason = tls_reason(error)
    if is_final(reason) and reason != DISTRUST:
        return in_words(str(reason))
    speakers = [error, *(link for link in chain(error) if isinstance(link, OSError))]
    words = next((words for link in speakers if (words := str(link))), "")
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it was raised from."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__
