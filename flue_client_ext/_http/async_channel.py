"""A call's way to the server on an event loop: one connection of its own, from and to the pool."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

import anyio
import anyio.lowlevel

from .._values.http import Head, Request
from .._values.limits import LIMITS
from .._values.steps import DeadlineExceeded, Failure
from .async_socket import AsyncSocket
from .failures import failure_of
from .operations import ByteFlow, Connect, Established, HttpCut, Receive, Send, Yield
from .pool import MOST_IDLE, Link, Pool
from .route import Route
from .shielded import current_loop

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


def new_pool(route: Route, most_idle: int = MOST_IDLE) -> Pool[AsyncSocket]:
    """Return the connections to one origin, of which `most_idle` are kept for later calls."""
    return Pool(route, AsyncSocket, current_loop, most_idle)


def open_channel(
    pool: Pool[AsyncSocket], http_client: httpx.AsyncClient | None, *, abortable: bool
) -> AsyncChannel:
    """Return the channel of one call: over the user's client if there is one. Each is `abortable`
    here: a task can be cancelled."""
    if http_client is None:
        return AsyncOwnChannel(pool)
    from .async_httpx import AsyncHttpxChannel

    return AsyncHttpxChannel(http_client)


class AsyncChannel(Protocol):
    """What a driver needs. Limits are seconds; `deadline` is a time of the event loop."""

    async def open(
        self, request: Request, limit: float | None, deadline: float
    ) -> Head | Failure: ...
    async def read(self, limit: float | None, deadline: float) -> bytes | Failure: ...
    async def close(self) -> None:
        """Leave: keep the connection for others if its answer was read to the end."""

    def abort(self) -> None:
        """Close the connection at once, without awaiting."""


class AsyncOwnChannel:
    """An `AsyncChannel` over our own sockets."""

    def __init__(self, pool: Pool[AsyncSocket]) -> None:
        self._pool = pool
        self._link: Link[AsyncSocket] | None = None

    async def open(self, request: Request, limit: float | None, deadline: float) -> Head | Failure:
        link = self._link
        if link is None or not self._pool.trusts(link, request):
            await self.close()
            link = self._link = self._pool.take(request)
        return await self._run(
            link, lambda: link.http.open(request), LIMITS.connect, limit, deadline
        )

    async def read(self, limit: float | None, deadline: float) -> bytes | Failure:
        link = self._link
        assert link is not None
        return await self._run(link, link.http.read, limit, limit, deadline)

    def abort(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.socket.close()

    async def close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            self._pool.give_back(link)

    async def _run(
        self,
        link: Link[AsyncSocket],
        begin: Callable[[], ByteFlow[T]],
        first_limit: float | None,
        limit: float | None,
        deadline: float,
    ) -> T | Failure:
        """Perform the operations of one exchange; `ESTABLISHED` starts the second time limit."""
        began = time.monotonic()
        try:
            return await _perform(link.socket, begin(), first_limit, limit, deadline)
        except (HttpCut, OSError) as error:
            failure = failure_of(link.http, error)
            if self._link is link:  # not aborted
                self._pool.learn(link, failure, time.monotonic() - began)
            if isinstance(error, TimeoutError) and anyio.current_time() >= deadline:
                raise DeadlineExceeded(link.http.sent) from None
            return failure


async def _perform(
    socket: AsyncSocket,
    flow: ByteFlow[T],
    first_limit: float | None,
    limit: float | None,
    deadline: float,
) -> T:
    with anyio.CancelScope(deadline=_until(first_limit, deadline)) as scope:
        try:
            operation = next(flow)
            while True:
                reply = None
                try:
                    match operation:
                        case Receive():
                            reply = await socket.receive()
                        case Send(data):
                            await socket.send(data)
                        case Established():
                            scope.deadline = _until(limit, deadline)
                        case Yield():
                            await anyio.lowlevel.checkpoint()
                        case Connect(host, port):
                            await socket.connect(host, port)
                except OSError as error:
                    operation = flow.throw(error)
                else:
                    operation = flow.send(reply)
        except StopIteration as stop:
            result: T = stop.value
            return result
    raise TimeoutError(f"timed out{socket.doing}")


def _until(limit: float | None, deadline: float) -> float:
    return deadline if limit is None else min(deadline, anyio.current_time() + limit)
