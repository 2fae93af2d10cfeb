"""The channel of one call on an event loop: it carries the requests over a connection of the pool.

The user's own httpx client has a channel in `async_httpx`. Neither knows what a request means."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Protocol, TypeVar

import anyio

from .._values.http import Head, Request
from .._values.limits import LIMITS, wait_until
from .._values.steps import Failure
from .async_socket import AsyncSocket
from .exchange import failed
from .operations import ESTABLISHED, ByteFlow, HttpCut, without_waiting
from .pool import MOST_IDLE, Pool, PooledConnection
from .route import Route
from .shielded import current_loop, loop_time

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


def new_pool(route: Route, most_idle: int = MOST_IDLE) -> Pool[AsyncSocket]:
    """Return a pool of the connections of one route that keeps `most_idle` for later calls."""
    return Pool(route, AsyncSocket, current_loop, most_idle)


def open_channel(pool: Pool[AsyncSocket], http_client: httpx.AsyncClient | None) -> AsyncChannel:
    """Return the channel of one call: over the user's client if there is one."""
    if http_client is None:
        return AsyncOwnChannel(pool)
    from .async_httpx import AsyncHttpxChannel

    return AsyncHttpxChannel(http_client)


class AsyncChannel(Protocol):
    """`sync_channel.Channel` for an event loop, whose time `deadline` is one of."""

    async def open(
        self, request: Request, limit: float | None, deadline: float
    ) -> Head | Failure: ...
    async def read(self, limit: float | None, deadline: float) -> bytes | Failure: ...
    async def poll(self) -> bytes | Failure | None:
        """As `read`, but return `None` where it would wait, or if that cannot be known."""

    async def close(self) -> None:
        """Release the connection, which serves other calls if its response was read to the end."""

    def abort(self) -> None:
        """Close the connection at once, without awaiting."""


class AsyncOwnChannel:
    """An `AsyncChannel` over own sockets."""

    def __init__(self, pool: Pool[AsyncSocket]) -> None:
        self._pool = pool
        self._connection: PooledConnection[AsyncSocket] | None = None

    async def open(self, request: Request, limit: float | None, deadline: float) -> Head | Failure:
        connection = self._connection
        if connection is None or not self._pool.can_carry(connection, request):
            await self.close()
            connection = self._connection = self._pool.acquire(request)
        flow = connection.http.open(request)
        return await self._run(connection, flow, LIMITS.connect, limit, deadline)

    async def read(self, limit: float | None, deadline: float) -> bytes | Failure:
        connection = self._connection
        assert connection is not None
        return await self._run(connection, connection.http.read(), limit, limit, deadline)

    async def poll(self) -> bytes | Failure | None:
        connection = self._connection
        assert connection is not None
        flow = without_waiting(connection.http.read())
        return await self._run(connection, flow, LIMITS.read, LIMITS.read, math.inf)

    def abort(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.socket.close()

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.release(connection)

    async def _run(
        self,
        connection: PooledConnection[AsyncSocket],
        flow: ByteFlow[T],
        first_limit: float | None,
        limit: float | None,
        deadline: float,
    ) -> T | Failure:
        began = time.monotonic()  # trio's clock is another one
        try:
            return await _perform(connection.socket, flow, first_limit, limit, deadline)
        except (HttpCut, OSError) as error:
            return failed(
                self._pool,
                connection,
                error,
                lasted=time.monotonic() - began,
                overdue=loop_time() >= deadline,
                aborted=self._connection is not connection,
            )


async def _perform(
    socket: AsyncSocket,
    flow: ByteFlow[T],
    first_limit: float | None,
    limit: float | None,
    deadline: float,
) -> T:
    """Perform the operations of `flow`; `limit` counts from `ESTABLISHED`."""
    try:
        # Up to the first wait, without a scope and its timer: bytes may have arrived, and a
        # connection may be established.
        operation = next(flow)
        if operation is ESTABLISHED:
            operation, first_limit = flow.send(None), limit
        until = wait_until(loop_time(), first_limit, deadline)
        with anyio.CancelScope(deadline=until) as scope:
            while True:
                if operation is ESTABLISHED:
                    scope.deadline = wait_until(loop_time(), limit, deadline)
                try:
                    reply = await socket.perform(operation)
                except OSError as error:
                    operation = flow.throw(error)
                else:
                    operation = flow.send(reply)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise TimeoutError(f"timed out{socket.doing}")
