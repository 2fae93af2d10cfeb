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
from .detached import detached, detached_request, in_background, in_trio, undisturbed
from .httpx_common import failure_of, head_of, headers_of, limits


async def _next(chunks: AsyncGenerator[bytes, None]) -> bytes:
    return await anext(chunks, b"")


class _Progress:
    """Knows when a request can be cancelled: httpcore 1.0 never frees the place in its pool of one
    that is cancelled between connecting and sending, or before. It is told of every step."""

    def __init__(self) -> None:
        self.interruptible = asyncio.Event()

    async def __call__(self, step: str, _: object) -> None:
        if step.startswith("http") or step.endswith(".started"):
            self.interruptible.set()
        else:
            self.interruptible.clear()


async def _exhaust(response: httpx.Response, chunks: AsyncGenerator[bytes, None]) -> None:
    """Let the generators inside httpx meet the closed connection: trio warns of any that is dropped
    before its end. What was received already comes first, which is little."""
    await response.aclose()
    try:
        for _ in range(3):
            await _next(chunks)
    except (httpx.HTTPError, httpx.StreamError, OSError):
        pass


class AsyncHttpxChannel:
    """An `AsyncChannel` over an httpx client."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._response: httpx.Response | None = None
        self._chunks: AsyncGenerator[bytes, None] | None = None

    async def open(self, request: Request, limit: float | None, deadline: float) -> Head | Failure:
        await self.close()
        sent = self._client.build_request(
            request.method,
            request.url,
            headers=headers_of(request),
            content=request.body,
            timeout=limits(limit, deadline - anyio.current_time()),
        )
        try:
            with anyio.CancelScope(deadline=deadline):
                return await self._answer(request, sent)
        except (httpx.HTTPError, OSError) as error:
            return self._failed(error, deadline)
        raise DeadlineExceeded(sent=True)

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
            in_background(leave)

    async def _answer(self, request: Request, sent: httpx.Request) -> Head:
        sent.extensions = {**sent.extensions, "trace": (progress := _Progress())}
        response = await detached_request(
            self._sent(sent), progress.interruptible, httpx.Response.aclose
        )
        self._response = response
        whole = response.is_stream_consumed  # a mock transport's answer may be
        chunks = response.aiter_bytes() if whole else response.aiter_raw()
        self._chunks = cast(AsyncGenerator[bytes, None], chunks)
        return head_of(request, response)

    async def _sent(self, request: httpx.Request) -> httpx.Response:
        return await self._client.send(request, stream=True, follow_redirects=False)

    def _left(self) -> Callable[[], Coroutine[Any, Any, None]] | None:
        """Forget the open answer; return what closes it."""
        response, self._response = self._response, None
        chunks, self._chunks = self._chunks, None
        if response is None or chunks is None:
            return None

        async def leave() -> None:
            if in_trio():
                await _exhaust(response, chunks)
            try:
                await chunks.aclose()
            except RuntimeError:  # a read that was cancelled has not returned yet
                pass
            await response.aclose()

        return leave

    def _failed(self, error: Exception, deadline: float) -> Failure:
        if isinstance(error, httpx.TimeoutException) and anyio.current_time() >= deadline:
            raise DeadlineExceeded(
                sent=not isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout)
            )
        return failure_of(error)
