"""A TCP socket of the running event loop, asyncio's or trio's.

It is a plain non-blocking socket that waits through anyio: it can be closed at once, without
awaiting, whatever is going on, which is what keeps cancellation simple. Time limits are the
caller's scopes."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence

import anyio
import anyio.lowlevel

from .race import Favourite, race
from .shielded import loop_caller
from .tcp import READ_SIZE, Address, Found, literal, look_up, peer_spoke


class AsyncSocket:
    def __init__(self, favourite: Favourite) -> None:
        self._favourite = favourite
        self._socket: socket.socket | None = None
        self.heard_at = 0.0
        self.address: Address | None = None
        self.doing = ""

    async def connect(self, host: str, port: int) -> None:
        self.doing = f" while looking up {host}"
        addresses = literal(host, port) or await _look_up(host, port)
        attempts = race(host, addresses, self._favourite)
        try:
            wait = next(attempts)
            while True:
                self.doing = f" while {wait.doing}"
                wait = attempts.send(await _writable(wait.sockets, wait.seconds))
        except StopIteration as stop:
            self._socket, self.address = stop.value
            self.doing = ""
        finally:
            attempts.close()

    async def send(self, data: bytes) -> None:
        sock, view = self._opened(), memoryview(data)
        while view:
            try:
                view = view[sock.send(view) :]
            except BlockingIOError:
                await anyio.wait_writable(sock)

    async def receive(self) -> bytes:
        sock, waited = self._opened(), False
        while True:
            try:
                data = sock.recv(READ_SIZE)
            except BlockingIOError:
                await anyio.wait_readable(sock)
                waited = True
                continue
            self.heard_at = time.monotonic()
            if not waited:  # a stream that always has data must not starve the others
                await anyio.lowlevel.checkpoint()
            return data

    def is_stale(self) -> bool:
        return self._socket is None or peer_spoke(self._socket)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _opened(self) -> socket.socket:
        if self._socket is None:
            raise OSError("not connected")
        return self._socket


async def _look_up(host: str, port: int) -> Sequence[Address]:
    """Resolve in a thread that nobody waits for; the end of an asyncio loop waits for its own."""
    found: list[Found] = []
    done, call_in_loop = anyio.Event(), loop_caller()

    def tell(answer: Found) -> None:
        found.append(answer)
        try:
            call_in_loop(done.set)
        except RuntimeError:  # the loop has ended
            pass

    look_up(host, port, tell)
    await done.wait()
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


async def _writable(
    sockets: Sequence[socket.socket], seconds: float | None
) -> Sequence[socket.socket]:
    """Those that are writable within `seconds`; none when these have passed."""
    ready: list[socket.socket] = []
    with anyio.move_on_after(seconds):
        if len(sockets) == 1:
            await anyio.wait_writable(sockets[0])
            return sockets
        async with anyio.create_task_group() as group:

            async def watch(sock: socket.socket) -> None:
                await anyio.wait_writable(sock)
                ready.append(sock)
                group.cancel_scope.cancel()

            for sock in sockets:
                group.start_soon(watch, sock)
    return ready
