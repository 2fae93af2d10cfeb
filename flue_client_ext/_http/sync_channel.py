"""The blocking channel of one call: it carries the requests over a connection of the pool.

The user's own httpx client has a channel in `sync_httpx`. Neither knows what a request means."""

from __future__ import annotations

import math
import os
import time
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from .._values.http import Head, Request
from .._values.limits import LIMITS, wait_until
from .._values.steps import Failure
from .exchange import failed
from .operations import ESTABLISHED, ByteFlow, HttpCut, without_waiting
from .pool import MOST_IDLE, Pool, PooledConnection
from .route import Route
from .sync_socket import SyncSocket

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


def new_pool(route: Route, most_idle: int = MOST_IDLE) -> Pool[SyncSocket]:
    """Return a pool of the connections of one route that keeps `most_idle` for later calls."""
    return Pool(route, SyncSocket, os.getpid, most_idle)


def open_channel(pool: Pool[SyncSocket], http_client: httpx.Client | None) -> Channel:
    """Return the channel of one call: over the user's client if there is one."""
    if http_client is None:
        return OwnChannel(pool)
    from .sync_httpx import HttpxChannel

    return HttpxChannel(http_client)


class Channel(Protocol):
    """What a driver needs. `limit` is in seconds, `None` for none, `deadline` a time of
    `time.monotonic`. A wait that exceeds its limit is a `Failure`; one that exceeds the deadline
    raises `DeadlineExceeded`. Both are total, however many bytes come."""

    def open(self, request: Request, limit: float | None, deadline: float) -> Head | Failure:
        """Send `request` and return the head of the response. Connecting may take
        `LIMITS.connect`, and sending and waiting for the head then `limit`."""
        ...

    def read(self, limit: float | None, deadline: float) -> bytes | Failure:
        """Return the next bytes of the body, `b""` at its end. They may take `limit`."""
        ...

    def poll(self) -> bytes | Failure | None:
        """As `read`, but return `None` where it would wait, or if that cannot be known."""

    def abort(self) -> None:
        """End the operation under way and all later ones; from any thread."""

    def close(self) -> None:
        """Release the connection, which serves other calls if its response was read to the end."""

    def leave(self) -> None:
        """Close the connection, in the middle of a response; `open` makes another."""
        ...


class OwnChannel:
    """A `Channel` over own sockets."""

    def __init__(self, pool: Pool[SyncSocket]) -> None:
        self._pool = pool
        self._connection: PooledConnection[SyncSocket] | None = None
        self._aborted = False

    def open(self, request: Request, limit: float | None, deadline: float) -> Head | Failure:
        connection = self._connection
        if connection is None or not self._pool.can_carry(connection, request):
            self.close()
            connection = self._connection = self._pool.acquire(request)
            if self._aborted:  # abort() found no socket to abort
                connection.socket.abort()
        return self._run(connection, connection.http.open(request), LIMITS.connect, limit, deadline)

    def read(self, limit: float | None, deadline: float) -> bytes | Failure:
        connection = self._connection
        assert connection is not None
        return self._run(connection, connection.http.read(), limit, limit, deadline)

    def poll(self) -> bytes | Failure | None:
        connection = self._connection
        assert connection is not None
        flow = without_waiting(connection.http.read())
        return self._run(connection, flow, LIMITS.read, LIMITS.read, math.inf)

    def abort(self) -> None:
        self._aborted = True
        if (connection := self._connection) is not None:
            connection.socket.abort()

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            if self._aborted:
                connection.socket.close()
            else:
                self._pool.release(connection)

    def leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.socket.close()

    def _run(
        self,
        connection: PooledConnection[SyncSocket],
        flow: ByteFlow[T],
        first_limit: float | None,
        limit: float | None,
        deadline: float,
    ) -> T | Failure:
        began = time.monotonic()
        try:
            return perform(connection.socket, flow, first_limit, limit, deadline)
        except (HttpCut, OSError) as error:
            now = time.monotonic()
            return failed(
                self._pool,
                connection,
                error,
                lasted=now - began,
                overdue=now >= deadline,
                aborted=self._aborted,
            )


def perform(
    socket: SyncSocket,
    flow: ByteFlow[T],
    first_limit: float | None,
    limit: float | None,
    deadline: float,
) -> T:
    """Perform `flow` over `socket`: `first_limit` seconds up to `ESTABLISHED`, then `limit`.

    Raises what the flow raises: an `OSError` or an `HttpCut`.
    """
    until = wait_until(time.monotonic(), first_limit, deadline)
    try:
        operation = next(flow)
        while True:
            if operation is ESTABLISHED:
                until = wait_until(time.monotonic(), limit, deadline)
            try:
                reply = socket.perform(operation, until)
            except OSError as error:
                operation = flow.throw(error)
            else:
                operation = flow.send(reply)
    except StopIteration as stop:
        return cast(T, stop.value)
