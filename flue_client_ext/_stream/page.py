"""Parses one answer: its items, the offset after them, and whether the stream is at its tail.

A whole answer that breaks the protocol raises `FlueProtocolError`; it is never an empty result.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .._values.excerpt import not_json
from .._values.http import Head
from .._values.jsoncodec import NotJson, as_object, decode
from .._values.steps import Batch
from ..errors import FlueProtocolError


class Reading(NamedTuple):
    """A batch, and the cursor to echo in the next long-poll."""

    batch: Batch
    cursor: str | None


class Context(NamedTuple):
    """What an error about an answer names: the URL and the offset of the request, and the proxy,
    which may have sent or changed the answer."""

    url: str
    offset: str
    proxy: str | None = None

    def wrong(self, words: str) -> FlueProtocolError:
        return FlueProtocolError(words, url=self.url, offset=self.offset, proxy=self.proxy)


def parse_page(head: Head, body: bytes, context: Context) -> Reading | None:
    """Read a catch-up or long-poll answer; `None` when its body has no length and is not JSON: it
    was cut (PROTOCOL, whole and cut answers)."""
    items: list[Any] = []
    if head.status != 204:
        try:
            value = decode(body)
        except NotJson as error:
            if head.close_delimited:
                return None
            raise context.wrong(not_json(error, head.headers, body, head.request)) from None
        items = _array(value, context)
    following = head.headers.get("stream-next-offset")
    if not following:
        raise context.wrong("the answer has no Stream-Next-Offset")
    closed = head.says("stream-closed")
    up_to_date = closed or head.says("stream-up-to-date")
    return Reading(Batch(items, following, up_to_date, closed), head.headers.get("stream-cursor"))


def parse_items(data: bytes, context: Context) -> list[Any]:
    """Return the array that an SSE data frame carries."""
    return _array(_decoded(data, "an SSE data frame", context), context)


def parse_control(data: bytes, items: list[Any], context: Context) -> Reading:
    """Read an SSE control frame; unknown fields are ignored (PROTOCOL, SSE frames)."""
    control = as_object(_decoded(data, "an SSE control frame", context))
    following = control.get("streamNextOffset")
    if not isinstance(following, str) or not following:
        raise context.wrong("an SSE control frame without streamNextOffset")
    closed = control.get("streamClosed") is True
    up_to_date = closed or control.get("upToDate") is True
    cursor = control.get("streamCursor")
    return Reading(
        Batch(items, following, up_to_date, closed), cursor if isinstance(cursor, str) else None
    )


def _array(value: Any, context: Context) -> list[Any]:
    if not isinstance(value, list):
        raise context.wrong(f"expected a JSON array, got {type(value).__name__}")
    return value  # pyright: ignore[reportUnknownVariableType]


def _decoded(data: bytes, what: str, context: Context) -> Any:
    try:
        return decode(data)
    except NotJson as error:
        raise context.wrong(f"{what} is {error}") from None
