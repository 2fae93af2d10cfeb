"""A call's way to the server through an `httpx.AsyncClient` of the user's own: used, never
closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, cast

import anyio
import httpx

from .._core.http import Head, Request
from .._core.steps import DeadlineExceeded, Failure
from .detached import detached, detached_request, in_background, in_trio, loop_caller, undisturbed
from .httpx_common import failure_of, head_of, headers_of, limits, params_of
from .log import logger

_MOST_CHUNKS = 2**16 // 6
"""A chunk of HTTP/1.1 takes at least six bytes (RFC 9112, 7.1)."""


async def _next(chunks: AsyncGenerator[bytes, None]) -> bytes:
    return await anext(chunks, b"")


class _Progress:
    """Knows whether a request may have been sent, and when it can be cancelled: httpcore 1.0 never
    frees the place in its pool of one that is cancelled between connecting and sending, or before.
    It is told of every step, except by transports that do not tell."""

    def __init__(self) -> None:
        self.interruptible = asyncio.Event()
        self._told = self._sent = False
        self._connected: Any = None

    @property
    def maybe_sent(self) -> bool:
        return self._sent or not self._told

    async def __call__(self, step: str, info: dict[str, Any]) -> None:
        self._told = True
        if step.endswith("connect_tcp.complete"):
            self._connected = info.get("return_value")
        elif not step.startswith("connection.start_tls") or step.endswith(".complete"):
            self._connected = None
        self._sent = self._sent or step.endswith("send_request_headers.started")
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


class AsyncHttpxChannel:
    """An `AsyncChannel` over an httpx client."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._response: httpx.Response | None = None
        self._chunks: AsyncGenerator[bytes, None] | None = None
        self._call_in_loop: Callable[[Callable[[], None]], object] | None = None

    async def open(self, request: Request, limit: float | None, deadline: float) -> Head | Failure:
        await self.close()
        self._call_in_loop = loop_caller()
        progress = _Progress()
        sent = self._client.build_request(
            request.method,
            request.url,
            params=params_of(self._client, request),
            headers=headers_of(request),
            content=request.body,
            timeout=limits(limit, deadline - anyio.current_time()),
            extensions={"trace": progress},
        )
        try:
            with anyio.CancelScope(deadline=deadline):
                return await self._answer(request, sent, progress)
        except (httpx.HTTPError, OSError) as error:
            return self._failed(error, deadline)
        raise DeadlineExceeded(progress.maybe_sent)

    async def read(self, limit: float | None, deadline: float) -> bytes | Failure:
        assert self._chunks is not None
        try:
            with anyio.CancelScope(deadline=deadline):
                return await detached(_next(self._chunks))
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            return self._failed(error, deadline)
        raise DeadlineExceeded(sent=True)

    async def close(self) -> None:
        leave = self._left()
        if leave is not None:
            await undisturbed(leave())

    def abort(self) -> None:
        leave = self._left()
        if leave is not None:
            in_background(leave, self._call_in_loop)

    async def _answer(self, request: Request, sent: httpx.Request, progress: _Progress) -> Head:
        response = await detached_request(
            self._sent(sent, progress), progress.interruptible, httpx.Response.aclose
        )
        self._response = response
        whole = response.is_stream_consumed  # a mock transport's answer may be
        chunks = response.aiter_bytes() if whole else response.aiter_raw()
        self._chunks = cast(AsyncGenerator[bytes, None], chunks)
        return head_of(request, response)

    async def _sent(self, request: httpx.Request, progress: _Progress) -> httpx.Response:
        try:
            return await self._client.send(request, stream=True, follow_redirects=False)
        except BaseException:
            await progress.abandon()
            raise

    def _left(self) -> Callable[[], Coroutine[Any, Any, None]] | None:
        """Forget the open answer; return what closes it."""
        response, self._response = self._response, None
        chunks, self._chunks = self._chunks, None
        if response is None or chunks is None:
            return None

        async def leave() -> None:
            try:
                if in_trio():
                    await _exhaust(response, chunks)
                await _closed(chunks)
                await response.aclose()
            except Exception as error:  # the user's transport: nobody is there to be told
                logger().debug("closing an answer failed: %s", type(error).__name__)

        return leave

    def _failed(self, error: Exception, deadline: float) -> Failure:
        if isinstance(error, httpx.TimeoutException) and anyio.current_time() >= deadline:
            raise DeadlineExceeded(
                sent=not isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout)
            )
        return failure_of(error)
