"""The blocking channel of one call over a user's own `httpx.Client`, which it never closes.

It knows nothing of what a request means."""

from __future__ import annotations

import time

import httpx

from .._values.http import Head, Request
from .._values.steps import Failure
from .httpx_messages import build_request, timeouts
from .sync_httpx_exchange import Exchange


class HttpxChannel:
    """A `Channel` over an httpx client."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._exchange: Exchange | None = None
        self._aborted = False

    def open(self, request: Request, limit: float | None, deadline: float) -> Head | Failure:
        self.close()
        exchange = Exchange(self._client, limit, deadline)
        timeout = timeouts(limit, deadline - time.monotonic())
        sent = build_request(self._client, request, timeout, exchange.trace)
        self._exchange = exchange
        if self._aborted:  # abort() found no exchange to abort
            exchange.abort()
        return exchange.open(sent, request)

    def read(self, limit: float | None, deadline: float) -> bytes | Failure:
        exchange = self._exchange
        assert exchange is not None
        return exchange.read(limit, deadline)

    def poll(self) -> None:
        """httpx cannot read without waiting, nor say whether it holds bytes."""

    def abort(self) -> None:
        self._aborted = True
        if (exchange := self._exchange) is not None:
            exchange.abort()

    def close(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.close()

    def leave(self) -> None:
        self.close()
