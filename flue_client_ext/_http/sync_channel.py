"""A call's way to the server, blocking: one connection of its own, taken from and given to the
pool."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from .._values.http import Head, Request
from .._values.limits import LIMITS
from .._values.steps import DeadlineExceeded, Failure
from .failures import failure_of
from .operations import ByteFlow, Connect, Established, HttpCut, Receive, Send, Yield
from .pool import MOST_IDLE, Link, Pool
from .route import Route
from .sync_socket import SyncSocket

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


def new_pool(route: Route, most_idle: int = MOST_IDLE) -> Pool[SyncSocket]:
    """Return the connections to one origin, of which `most_idle` are kept for later calls."""
    return Pool(route, SyncSocket, os.getpid, most_idle)


def open_channel(
    pool: Pool[SyncSocket], http_client: httpx.Client | None, *, abortable: bool
) -> Channel:
    """Return the channel of one call: over the user's client if there is one."""
    if http_client is None:
        return OwnChannel(pool)
    from .sync_httpx import HttpxChannel

    return HttpxChannel(http_client, abortable=abortable)


class Channel(Protocol):
    """What a driver needs. Limits are seconds; `deadline` is a reading of `time.monotonic`."""

    def open(self, request: Request, limit: float | None, deadline: float) -> Head | Failure: ...
    def read(self, limit: float | None, deadline: float) -> bytes | Failure: ...
    def abort(self) -> None:
        """End the operation under way and all later ones; from any thread."""

    def close(self) -> None:
        """Leave: keep the connection for others if its answer was read to the end."""

    def leave(self) -> bool:
        """Close the connection, in the middle of an answer; say whether another may be opened."""
        ...


class OwnChannel:
    """A `Channel` over our own sockets."""

    def __init__(self, pool: Pool[SyncSocket]) -> None:
        self._pool = pool
        self._link: Link[SyncSocket] | None = None
        self._aborted = False

    def open(self, request: Request, limit: float | None, deadline: float) -> Head | Failure:
        link = self._link
        if link is None or not self._pool.trusts(link, request):
            self._leave()
            link = self._link = self._pool.take(request)
            if self._aborted:  # abort() came while there was no socket to tell
                link.socket.abort()
        return self._run(link, lambda: link.http.open(request), LIMITS.connect, limit, deadline)

    def read(self, limit: float | None, deadline: float) -> bytes | Failure:
        link = self._link
        assert link is not None
        return self._run(link, link.http.read, limit, limit, deadline)

    def abort(self) -> None:
        self._aborted = True
        if (link := self._link) is not None:
            link.socket.abort()

    def close(self) -> None:
        self._leave()

    def leave(self) -> bool:
        link, self._link = self._link, None
        if link is not None:
            link.socket.close()
        return True

    def _leave(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            if self._aborted:
                link.socket.close()
            else:
                self._pool.give_back(link)

    def _run(
        self,
        link: Link[SyncSocket],
        begin: Callable[[], ByteFlow[T]],
        first_limit: float | None,
        limit: float | None,
        deadline: float,
    ) -> T | Failure:
        """Perform the operations of one exchange; `ESTABLISHED` starts the second time limit."""
        began = time.monotonic()
        try:
            return self._perform(link.socket, begin(), first_limit, limit, deadline)
        except (HttpCut, OSError) as error:
            failure = failure_of(link.http, error)
            if not self._aborted:
                self._pool.learn(link, failure, time.monotonic() - began)
            if isinstance(error, TimeoutError) and time.monotonic() >= deadline:
                raise DeadlineExceeded(link.http.sent) from None
            return failure

    def _perform(
        self,
        socket: SyncSocket,
        flow: ByteFlow[T],
        first_limit: float | None,
        limit: float | None,
        deadline: float,
    ) -> T:
        until = _until(first_limit, deadline)
        try:
            operation = next(flow)
            while True:
                reply = None
                try:
                    match operation:
                        case Receive():
                            reply = socket.receive(until)
                        case Send(data):
                            socket.send(data, until)
                        case Established():
                            until = _until(limit, deadline)
                        case Yield():
                            pass  # other threads run anyway
                        case Connect(host, port):
                            socket.connect(host, port, until)
                except OSError as error:
                    operation = flow.throw(error)
                else:
                    operation = flow.send(reply)
        except StopIteration as stop:
            result: T = stop.value
            return result


def _until(limit: float | None, deadline: float) -> float:
    return deadline if limit is None else min(deadline, time.monotonic() + limit)
