"""A TCP socket of the running event loop, asyncio's or trio's.

It is a plain non-blocking socket that waits through anyio. So it can be closed at once, without
awaiting, whatever waits on it, and cancellation needs no more. The caller's cancel scopes are the
time limits. It performs operations; it knows nothing of HTTP or TLS."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import anyio
import anyio.lowlevel

from .operations import Connect, Operation, Receive, ReceiveNow, Send, Yield
from .race import race
from .shielded import loop_caller
from .tcp import Address, Resolution, addresses_of, is_readable, literal, look_up
from .tcp_socket import TcpSocket


class AsyncSocket(TcpSocket):
    """Performs operations. The caller may cancel a wait, or close the socket during one."""

    async def perform(self, operation: Operation) -> bytes | None:
        """Perform `operation` and return the reply."""
        match operation:
            case Receive():
                sock, waited = self._connected(), False
                while True:  # not in a function: a call for each chunk of a stream
                    try:
                        data = self._received(sock.recv(self._read_size))
                    except BlockingIOError:
                        await anyio.wait_readable(sock)
                        waited = True
                        continue
                    if not waited:  # a stream that always has data must let other tasks run
                        await anyio.lowlevel.checkpoint()
                    return data
            case Send(data):
                await self._send(data)
            case Yield():
                await anyio.lowlevel.checkpoint()
            case Connect(host, port):
                await self._connect(host, port)
            case ReceiveNow():
                return await self._arrived()
            case _:  # a time limit is the channel's
                pass
        return None

    def is_stale(self) -> bool:
        return self._socket is None or is_readable(self._socket)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    async def _arrived(self) -> bytes | None:
        await anyio.lowlevel.checkpoint()  # first: it may raise, and received bytes would be lost
        try:
            return self._received(self._connected().recv(self._read_size))
        except BlockingIOError:
            return None

    async def _connect(self, host: str, port: int) -> None:
        self.doing = f" while looking up {host}"
        addresses = literal(host, port) or await _look_up(host, port)
        attempts = race(host, addresses, self._history)
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

    async def _send(self, data: memoryview) -> None:
        sock = self._connected()
        while data:
            try:
                data = data[sock.send(data) :]
            except BlockingIOError:
                await anyio.wait_writable(sock)

    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise OSError("not connected")
        return self._socket


async def _look_up(host: str, port: int) -> Sequence[Address]:
    """Resolve `host` in a thread that can be abandoned. The threads of asyncio's `getaddrinfo`
    cannot: the end of the event loop joins them."""
    found: list[Resolution] = []
    done, call_in_loop = anyio.Event(), loop_caller()

    def on_result(resolution: Resolution) -> None:
        found.append(resolution)
        try:
            call_in_loop(done.set)
        except RuntimeError:  # the loop has ended
            pass

    look_up(host, port, on_result)
    await done.wait()
    return addresses_of(found[0])


async def _writable(
    sockets: Sequence[socket.socket], seconds: float | None
) -> Sequence[socket.socket]:
    """Return the sockets that become writable within `seconds`; none if no socket does."""
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
