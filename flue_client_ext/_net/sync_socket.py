"""A blocking TCP socket that another thread can end at any moment."""

from __future__ import annotations

import os
import queue
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
        self._lock = threading.Lock()
        self._aborted = threading.Event()

    def connect(self, host: str, port: int, until: float) -> None:
        addresses = literal(host, port) or self._look_up(host, port, until)
        for index, address in enumerate(addresses):
            left = len(addresses) - index
            now = time.monotonic()
            try:
                self._try(address, now + share(until - now, left))
                return
            except OSError:
                if self._aborted.is_set() or left == 1:
                    raise
        raise OSError(f"no address for {host}")

    def send(self, data: bytes, until: float) -> None:
        sock = self._ready(until)
        sock.sendall(data)

    def receive(self, until: float) -> bytes:
        return self._ready(until).recv(READ_SIZE)

    def abort(self) -> None:
        """End whatever waits on this socket, now and later; from any thread."""
        self._aborted.set()
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
        if self._aborted.is_set() or self._socket is None:
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
                if self._aborted.is_set():
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
        found: queue.SimpleQueue[Sequence[Address] | OSError] = queue.SimpleQueue()
        threading.Thread(
            target=lambda: found.put(resolve(host, port)), name="flue-client-lookup", daemon=True
        ).start()
        while not self._aborted.is_set():
            try:
                answer = found.get(timeout=_GLANCE)
            except queue.Empty:
                if time.monotonic() >= until:
                    raise TimeoutError(f"timed out while looking up {host}") from None
                continue
            if isinstance(answer, OSError):
                raise answer
            return answer
        raise Aborted


def _writable(sock: socket.socket, seconds: float) -> bool:
    if hasattr(select, "poll"):  # select() itself cannot watch a descriptor above 1023
        poll = select.poll()
        poll.register(sock, select.POLLOUT)
        return bool(poll.poll(seconds * 1000))
    _, ready, failed = select.select([], [sock], [sock], seconds)
    return bool(ready or failed)
