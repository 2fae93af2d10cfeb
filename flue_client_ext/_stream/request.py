"""The requests of a Durable Stream: the parameters and headers that ask for a part of it, the same
for every kind of stream (PROTOCOL, stream headers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from .._values.http import Request, with_query

Mode: TypeAlias = Literal["page", "long-poll", "sse", "bulk", "tail"]
"""How a stream is read; `follow` says what each is for."""

_SSE_MODES = ("sse", "bulk")


def common_headers(user_agent: str, accept: str = "application/json") -> dict[str, str]:
    """The headers of every request, of a stream or not, beside the credentials."""
    return {"accept": accept, "accept-encoding": "identity", "user-agent": user_agent}


def stream_request(
    url: str,
    user_agent: str,
    mode: Mode,
    offset: str,
    cursor: str | None,
    own: Mapping[str, str],
) -> Request:
    """Ask the stream at `url` for what comes after `offset`, or for its tail. `own`: the parameters
    that its kind of stream has beside those of the protocol."""
    if mode == "tail":
        return Request("HEAD", url, common_headers(user_agent))
    query = {"offset": offset, **own}
    if mode != "page":
        query["live"] = "sse" if mode in _SSE_MODES else mode
    if cursor and mode == "long-poll":
        query["cursor"] = cursor
    accept = "text/event-stream" if mode in _SSE_MODES else "application/json"
    return Request("GET", with_query(url, query), common_headers(user_agent, accept))
