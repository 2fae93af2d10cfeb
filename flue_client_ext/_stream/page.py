"""What one answer says: items, the offset behind them, and where the stream stands.

Whole answers that break the protocol raise `FlueProtocolError`; they are never an empty result.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .._values.http import Head, Request, named_coding
from .._values.jsoncodec import NotJson, as_object, decode
from .._values.steps import Batch
from ..errors import FlueProtocolError


class Reading(NamedTuple):
    """A batch, and the cursor to echo in the next long-poll."""

    batch: Batch
    cursor: str | None


def parse_page(request: Request, head: Head, body: bytes, offset: str) -> Reading | None:
    """Read a catch-up or long-poll answer; `None` when its body has no length and is not JSON: it
    was cut (PROTOCOL, whole and cut answers)."""
    items: list[Any] = []
    if head.status != 204:
        try:
            value = decode(body)
        except NotJson as error:
            if head.close_delimited:
                return None
            words = f"the answer is {error}{named_coding(head.headers)}"
            raise _broken(words, request, offset, head.proxy) from None
        items = _array(value, request, offset, head.proxy)
    following = head.headers.get("stream-next-offset")
    if not following:
        raise _broken("the answer has no Stream-Next-Offset", request, offset, head.proxy)
    closed = head.says("stream-closed")
    up_to_date = closed or head.says("stream-up-to-date")
    return Reading(Batch(items, following, up_to_date, closed), head.headers.get("stream-cursor"))


def parse_items(data: bytes, request: Request, offset: str) -> list[Any]:
    """Return the array that an SSE data frame carries."""
    return _array(_decoded(data, "an SSE data frame", request, offset), request, offset)


def parse_control(data: bytes, items: list[Any], request: Request, offset: str) -> Reading:
    """Read an SSE control frame; unknown fields are ignored (PROTOCOL, SSE frames)."""
    control = as_object(_decoded(data, "an SSE control frame", request, offset))
    following = control.get("streamNextOffset")
    if not isinstance(following, str) or not following:
        raise _broken("an SSE control frame without streamNextOffset", request, offset)
    closed = control.get("streamClosed") is True
    up_to_date = closed or control.get("upToDate") is True
    cursor = control.get("streamCursor")
    return Reading(
        Batch(items, following, up_to_date, closed), cursor if isinstance(cursor, str) else None
    )


def _array(value: Any, request: Request, offset: str, proxy: str | None = None) -> list[Any]:
    if not isinstance(value, list):
        words = f"expected a JSON array, got {type(value).__name__}"
        raise _broken(words, request, offset, proxy)
    return value  # pyright: ignore[reportUnknownVariableType]


def _decoded(data: bytes, what: str, request: Request, offset: str) -> Any:
    try:
        return decode(data)
    except NotJson as error:
        raise _broken(f"{what} is {error}", request, offset) from None


def _broken(
    words: str, request: Request, offset: str, proxy: str | None = None
) -> FlueProtocolError:
    """`proxy` may have answered in the server's place: a page, never an event stream."""
    return FlueProtocolError(words, url=request.shown_url, offset=offset, proxy=proxy)
