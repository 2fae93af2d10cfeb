"""The body of a response of a user's `httpx.AsyncClient`.

It reads and closes; what an error means is the channel's concern."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import cast

import httpx

from .log import logger
from .shielded import in_trio

_MAX_CHUNKS = 2**16 // 6
"""Chunks in the 64 KiB that httpcore reads at once: a chunk of HTTP/1.1 takes at least six bytes
(RFC 9112 section 7.1)."""


class Body:
    """The rest of a body. `fetched` holds the part that was read together with the head, and
    `error` what ended that reading."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        whole = response.is_stream_consumed  # the response of a mock transport may be
        chunks = response.aiter_bytes() if whole else response.aiter_raw()
        self._chunks = cast(AsyncGenerator[bytes, None], chunks)
        self.fetched: deque[bytes] = deque()
        self.error: Exception | None = None

    async def fetch(self, on_chunk: Callable[[], None]) -> bytes | None:
        """Read a small body whole, which saves a task for each of its reads. Return it, or `None`
        if an error ended the reading: the read that comes to it raises it."""
        try:
            async for chunk in self._chunks:
                self.fetched.append(chunk)
                on_chunk()
        except Exception as error:
            self.error = error
            return None
        whole = b"".join(self.fetched)
        self.fetched.append(b"")
        return whole

    async def next(self) -> bytes:
        """Return the next bytes, `b""` at the end."""
        return await anext(self._chunks, b"")

    async def close(self) -> None:
        """Close the response. An error of the user's transport is logged: no caller waits here."""
        try:
            if in_trio():
                await self._exhaust()
            await self._close_chunks()
            await self.response.aclose()
        except Exception as error:
            logger().debug("closing a response failed: %s", type(error).__name__)

    async def _exhaust(self) -> None:
        """Run the async generators inside httpx to their end, at a closed connection: trio warns of
        one that is dropped earlier. They yield what httpcore has received before."""
        await self.response.aclose()
        try:
            for _ in range(_MAX_CHUNKS):
                if not await self.next():
                    return
        except (httpx.HTTPError, httpx.StreamError, OSError):
            pass

    async def _close_chunks(self) -> None:
        try:
            await self._chunks.aclose()
        except RuntimeError:  # a read that was cancelled has not returned yet
            pass
