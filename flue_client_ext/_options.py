"""What clients and plain streams share: the checks of objects that they are given, the counters,
and the user agent. Knows nothing of Flue's API."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TypeVar

from ._values.checks import wrong_type
from ._version import __version__
from .signals import AbortSignal

if TYPE_CHECKING:
    from ._stream.stats import Counters

C = TypeVar("C")


def new_counters() -> Counters:
    from ._stream.stats import Counters  # streams have them, single calls do not

    return Counters(time.monotonic)


def user_agent() -> str:
    return f"flue-client/{__version__} python/{sys.version_info[0]}.{sys.version_info[1]}"


def checked_client(client: C, kind: str, ssl_context: object) -> C:
    """Raise for a client that is not httpx's of this kind, which would fail in the middle of a
    call, and for a TLS context beside it, which nothing would use."""
    if ssl_context is not None:
        import ssl

        if not isinstance(ssl_context, ssl.SSLContext):
            raise wrong_type("ssl_context", "an ssl.SSLContext", ssl_context)
        if client is not None:
            raise ValueError("ssl_context belongs to your http_client: give it to that one")
    if client is not None:
        import httpx

        if not isinstance(client, getattr(httpx, kind)):
            raise wrong_type("http_client", f"an httpx.{kind}", client)
    return client


def checked_signal(value: object) -> AbortSignal | None:
    if value is not None and not isinstance(value, AbortSignal):
        raise wrong_type("signal", "an AbortSignal (such as controller.signal)", value)
    return value
