"""Socket errors as the core's `Failure` values."""

from __future__ import annotations

import sys

from .._core.http11 import Connection, HttpCut
from .._core.steps import Failure


def failure_of(http: Connection, error: HttpCut | OSError) -> Failure:
    """Say what `error` means for the request that `http` was carrying."""
    cause = describe(error) + ("" if http.sent else http.through)
    stale = http.used and not http.answered and not isinstance(error, TimeoutError)
    if not http.sent:
        return Failure("connect", cause, sent=False, permanent=_is_distrust(error))
    if isinstance(error, TimeoutError):
        return Failure("timeout", cause)
    return Failure("cut", cause, stale=stale)


def _is_distrust(error: Exception) -> bool:
    ssl = sys.modules.get("ssl")  # whatever raised the error has loaded it
    return ssl is not None and isinstance(error, ssl.SSLCertVerificationError)


def describe(error: BaseException) -> str:
    """Name an error in words that hold no secret: sockets and h11 quote no header."""
    words = str(error)
    if isinstance(error, HttpCut):
        return words
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
