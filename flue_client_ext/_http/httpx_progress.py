"""How far a request in httpx has come, by the events of httpcore's `trace` extension.

Decides whether a request may have been sent and when the wait for its response ends, and stops a
request that its caller has abandoned. Sends nothing itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

from .._values.limits import LIMITS, wait_until
from .workers import Abandoned

IGNORED = frozenset(
    f"http11.{event}"
    for event in (
        "send_request_headers.complete",
        "send_request_body.started",
        "send_request_body.complete",
        "receive_response_headers.started",
        "receive_response_body.started",
        "receive_response_body.complete",
        "response_closed.complete",
    )
)
"""Events that change nothing here: seven for each exchange, which are not worth a call."""


class Progress:
    """What is known of one request. A transport that is not httpcore's reports no events.

    The wait for a new connection ends after `LIMITS.connect`, that for the head `limit` seconds
    after sending began, and each for more of a small body after `limit` seconds. No wait goes
    beyond `deadline`, a time of `clock`."""

    def __init__(
        self,
        limit: float | None,
        deadline: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._deadline = self.until = deadline
        self._clock = clock
        self._traced = self._new_connection = self._sent = self._responded = False
        self._withdrawn = self.is_queued = False

    def note(self, event: str, info: dict[str, Any]) -> None:
        """Take note of an event. Raises `Abandoned` where a withdrawn request is to be sent."""
        self._traced = True
        if not event.startswith("http11."):  # a used connection has events of HTTP/1.1 only
            self._new_connection = True
        if event.endswith("send_request_headers.started"):
            # The CONNECT to a proxy is not the request.
            if getattr(info.get("request"), "method", b"") != b"CONNECT":
                self._begin()
        elif event.startswith("connection.connect_"):  # tunnels and TLS follow it
            if event.endswith(".started"):
                self._raise_if_withdrawn()
                self._end_after(LIMITS.connect)
            elif event.endswith(".failed"):  # httpx may have been told to try again later
                self._end_after(None)
        elif event.endswith("receive_response_headers.complete"):
            self._responded = self._sent

    def queued(self) -> None:
        """Take note that the request waits until it may be given to httpx."""
        self.is_queued = self._traced = True
        self._end_after(LIMITS.pool)

    def given(self) -> None:
        """Take note that the request is given to httpx, which limits the wait in its pool itself.
        Raises `Abandoned` if it was withdrawn before."""
        self._raise_if_withdrawn()
        # In this order, as in `_begin`.
        self.is_queued = self._traced = False
        self._end_after(None)
        self._raise_if_withdrawn()

    def renew(self) -> None:
        """Let the wait last for `limit` seconds from now."""
        self._end_after(self._limit)

    @property
    def until_may_change_in(self) -> float:
        """Seconds for which a thread may rely on `until`: no limit that may begin is shorter."""
        shortest = LIMITS.connect if self._limit is None else min(LIMITS.connect, self._limit)
        return max(shortest, 0.01)

    def _end_after(self, limit: float | None) -> None:
        self.until = wait_until(self._clock(), limit, self._deadline)

    def _begin(self) -> None:
        self._raise_if_withdrawn()
        self.renew()
        # In this order: a thread that withdraws the request in between takes it for sent.
        self._sent = True
        self._raise_if_withdrawn()

    def _raise_if_withdrawn(self) -> None:
        if self._withdrawn:
            raise Abandoned

    def withdraw(self) -> None:
        """Keep the request from being sent: its caller does not wait any more. One that waits for a
        connection of the pool cannot be cancelled otherwise, and would be sent over the next one.
        """
        self._withdrawn = True

    def responded(self) -> None:
        """Take note of a response, whatever events there were."""
        self._sent = self._responded = True
        self.renew()

    @property
    def sent(self) -> bool | None:
        """Whether bytes of the request may have left; `None` without any event."""
        return True if self._sent else False if self._traced else None

    @property
    def stale(self) -> bool:
        """Whether a request that was cut went over a used connection and got no response."""
        return self._traced and not (self._new_connection or self._responded)

    def maybe_sent(
        self, client: httpx.Client | httpx.AsyncClient, sent: httpx.Request, trace: object
    ) -> bool:
        """Whether a withdrawn request, built with `trace`, may have been sent. In httpx's own
        transports, one without any event waits for a connection of the pool."""
        return not _is_traced(client, sent, trace) if self.sent is None else self.sent

    def waits_in_pool(
        self, client: httpx.Client | httpx.AsyncClient, sent: httpx.Request, trace: object
    ) -> bool:
        """Whether a withdrawn request may still wait for a connection of the pool, or before it."""
        begun = self._sent or self._new_connection
        return not begun and not self.maybe_sent(client, sent, trace)


def _is_traced(
    client: httpx.Client | httpx.AsyncClient, sent: httpx.Request, trace: object
) -> bool:
    """Whether the transport for `sent` sends its requests as httpx's own do, with events, and no
    hook has put a trace of its own in the place of `trace`."""
    if sent.extensions.get("trace") != trace:
        return False
    transport = type(client._transport_for_url(sent.url))  # pyright: ignore[reportPrivateUsage]
    own = (httpx.HTTPTransport, httpx.AsyncHTTPTransport)
    handles = {"handle_request", "handle_async_request"}
    return next((kind for kind in transport.__mro__ if handles & vars(kind).keys()), None) in own
