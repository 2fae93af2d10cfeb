"""The two ends of a proxied connection, and the delay line between them."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import TYPE_CHECKING, Literal

from tests.servers.connection import LINGER_NOT

if TYPE_CHECKING:
    from tests.servers.proxy import TcpProxy


class End(asyncio.Protocol):
    """One end of a proxied connection; what it receives goes down the line to `other`.

    What arrives while it may not forward is kept, whatever its transport does about reading:
    asyncio of Python 3.11.2 reads on after a `pause_reading()` inside `connection_made()`.
    """

    def __init__(self, proxy: TcpProxy, other: End | None = None) -> None:
        self.proxy = proxy
        self.other = other
        self.faces_client = other is None
        self.transport: asyncio.Transport | None = None
        self._forwards = False
        self._kept: list[bytes | None] = []
        self._line: deque[tuple[float, bytes | None]] = deque()
        self._budget: int | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        sock: socket.socket = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.other is None:
            self._budget = self.proxy.cut_bytes
            self.proxy.opened(self)
            return
        if self.other.is_closing():  # cut, or left by its peer, while this one was dialled
            self.drop("reset")
            return
        self.other.other = self
        for end in (self, self.other):
            end.set_reading(not self.proxy.paused)

    def data_received(self, data: bytes) -> None:
        self._received(data)

    def eof_received(self) -> bool:
        self._received(None)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        if self.faces_client:
            self.proxy.closed(self)
        if self.other and exc is not None:
            self.other.drop("reset")
        elif self.other:
            self.other.carry(None)

    def pause_writing(self) -> None:
        if self.other:
            self.other.set_reading(False)

    def resume_writing(self) -> None:
        if self.other:
            self.other.set_reading(not self.proxy.paused)

    def is_closing(self) -> bool:
        return self.transport is None or self.transport.is_closing()

    def set_reading(self, on: bool) -> None:
        """Forward what the peer sends, or leave it waiting; an end without its other never does."""
        self._forwards = on and self.other is not None
        if self._forwards:
            kept, self._kept = self._kept, []
            for data in kept:
                self._received(data)
        self._set_transport_reading()

    def _received(self, data: bytes | None) -> None:
        if self._forwards and self.other:
            self.other.carry(data)
        else:
            self._kept.append(data)
            self._set_transport_reading()

    def _set_transport_reading(self) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        # Resumed in any case, or a pause that had no effect would be taken for one that holds.
        self.transport.resume_reading()
        if not self._forwards:
            self.transport.pause_reading()

    def carry(self, data: bytes | None) -> None:
        """Put bytes, or the end of them, on the line to this end."""
        if data is not None:
            self.proxy.setting_out(self, data)
        if not self.proxy.delay and not self._line:
            self._arrive(data)
            return
        self._line.append((self.proxy.loop.time() + self.proxy.delay, data))
        if self._timer is None:
            self._timer = self.proxy.loop.call_at(self._line[0][0], self._flush)

    def _flush(self) -> None:
        self._timer = None
        while self._line and self._line[0][0] <= self.proxy.loop.time():
            self._arrive(self._line.popleft()[1])
        if self._line:
            self._timer = self.proxy.loop.call_at(self._line[0][0], self._flush)

    def _arrive(self, data: bytes | None) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        if data is None:
            self.transport.close()
            return
        if self.faces_client and self._budget is not None:
            data, self._budget = data[: self._budget], max(0, self._budget - len(data))
        self.transport.write(data)
        self.proxy.forwarded(self, data)
        if self.faces_client and self._budget == 0:
            self.cut()

    def cut(self) -> None:
        """Cut the connection at both ends, the way the proxy cuts."""
        self.drop(self.proxy.cut_how)
        if self.other:
            self.other.drop("reset")

    def drop(self, how: Literal["reset", "close"]) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        if how == "close":
            self.transport.close()
            return
        sock: socket.socket = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        self.transport.abort()
