"""What one answer says: items, the offset behind them, and where the stream stands.

Whole answers that break the protocol raise `FlueProtocolError`; they are never an empty result.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..errors import FlueProtocolError
from .http import Head, Request
from .jsoncodec import NotJson, as_object, decode
from .steps import Batch


class Reading(NamedTuple):
    """A batch, and the cursor to echo in the next long-poll."""

    batch: Batch
    cursor: str | None


def parse_page(request: Request, head: Head, body: bytes, offset: str) -> Reading | None:
    """Read a catch-up or long-poll answer; `None` when its body has no length and is not JSON: it
    was cut (PROTOCOL says what a whole one is)."""
    if head.close_delimited and not _is_json(body):
        return None
    items = [] if head.status == 204 else parse_items(body, request, offset, head.proxy)
    following = head.headers.get("stream-next-offset")
    if not following:
        raise FlueProtocolError(
            "the answer has no Stream-Next-Offset",
            url=request.shown_url,
            offset=offset,
            proxy=head.proxy,
        )
    closed = head.says("stream-closed")
    up_to_date = closed or head.says("stream-up-to-date")
    return Reading(Batch(items, following, up_to_date, closed), head.headers.get("stream-cursor"))


def parse_items(data: bytes, request: Request, offset: str, proxy: str | None = None) -> list[Any]:
    """Return the array that a page or an SSE data frame carries. `proxy` may have answered a
    page itself."""
    value = _decoded(data, "the answer", request, offset, proxy)
    if not isinstance(value, list):
        kind = type(value).__name__
        raise FlueProtocolError(
            f"expected a JSON array, got {kind}",
            url=request.shown_url,
            offset=offset,
            proxy=proxy,
        )
    return value  # pyright: ignore[reportUnknownVariableType]


def parse_control(data: bytes, items: list[Any], request: Request, offset: str) -> Reading:
    """Read an SSE control frame; unknown fields are ignored (PROTOCOL, SSE frames)."""
    control = as_object(_decoded(data, "an SSE control frame", request, offset))
    following = control.get("streamNextOffset")
    if not isinstance(following, str) or not following:
        raise FlueProtocolError(
            "an SSE control frame without streamNextOffset", url=request.shown_url, offset=offset
        )
    closed = control.get("streamClosed") is True
    up_to_date = closed or control.get("upToDate") is True
    cursor = control.get("streamCursor")
    return Reading(
        Batch(items, following, up_to_date, closed), cursor if isinstance(cursor, str) else None
    )


def _is_json(body: bytes) -> bool:
    try:
        decode(body)
    except NotJson:
        return False
    return True


def _decoded(
    data: bytes, what: str, request: Request, offset: str, proxy: str | None = None
) -> Any:
    try:
        return decode(data)
    except NotJson as error:
        raise FlueProtocolError(
            f"{what} is {error}", url=request.shown_url, offset=offset, proxy=proxy
        ) from None
