"""A TCP socket of the running event loop, asyncio's or trio's.

It is a plain non-blocking socket that waits through anyio: it can be closed at once, without
awaiting, whatever is going on, which is what keeps cancellation simple. Time limits are the
caller's scopes."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence

import anyio
import anyio.lowlevel

from .detached import loop_caller
from .tcp import READ_SIZE, UNDER_WAY, Address, literal, make_socket, peer_spoke, resolve, share


class AsyncSocket:
    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    async def connect(self, host: str, port: int, until: float) -> None:
        """Connect to the first address that answers; `until` is in the event loop's time."""
        addresses = literal(host, port) or await _look_up(host, port)
        for index, address in enumerate(addresses):
            left = len(addresses) - index
            try:
                with anyio.fail_after(share(until - anyio.current_time(), left)):
                    self._socket = await _connected(address)
                return
            except OSError:
                if left == 1:
                    raise
        raise OSError(f"no address for {host}")

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
    found: list[Sequence[Address] | OSError] = []
    done, call_in_loop = anyio.Event(), loop_caller()

    def work() -> None:
        found.append(resolve(host, port))
        try:
            call_in_loop(done.set)
        except RuntimeError:  # the loop has ended
            pass

    threading.Thread(target=work, name="flue-client-lookup", daemon=True).start()
    await done.wait()
    if isinstance(found[0], OSError):
        raise found[0]
    return found[0]


async def _connected(address: Address) -> socket.socket:
    sock = make_socket(address)
    try:
        error = sock.connect_ex(address[4])
        if error in UNDER_WAY:
            await anyio.wait_writable(sock)
            error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
    except BaseException:
        sock.close()
        raise
    return sock
