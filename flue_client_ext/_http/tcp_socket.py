"""The state of a TCP socket that carries a connection, whether it blocks or not.

The subclasses wait; nothing here does."""

from __future__ import annotations

import socket
import time

from .race import AddressHistory
from .tcp import Address

SMALL_READ = 64 * 1024
"""Bytes that a read asks for. CPython allocates as many first, and an allocation of 128 KiB or more
takes glibc two system calls and the kernel a fresh page: ten times as long as the read itself."""

LARGE_READ = 512 * 1024
"""Bytes that it asks for where the one before was not small: they are fewer then, and cut fewer
chunks in two."""


class TcpSocket:
    """A socket that connects to one of a host's addresses, in the order of `history`."""

    def __init__(self, history: AddressHistory) -> None:
        self._history = history
        self._socket: socket.socket | None = None
        self._read_size = SMALL_READ
        self.received_at = 0.0
        """The time of `time.monotonic` at which bytes arrived last."""
        self.address: Address | None = None
        """The address of the peer, once connected."""
        self.doing = ""
        """What a timeout would interrupt, to end its message: ` while connecting to host`."""

    def _received(self, data: bytes) -> bytes:
        """Note that `data` was read; return it."""
        self.received_at = time.monotonic()
        self._read_size = SMALL_READ if len(data) < SMALL_READ else LARGE_READ
        return data
