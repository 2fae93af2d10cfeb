"""The state of a TCP socket that carries a connection, whether it blocks or not.

The subclasses wait; nothing here does."""

from __future__ import annotations

import socket

from .race import AddressHistory
from .tcp import Address


class TcpSocket:
    """A socket that connects to one of a host's addresses, in the order of `history`."""

    def __init__(self, history: AddressHistory) -> None:
        self._history = history
        self._socket: socket.socket | None = None
        self.received_at = 0.0
        """The time of `time.monotonic` at which bytes arrived last."""
        self.address: Address | None = None
        """The address of the peer, once connected."""
        self.doing = ""
        """What a timeout would interrupt, to end its message: ` while connecting to host`."""
