"""A call's way to the server through an `httpx.AsyncClient` of the user's own: used, never
closed."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Any, cast

import anyio
import anyio.lowlevel
import httpx

from .._values.http import Head, Request
from .._values.steps import DeadlineExceeded, Failure
from .httpx_common import DULL, Progress, build_request, head_of_response, limits
from .httpx_errors import TROUBLE, failure_of, is_of_transport, refused_answer
from .log import logger
from .message import is_small
from .shielded import detached_request, in_background, in_trio, loop_caller, shielded, undisturbed

_MOST_CHUNKS = 2**16 // 6
"""A chunk of HTTP/1.1 takes at least six bytes (RFC 9112, 7.1)."""


async def _next(chunks: AsyncGenerator[bytes, None]) -> bytes:
    return await anext(chunks, b"")


class _AsyncProgress(Progress):
    """Knows also when a request can be cancelled: httpcore 1.0 never frees the place in its pool of
    one that is cancelled between connecting and sending, or before."""

    def __init__(self) -> None:
        super().__init__()
        self.interruptible = asyncio.Event()
        self.head: Head | None = None
        self._connected: Any = None

    async def trace(self, step: str, info: dict[str, Any]) -> None:
        if step in DULL:
            return
        self.note(step, info)
        if step.endswith("connect_tcp.complete"):
            self._connected = info.get("return_value")
        elif not step.startswith("connection.start_tls") or step.endswith(".complete"):
            self._connected = None
        if step.startswith("http") or step.endswith(".started"):
            self.interruptible.set()
        else:
            self.interruptible.clear()

    async def abandon(self) -> None:
        """Close a connection that was left in its TLS handshake: httpcore forgets it there."""
        if self._connected is not None:
            with anyio.CancelScope(shield=True):
                await self._connected.aclose()


async def _exhaust(response: httpx.Response, chunks: AsyncGenerator[bytes, None]) -> None:
    """Let the generators inside httpx meet the closed connection: trio warns of any that is dropped
    before its end. What was received already comes first: httpcore reads 64 KiB at once, in which
    the chunks of an event stream may be small and many."""
    await response.aclose()
    try:
        for _ in range(_MOST_CHUNKS):
            if not await _next(chunks):
                return
    except (httpx.HTTPError, httpx.StreamError, OSError):
        pass


async def _closed(chunks: AsyncGenerator[bytes, None]) -> None:
    try:
        await chunks.aclose()
    except RuntimeError:  # a read that was cancelled has not returned yet
        pass


class _Body:
    """What is left of an answer. `fetched` came with the head; `error` ended it after that."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        whole = response.is_stream_consumed  # a mock transport's answer may be
        chunks = response.aiter_bytes() if whole else response.aiter_raw()
        self.chunks = cast(AsyncGenerator[bytes, None], chunks)
        self.fetched: deque[bytes] = deque()
        self.error: Exception | None = None

    async def fetch(self) -> None:
        """Take a small body whole, so that it costs no further tasks."""
        try:
            async for chunk in self.chunks:
                self.fetched.append(chunk)
            self.fetched.append(b"")
        except Exception as error:  # belongs to the read that comes to it
            self.error = error

    async def close(self) -> None:
        """Close the answer; nobody is there to be told what the user's transport raises then."""
        try:
            if in_trio():
                await _exhaust(self.response, self.chunks)
            await _closed(self.chunks)
            await self.response.aclose()
        except Exception as error:
            logger().debug("closing an answer failed: %s", type(error).__name__)


class AsyncHttpxChannel:
    """An `AsyncChannel` over an httpx client."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._progress = _AsyncProgress()
        self._body: _Body | None = None
        self._call_in_loop: Callable[[Callable[[], None]], object] | None = None
        self._overdue = False

    async def open(self, request: Request, limit: float | None, deadline: float) -> Head | Failure:
        await self.close()
        self._call_in_loop = loop_caller()
        progress = self._progress = _AsyncProgress()
        self._overdue = False
        # The scope has the deadline: when a read of HTTP/2 times out, httpcore closes the
        # connection, which other requests share.
        sent = build_request(self._client, request, limits(limit, math.inf), progress.trace)
        try:
            with anyio.CancelScope(deadline=deadline):
                head, body = await detached_request(
                    self._answer(request, sent, progress), progress.interruptible, _discard
                )
                self._body = body
                return head
        except TROUBLE as error:
            if not is_of_transport(error, sent):
                raise
            return self._failed(error, deadline)
        finally:
            progress.withdraw()
        if progress.head is None:
            raise DeadlineExceeded(progress.maybe_sent(self._client, sent.url))
        self._overdue = True  # it passed in the body: for the read that comes to it
        return progress.head

    async def read(self, limit: float | None, deadline: float) -> bytes | Failure:
        if self._overdue:
            raise DeadlineExceeded(sent=True)
        body = self._body
        assert body is not None
        if body.fetched:
            return body.fetched.popleft()
        try:
            if body.error is not None:
                raise body.error
            with anyio.CancelScope(deadline=deadline):
                if in_trio():  # what httpcore holds already comes without a wait, chunk by chunk
                    await anyio.lowlevel.checkpoint()
                return await shielded(_next(body.chunks))
        except TROUBLE as error:
            return self._failed(error, deadline)
        raise DeadlineExceeded(sent=True)

    async def close(self) -> None:
        body, self._body = self._body, None
        if body is not None and not body.response.is_closed:
            await undisturbed(body.close())

    def abort(self) -> None:
        body, self._body = self._body, None
        if body is not None and not body.response.is_closed:
            in_background(body.close, self._call_in_loop)

    async def _answer(
        self, request: Request, sent: httpx.Request, progress: _AsyncProgress
    ) -> tuple[Head, _Body]:
        try:
            response = await self._client.send(sent, stream=True, follow_redirects=False)
        except httpx.HTTPStatusError as error:
            response = refused_answer(error, sent)
        except BaseException:
            await progress.abandon()
            raise
        progress.answer()
        head, body = head_of_response(request, response), _Body(response)
        progress.head = head
        if response.is_stream_consumed or is_small(request, head):
            await body.fetch()
        return head, body

    def _failed(self, error: Exception, deadline: float) -> Failure:
        failure = failure_of(error, self._progress)
        if isinstance(error, httpx.TimeoutException) and anyio.current_time() >= deadline:
            raise DeadlineExceeded(failure.sent)
        return failure


async def _discard(answer: tuple[Head, _Body]) -> None:
    await answer[1].close()
