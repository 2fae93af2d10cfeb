"""A blocking TCP socket that another thread can end at any moment."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Sequence

from .tcp import READ_SIZE, UNDER_WAY, Address, literal, make_socket, peer_spoke, resolve, share

_GLANCE = 0.02
"""Seconds between two looks at the abort flag while connecting, where no socket can be shut
down."""


class Aborted(OSError):
    """The socket was ended from another thread."""


class SyncSocket:
    """Every wait ends at `until` (a reading of `time.monotonic`) with a `TimeoutError`."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._lock = threading.RLock()  # a signal handler may abort in the middle of `abort`
        self._aborted = False

    def connect(self, host: str, port: int, until: float) -> None:
        addresses = literal(host, port) or self._look_up(host, port, until)
        for index, address in enumerate(addresses):
            left = len(addresses) - index
            now = time.monotonic()
            try:
                self._try(address, now + share(until - now, left))
                return
            except OSError:
                if self._aborted or left == 1:
                    raise
        raise OSError(f"no address for {host}")

    def send(self, data: bytes, until: float) -> None:
        sock = self._ready(until)
        sock.sendall(data)

    def receive(self, until: float) -> bytes:
        return self._ready(until).recv(READ_SIZE)

    def abort(self) -> None:
        """End whatever waits on this socket, now and later; from any thread."""
        self._aborted = True
        with self._lock:
            if self._socket is not None:
                try:
                    self._socket.shutdown(socket.SHUT_RDWR)
                except OSError:  # not connected any more: nobody waits on it
                    pass

    def close(self) -> None:
        with self._lock:
            if self._socket is not None:
                self._socket.close()

    def is_stale(self) -> bool:
        if self._socket is None:
            return True
        self._socket.setblocking(False)
        return peer_spoke(self._socket)

    def _ready(self, until: float) -> socket.socket:
        if self._aborted or self._socket is None:
            raise Aborted
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(min(left, 1e8))
        return self._socket

    def _try(self, address: Address, until: float) -> None:
        sock = make_socket(address)
        try:
            error = sock.connect_ex(address[4])
            if error not in UNDER_WAY:
                raise OSError(error, os.strerror(error))
            while not _writable(sock, _GLANCE):
                if self._aborted:
                    raise Aborted
                if time.monotonic() >= until:
                    raise TimeoutError("timed out while connecting")
            error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, os.strerror(error))
        except BaseException:
            sock.close()
            raise
        with self._lock:
            self._socket = sock

    def _look_up(self, host: str, port: int, until: float) -> Sequence[Address]:
        """Resolve in a thread that can be left behind: `getaddrinfo` cannot be interrupted."""
        found: list[Sequence[Address] | OSError] = []
        done = threading.Event()

        def work() -> None:
            found.append(resolve(host, port))
            done.set()

        threading.Thread(target=work, name="flue-client-lookup", daemon=True).start()
        while not self._aborted:
            if done.wait(_GLANCE):
                if isinstance(found[0], OSError):
                    raise found[0]
                return found[0]
            if time.monotonic() >= until:
                raise TimeoutError(f"timed out while looking up {host}")
        raise Aborted


def _writable(sock: socket.socket, seconds: float) -> bool:
    if hasattr(select, "poll"):  # select() itself cannot watch a descriptor above 1023
        poll = select.poll()
        poll.register(sock, select.POLLOUT)
        return bool(poll.poll(seconds * 1000))
    _, ready, failed = select.select([], [sock], [sock], seconds)
    return bool(ready or failed)
