"""Requests and responses of this package as httpx's, and back.

Translates values, for both of httpx's clients; sends nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import inf
from typing import Any

import httpx

from .._values.http import Head, Request, fold_headers
from .._values.limits import LIMITS
from .message import head_of, raw_headers

BODY_LOST = "flue_body_lost"
"""The extension of a response whose body httpx has discarded."""

_FRAMED = ("HTTP/2", "HTTP/3")
"""Versions that mark the end of every body."""

_parsed = lru_cache(maxsize=64)(httpx.URL)
"""httpx takes a tenth of a request's time to parse a URL, and polling asks for the same ones."""


def timeouts(limit: float | None, remaining: float) -> dict[str, float | None]:
    """Return the limits of httpx's single operations, none of which exceeds the `remaining` seconds
    of the call: the value of httpx's request extension `timeout`. They serve the whole response,
    so the first `limit` is no limit of its later reads; the channel sees to that of each wait."""
    most = max(remaining, 0.001)
    read = most if limit is None else min(max(limit, LIMITS.read), most)
    return {
        "connect": min(LIMITS.connect, most),
        "read": None if read == inf else read,
        "write": min(LIMITS.write, most),
        "pool": min(LIMITS.pool, most),
    }


def build_request(
    client: httpx.Client | httpx.AsyncClient,
    request: Request,
    timeout: dict[str, float | None],
    trace: Callable[[str, dict[str, Any]], object],
) -> httpx.Request:
    """Return `request` as one of `client`, with the client's own headers, cookies and parameters.

    A client's own parameters replace the URL's, unless they are given as `params` too.
    """
    url = _parsed(request.url)
    built = client.build_request(
        request.method,
        url,
        params=url.params if client.params else None,
        content=request.body,
        extensions={"trace": trace, "timeout": timeout},
    )
    built.headers = _merged(built.headers, raw_headers(request.headers.items()))
    return built


def _merged(headers: httpx.Headers, own: list[tuple[bytes, bytes]]) -> httpx.Headers:
    """Return `headers` with `own` ones, whose names are in lower case, in place of those of the
    same names. `build_request` does the same with its `headers`, in three times the time."""
    names = {name for name, _ in own}
    return httpx.Headers([pair for pair in headers.raw if pair[0].lower() not in names] + own)


def head_of_response(request: Request, response: httpx.Response) -> Head:
    """Return the head of httpx's `response`. A transport that gives no network stream is not
    httpcore's, and hands over whole bodies. What it answers has the headers and the parameters that
    the user's client has added, so that no error quotes a credential of these."""
    sent = response.request
    return head_of(
        Request(request.method, str(sent.url), fold_headers(sent.headers.raw)),
        response.status_code,
        response.headers.raw,
        framed=response.http_version in _FRAMED or "network_stream" not in response.extensions,
        body_lost=BODY_LOST in response.extensions,
    )
