"""A blocking TCP socket that another thread may abort at any moment.

It performs operations; it knows nothing of HTTP or TLS."""

from __future__ import annotations

import math
import select
import socket
import threading
import time
from collections.abc import Sequence

from .operations import Connect, Operation, Receive, ReceiveNow, Send
from .race import AddressHistory, race
from .tcp import Address, Resolution, addresses_of, is_readable, literal, look_up
from .tcp_socket import TcpSocket

_POLL_INTERVAL = 0.02
"""Seconds between two checks of the abort flag in a look-up or a connect: there is no connected
socket yet whose shutdown would end the wait."""

_MAX_TIMEOUT = 1e8
"""Seconds: longer than any call, and short enough for every platform's `time_t`."""


class Aborted(OSError):
    """Another thread has aborted the socket."""


class SyncSocket(TcpSocket):
    """Performs operations. A wait raises `TimeoutError` at `until`, a time of `time.monotonic`."""

    def __init__(self, history: AddressHistory) -> None:
        super().__init__(history)
        # Reentrant: a signal handler may abort the socket in the middle of `abort`.
        self._lock = threading.RLock()
        self._aborted = False

    def perform(self, operation: Operation, until: float) -> bytes | None:
        """Perform `operation` and return the reply."""
        match operation:
            case Receive():
                return self._received(self._ready(until).recv(self._read_size))
            case Send(data):
                self._ready(until).sendall(data)
            case Connect(host, port):
                self._connect(host, port, until)
            case ReceiveNow():
                return self._arrived(until)
            case _:  # a time limit is the channel's, and other threads run without a YIELD
                pass
        return None

    def abort(self) -> None:
        """End the wait under way and all later ones; from any thread."""
        # The flag first: if `_connect` has not set the socket yet, the next operation sees it.
        self._aborted = True
        with self._lock:
            if self._socket is not None:
                try:
                    # close() would not end a recv() in another thread, and its descriptor might be
                    # in use again by then.
                    self._socket.shutdown(socket.SHUT_RDWR)
                except OSError:  # disconnected: nothing waits on it
                    pass

    def close(self) -> None:
        with self._lock:
            if self._socket is not None:
                self._socket.close()

    def is_stale(self) -> bool:
        if self._socket is None:
            return True
        self._socket.setblocking(False)
        return is_readable(self._socket)

    def _connect(self, host: str, port: int, until: float) -> None:
        self.doing = f" while looking up {host}"
        addresses = literal(host, port) or self._look_up(host, port, until)
        attempts = race(host, addresses, self._history)
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

    def _ready(self, until: float) -> socket.socket:
        if self._aborted or self._socket is None:
            raise Aborted
        remaining = until - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(min(remaining, _MAX_TIMEOUT))
        return self._socket

    def _arrived(self, until: float) -> bytes | None:
        sock = self._ready(until)
        sock.setblocking(False)
        try:
            return self._received(sock.recv(self._read_size))
        except BlockingIOError:
            return None

    def _writable(
        self, sockets: Sequence[socket.socket], seconds: float | None, until: float
    ) -> Sequence[socket.socket]:
        """Return the sockets that become writable within `seconds`; none if no socket does."""
        end = math.inf if seconds is None else time.monotonic() + seconds
        while True:
            now = time.monotonic()
            ready = _poll(sockets, max(min(_POLL_INTERVAL, end - now, until - now), 0.0))
            if self._aborted:
                raise Aborted
            if ready or (now := time.monotonic()) >= end:
                return ready
            if now >= until:
                raise TimeoutError(f"timed out{self.doing}")

    def _look_up(self, host: str, port: int, until: float) -> Sequence[Address]:
        """Resolve `host`; abandon the look-up at `until`."""
        found: list[Resolution] = []
        done = threading.Event()

        def on_result(resolution: Resolution) -> None:
            found.append(resolution)
            done.set()

        look_up(host, port, on_result)
        while not self._aborted:
            if done.wait(_POLL_INTERVAL):
                return addresses_of(found[0])
            if time.monotonic() >= until:
                raise TimeoutError(f"timed out{self.doing}")
        raise Aborted


def _poll(sockets: Sequence[socket.socket], seconds: float) -> Sequence[socket.socket]:
    if hasattr(select, "poll"):  # select() cannot watch a descriptor above 1023
        poll = select.poll()
        for sock in sockets:
            poll.register(sock, select.POLLOUT)
        ready = {descriptor for descriptor, _ in poll.poll(math.ceil(seconds * 1000))}
        return [sock for sock in sockets if sock.fileno() in ready]
    _, writable, failed = select.select([], sockets, sockets, seconds)
    return [sock for sock in sockets if sock in writable or sock in failed]
