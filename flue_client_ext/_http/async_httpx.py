"""The channel of one call over a user's own `httpx.AsyncClient`, which it never closes.

httpx runs in tasks of its own (`shielded`), since a cancellation inside it leaks a slot of its
pool. It knows nothing of what a request means."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import httpx

from .._values.http import Head, Request
from .._values.limits import wait_until
from .._values.steps import DeadlineExceeded, Failure
from .async_httpx_body import Body
from .httpx_errors import TRANSPORT_ERRORS, failure_of, is_of_transport, overdue, response_of
from .httpx_messages import build_request, head_of_response, timeouts
from .httpx_progress import IGNORED, Progress
from .message import is_small
from .shielded import (
    cancellable,
    cancellable_while,
    in_background,
    in_trio,
    loop_caller,
    loop_time,
    shielded,
)

_CONNECTS = "connection.connect_tcp.started"


class _AsyncProgress(Progress):
    """Knows also when a request can be cancelled. httpcore 1.0 never frees the pool slot of one
    that is cancelled before it connects, or between connecting and sending; anyio before 4.16 drops
    a socket without closing it where a cancellation comes as it has just connected. `scope` is that
    of the wait."""

    def __init__(self, scope: anyio.CancelScope, limit: float | None, deadline: float) -> None:
        super().__init__(limit, deadline, loop_time)
        self._scope = scope
        self.interruptible = asyncio.Event()
        self.head: Head | None = None
        self._connected: Any = None

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        if event in IGNORED:
            return
        self.note(event, info)
        if event.endswith("connect_tcp.complete"):
            self._connected = info.get("return_value")
        elif not event.startswith("connection.start_tls") or event.endswith(".complete"):
            self._connected = None
        if event.startswith("http") or (event.endswith(".started") and event != _CONNECTS):
            self.interruptible.set()
        else:
            self.interruptible.clear()

    def _end_after(self, limit: float | None) -> None:
        super()._end_after(limit)
        if self._scope.deadline != self.until:  # it sets a timer
            self._scope.deadline = self.until

    async def abandon(self) -> None:
        """Close a connection whose TLS handshake did not end: httpcore drops it without closing."""
        if self._connected is not None:
            with anyio.CancelScope(shield=True):
                await self._connected.aclose()


class AsyncHttpxChannel:
    """An `AsyncChannel` over an httpx client."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._progress = Progress(None, math.inf)
        self._body: Body | None = None
        self._call_in_loop: Callable[[Callable[[], None]], object] | None = None
        self._late = False

    async def open(self, request: Request, limit: float | None, deadline: float) -> Head | Failure:
        await self.close()
        self._call_in_loop = loop_caller()
        scope = anyio.CancelScope(deadline=deadline)
        progress = self._progress = _AsyncProgress(scope, limit, deadline)
        self._late = False
        # The scope has the deadline: when a read of HTTP/2 times out, httpcore closes the
        # connection, which other requests share.
        sent = build_request(self._client, request, timeouts(limit, math.inf), progress.trace)
        try:
            with scope:
                head, body = await cancellable_while(
                    progress.interruptible, self._exchange(request, sent, progress), _discard
                )
                self._body = body
                return head
        except TRANSPORT_ERRORS as error:
            if not is_of_transport(error, sent):
                raise
            return self._failed(error, deadline)
        finally:
            progress.withdraw()
        if progress.head is None:
            return overdue(
                progress.maybe_sent(self._client, sent, progress.trace), loop_time(), deadline
            )
        self._late = True  # a small body exceeds a limit: `read` tells
        return progress.head

    async def read(self, limit: float | None, deadline: float) -> bytes | Failure:
        if self._late:
            return overdue(True, loop_time(), deadline)
        body = self._body
        assert body is not None
        if body.fetched:
            return body.fetched.popleft()
        try:
            if body.error is not None:
                raise body.error
            with anyio.CancelScope(deadline=wait_until(loop_time(), limit, deadline)):
                if in_trio():  # httpcore yields the chunks that it holds without a checkpoint
                    await anyio.lowlevel.checkpoint()
                return await cancellable(body.next())
        except TRANSPORT_ERRORS as error:
            return self._failed(error, deadline)
        return overdue(True, loop_time(), deadline)

    async def poll(self) -> None:
        """httpx cannot read without waiting, nor say whether it holds bytes."""

    async def close(self) -> None:
        body, self._body = self._body, None
        if body is not None and not body.response.is_closed:
            await shielded(body.close())

    def abort(self) -> None:
        body, self._body = self._body, None
        if body is not None and not body.response.is_closed:
            in_background(body.close, self._call_in_loop)

    async def _exchange(
        self, request: Request, sent: httpx.Request, progress: _AsyncProgress
    ) -> tuple[Head, Body]:
        try:
            response = await self._client.send(sent, stream=True, follow_redirects=False)
        except httpx.HTTPStatusError as error:
            response = response_of(error, sent)
        except BaseException:
            await progress.abandon()
            raise
        progress.responded()
        head, body = head_of_response(request, response), Body(response)
        progress.head = head
        if response.is_stream_consumed or is_small(request, head):
            fetched = await body.fetch(progress.renew)
            if fetched is not None:
                head = head.with_body(fetched)
        return head, body

    def _failed(self, error: Exception, deadline: float) -> Failure:
        failure = failure_of(error, self._progress)
        if isinstance(error, httpx.TimeoutException) and loop_time() >= deadline:
            raise DeadlineExceeded(failure.sent)
        return failure


async def _discard(response: tuple[Head, Body]) -> None:
    await response[1].close()
