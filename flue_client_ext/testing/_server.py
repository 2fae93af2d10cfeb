"""The listening socket of a local server, and the thread that serves it.

The socket listens before the thread runs, so starting takes a few milliseconds and no connect is
ever too early. Stopping leaves no thread, no connection and no port behind.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any

from ._connection import App, Connection

START_LIMIT = 10.0


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
        if not self._ready.wait(START_LIMIT):
            raise RuntimeError(f"the server on port {self.port} does not start")

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        await self._listen(self._socket)
        self._ready.set()
        await self._stopping.wait()
        for chore in list(self._chores):
            chore.cancel()
        await self.refuse()
        await self._drop()

    async def _listen(self, sock: socket.socket) -> None:
        self._server = await asyncio.start_server(self._accepted, sock=sock)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Know a connection from its first moment; a task that has not run yet can be cancelled."""
        if self._stopping.is_set():
            writer.transport.abort()
            return

        def ended(task: asyncio.Task[None]) -> None:
            self._connections.discard(task)
            if task.cancelled():
                writer.transport.abort()
            elif (error := task.exception()) is not None:
                context = {"message": "answering a request failed", "exception": error}
                self._loop.call_exception_handler(context)

        task = self._loop.create_task(Connection(self._app, reader, writer).run())
        self._connections.add(task)
        task.add_done_callback(ended)

    async def refuse(self) -> None:
        """Stop listening (on the serving loop): the machine answers connects with a refusal.

        What asyncio has accepted and not yet given a transport it would lose at the close, open and
        unanswered: `Server._attach` fails then. That takes it two turns of its loop, so no more is
        accepted first.
        """
        for sock in self._server.sockets:
            with suppress(NotImplementedError):  # Windows' loop
                self._loop.remove_reader(sock.fileno())
        for _ in range(3):
            await asyncio.sleep(0)
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
        dropping = asyncio.run_coroutine_threadsafe(self._drop(), self._loop)
        if threading.current_thread() is not self._thread:
            dropping.result(5)

    def stop(self) -> None:
        """End for good; no thread is left, but for the server's own if that asks for it."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        if threading.current_thread() is not self._thread:
            self._thread.join(5)


class Running:
    """A block in which a server listens; entered, it returns the base URL."""

    def __init__(self, start: Callable[[], str], stop: Callable[[], None]) -> None:
        self._start = start
        self._stop = stop

    def __enter__(self) -> str:
        return self._start()

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._stop()

    async def __aenter__(self) -> str:
        return self.__enter__()

    async def __aexit__(self, *exc_info: object) -> None:
        self.__exit__()
