"""Errors about what a whole answer or a stream says."""

from __future__ import annotations

import reprlib
from typing import Any, Unpack

from .._values.http import proxy_note
from ._base import Names, ResourceError, fact


class FlueProtocolError(ResourceError):
    """An answer that arrived whole and breaks the protocol.

    `url` has no query; `run_id` is set when it is known, `proxy` when a plain request went through
    an HTTP proxy, which may have answered itself. Never retried. The call or stream that raised it
    is finished; the client is not.
    """

    message: str = fact("What was wrong, in words.")
    url: str | None = fact("Where the answer came from, without a query.")
    offset: str | None = fact("The offset that was asked for, in a stream.")
    proxy: str | None = fact("The HTTP proxy that may have answered itself, if any.", None)

    def __init__(
        self,
        message: str,
        *,
        url: str | None = None,
        offset: str | None = None,
        proxy: str | None = None,
        **names: Unpack[Names],
    ) -> None:
        where = "" if url is None else f" (from {url}{_at(offset)})"
        super().__init__(message + where + proxy_note(proxy), **names)
        self.message = message
        self.proxy = proxy
        self.url = url
        self.offset = offset


class StreamResetError(ResourceError):
    """The server has lost what a saved offset pointed at: read again from the start.

    `offset` is the saved one; `tail` is the end of the stream that it lies beyond, `None`
    where the stream itself is lost or another one, or lacks the submission that is waited for.
    """

    offset: str = fact("The saved offset.")
    tail: str | None = fact("The stream's true end, where the offset lies beyond it.")

    def __init__(self, *, offset: str, tail: str | None, **names: Unpack[Names]) -> None:
        words = f"offset {offset} is of a stream that the server no longer has"
        if tail is not None:
            words = f"offset {offset} is beyond the end of the stream (its tail is {tail})"
        super().__init__(
            f"{words}: the server has lost what it pointed at; read again from the start", **names
        )
        self.offset = offset
        self.tail = tail


class UnsupportedFlueEventVersionError(ResourceError):
    """An event whose format version `v` this client does not know."""

    received: Any = fact("The event's `v`.")
    supported: int = fact("The version that this client knows.")

    def __init__(self, *, received: Any, supported: int, **names: Unpack[Names]) -> None:
        found = reprlib.repr(
            received
        )  # any JSON, which may be long or nested too deeply for `repr`
        words = f"event format v={found} is not supported (supported: {supported})"
        super().__init__(words, **names)
        self.received = received
        self.supported = supported


def _at(offset: str | None) -> str:
    return "" if offset is None else f", at offset {offset}"
