"""The listening socket of a local server, and the thread that serves it.

The socket listens before the thread runs, so starting takes a few milliseconds and no connect is
ever too early. Stopping leaves no thread, no connection and no port behind.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ._connection import App, Connection


class Listener:
    """A listening socket and the thread that serves it."""

    def __init__(self, app: App, host: str, port: int) -> None:
        self._app = app
        self._socket = socket.create_server((host, port), backlog=512)
        self.host, self.port = self._socket.getsockname()[:2]
        self._connections: set[asyncio.Task[None]] = set()
        self._chores: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), name=f"flue-{self.port}", daemon=True
        )
        self._thread.start()
        self._ready.wait()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        await self._listen(self._socket)
        self._ready.set()
        await self._stopping.wait()
        await self.refuse()
        await self._drop()

    async def _listen(self, sock: socket.socket) -> None:
        self._server = await asyncio.start_server(self._accepted, sock=sock)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await Connection(self._app, reader, writer).run()
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._connections.discard(task)

    async def refuse(self) -> None:
        """Stop listening (on the serving loop): the machine answers connects with a refusal."""
        self._server.close()

    async def accept(self) -> None:
        """Listen again on the same port (on the serving loop)."""
        await self._listen(socket.create_server((self.host, self.port), backlog=512))

    def later(self, first: Coroutine[Any, Any, None], then: Callable[[], Awaitable[None]]) -> None:
        """Do one thing after another on the serving loop, whoever asked for it being gone."""

        async def both() -> None:
            await first
            await then()

        task = asyncio.ensure_future(both(), loop=self._loop)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def _drop(self) -> None:
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def drop(self) -> None:
        """Cut every connection; the next one is accepted again."""
        asyncio.run_coroutine_threadsafe(self._drop(), self._loop).result(5)

    def stop(self) -> None:
        """End for good; no thread is left."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(5)
