"""What the two channels over a user's httpx client have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from .._values.http import Head, Request
from .._values.limits import LIMITS
from .message import head_of, raw_headers
from .workers import Abandoned

BODY_LOST = "flue_body_lost"
"""The extension of an answer whose body httpx has thrown away."""

_FRAMED = ("HTTP/2", "HTTP/3")
"""Versions that mark the end of every body."""


DULL = frozenset(
    f"http11.{step}"
    for step in (
        "send_request_headers.complete",
        "send_request_body.started",
        "send_request_body.complete",
        "receive_response_headers.started",
        "receive_response_body.started",
        "receive_response_body.complete",
        "response_closed.started",
        "response_closed.complete",
    )
)
"""Steps on a connection that say nothing new; there are eight of them in every exchange."""


class Progress:
    """How far a request has come, as httpcore's trace extension tells. Transports that are not
    httpcore's tell nothing."""

    def __init__(self) -> None:
        self._told = self._fresh = self._sent = self._answered = False
        self._withdrawn = False

    def note(self, step: str, info: dict[str, Any]) -> None:
        self._told = True
        if not step.startswith("http11."):  # what a kept connection of HTTP/1.1 never tells
            self._fresh = True
        if step.endswith("send_request_headers.started"):
            # A proxy's CONNECT is not the request.
            if getattr(info.get("request"), "method", b"") != b"CONNECT":
                self._begin()
        elif step.endswith("receive_response_headers.complete"):
            self._answered = self._sent

    def _begin(self) -> None:
        self._sent = True  # first: whoever withdraws it from now on takes it to be sent
        if self._withdrawn:
            raise Abandoned

    def withdraw(self) -> None:
        """Let nothing be sent from now on: the caller has gone. A request that waits for a place in
        the pool then cannot be cancelled otherwise, and would be sent when there is one."""
        self._withdrawn = True

    def answer(self) -> None:
        """Its answer is there, whatever the transport has told."""
        self._sent = self._answered = True

    @property
    def sent(self) -> bool | None:
        """Whether bytes of the request may have left; `None` if nothing is known."""
        return True if self._sent else False if self._told else None

    @property
    def stale(self) -> bool:
        """Whether a request that was cut went over a kept connection, without an answer."""
        return self._told and not (self._fresh or self._answered)

    def maybe_sent(self, client: httpx.Client | httpx.AsyncClient, url: httpx.URL) -> bool:
        """Whether a request that was withdrawn may have been sent. httpx's own transports tell of
        everything but the wait in their pool."""
        return not _tells(client, url) if self.sent is None else self.sent


def _tells(client: httpx.Client | httpx.AsyncClient, url: httpx.URL) -> bool:
    transport = type(client._transport_for_url(url))  # pyright: ignore[reportPrivateUsage]
    own = (httpx.HTTPTransport, httpx.AsyncHTTPTransport)
    handles = {"handle_request", "handle_async_request"}
    return next((kind for kind in transport.__mro__ if handles & vars(kind).keys()), None) in own


def limits(limit: float | None, left: float) -> httpx.Timeout:
    """httpx's four limits for one operation, none beyond the `left` seconds of the deadline."""
    seconds = None if left == float("inf") else max(left, 0.001)

    def within(own: float | None) -> float | None:
        if own is None or seconds is None:
            return own if seconds is None else seconds
        return min(own, seconds)

    return httpx.Timeout(
        connect=within(LIMITS.connect),
        read=within(limit),
        write=within(limit or 60.0),
        pool=within(LIMITS.pool),
    )


def build_request(
    client: httpx.Client | httpx.AsyncClient,
    request: Request,
    timeout: httpx.Timeout,
    trace: Callable[[str, dict[str, Any]], object],
) -> httpx.Request:
    """Return `request` as one of `client`, with the client's own headers, cookies and parameters.

    A client's own parameters replace the URL's, unless they are given as `params` too.
    """
    return client.build_request(
        request.method,
        request.url,
        params=httpx.URL(request.url).params if client.params else None,
        headers=raw_headers(request.headers.items()),
        content=request.body,
        timeout=timeout,
        extensions={"trace": trace},
    )


def head_of_response(request: Request, response: httpx.Response) -> Head:
    """Return the head of httpx's `response`. A transport that gives no network stream is not
    httpcore's, and hands over whole bodies."""
    return head_of(
        request,
        response.status_code,
        response.headers.raw,
        framed=response.http_version in _FRAMED or "network_stream" not in response.extensions,
        body_lost=BODY_LOST in response.extensions,
    )
