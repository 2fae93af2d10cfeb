"""A TCP socket of the running event loop, asyncio's or trio's.

It is a plain non-blocking socket that waits through anyio: it can be closed at once, without
awaiting, whatever is going on, which is what keeps cancellation simple. Time limits are the
caller's scopes."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from typing import cast

import anyio
import anyio.lowlevel

from .tcp import READ_SIZE, UNDER_WAY, Address, literal, make_socket, peer_spoke, share


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
        sock = self._opened()
        try:
            data = sock.recv(READ_SIZE)
        except BlockingIOError:
            await anyio.wait_readable(sock)
            return sock.recv(READ_SIZE)
        await (
            anyio.lowlevel.checkpoint()
        )  # a stream that always has data must not starve the others
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
    try:
        return cast(Sequence[Address], await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except UnicodeError as error:
        raise OSError(f"not a host name: {error}") from None


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
