"""A blocking TCP socket that another thread can end at any moment."""

from __future__ import annotations

import math
import select
import socket
import threading
import time
from collections.abc import Sequence

from .race import Favourite, race
from .tcp import READ_SIZE, Address, Found, literal, look_up, peer_spoke

_GLANCE = 0.02
"""Seconds between two looks at the abort flag while connecting, where no socket can be shut
down."""


class Aborted(OSError):
    """The socket was ended from another thread."""


class SyncSocket:
    """Every wait ends at `until` (a reading of `time.monotonic`) with a `TimeoutError`."""

    def __init__(self, favourite: Favourite) -> None:
        self._favourite = favourite
        self._socket: socket.socket | None = None
        self.heard_at = 0.0
        self.address: Address | None = None
        self.doing = ""
        self._lock = threading.RLock()  # a signal handler may abort in the middle of `abort`
        self._aborted = False

    def connect(self, host: str, port: int, until: float) -> None:
        self.doing = f" while looking up {host}"
        addresses = literal(host, port) or self._look_up(host, port, until)
        attempts = race(host, addresses, self._favourite)
        try:
            wait = next(attempts)
            while True:
                self.doing = f" while {wait.doing}"
                wait = attempts.send(self._writable(wait.sockets, wait.seconds, until))
        except StopIteration as stop:
            with self._lock:
                self._socket, self.address = stop.value
            self.doing = ""
        finally:
            attempts.close()

    def send(self, data: bytes, until: float) -> None:
        sock = self._ready(until)
        sock.sendall(data)

    def receive(self, until: float) -> bytes:
        data = self._ready(until).recv(READ_SIZE)
        self.heard_at = time.monotonic()
        return data

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

    def _writable(
        self, sockets: Sequence[socket.socket], seconds: float | None, until: float
    ) -> Sequence[socket.socket]:
        """Those that are writable within `seconds`; none when these have passed."""
        enough = math.inf if seconds is None else time.monotonic() + seconds
        while True:
            now = time.monotonic()
            ready = _poll(sockets, max(min(_GLANCE, enough - now, until - now), 0.0))
            if self._aborted:
                raise Aborted
            if ready or (now := time.monotonic()) >= enough:
                return ready
            if now >= until:
                raise TimeoutError(f"timed out{self.doing}")

    def _look_up(self, host: str, port: int, until: float) -> Sequence[Address]:
        """The answer of a look-up that is left behind when it takes too long."""
        found: list[Found] = []
        done = threading.Event()

        def tell(answer: Found) -> None:
            found.append(answer)
            done.set()

        look_up(host, port, tell)
        while not self._aborted:
            if done.wait(_GLANCE):
                if isinstance(found[0], Exception):
                    raise found[0]
                return found[0]
            if time.monotonic() >= until:
                raise TimeoutError(f"timed out{self.doing}")
        raise Aborted


def _poll(sockets: Sequence[socket.socket], seconds: float) -> Sequence[socket.socket]:
    if hasattr(select, "poll"):  # select() itself cannot watch a descriptor above 1023
        poll = select.poll()
        for sock in sockets:
            poll.register(sock, select.POLLOUT)
        ready = {descriptor for descriptor, _ in poll.poll(math.ceil(seconds * 1000))}
        return [sock for sock in sockets if sock.fileno() in ready]
    _, writable, failed = select.select([], sockets, sockets, seconds)
    return [sock for sock in sockets if sock in writable or sock in failed]
