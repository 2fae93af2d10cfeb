"""What a fault makes of an answer: an edit stands between a server and its connection.

It gets the answer as its server sends it: the head in one piece, then the body, whole where it has
a length, chunk by chunk where it is an event stream (`Replay` and `AgentServer` send a frame a
chunk)."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Literal

from tests.servers.connection import Connection
from tests.streams.faults import Framing, chunk, framed

LAST_CHUNK = b"0\r\n\r\n"
HowItEnds = Literal["close", "goodbye", "reset", "stall", "damage"]
"""By a FIN, with a close_notify of TLS before it or without; by a reset; never; or by bytes that
are no record of TLS."""


class Struck(ConnectionError):
    """The fault has ended the connection, and its handler is to end as well."""


class Head:
    """The head of an answer."""

    def __init__(self, data: bytes) -> None:
        first, *lines = data.decode("latin-1").rstrip("\r\n").split("\r\n")
        self.first = first
        self.status = int(first.split(" ")[1])
        pairs = (line.partition(": ") for line in lines)
        self.headers = {name.lower(): value for name, _, value in pairs}

    @property
    def is_events(self) -> bool:
        return self.headers.get("content-type") == "text/event-stream"

    def reframed(self, framing: Framing, length: int = 0) -> None:
        for name in ("content-length", "transfer-encoding", "connection"):
            self.headers.pop(name, None)
        self.headers |= framed(framing, length)

    def encode(self) -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        return f"{self.first}\r\n{lines}\r\n".encode("latin-1")


class Edit:
    """Passes the answer on as it is; `struck` is called when something else happens."""

    def __init__(self, connection: Connection, struck: Callable[[], None]) -> None:
        self.connection = connection
        self.struck = struck
        self.write = connection.send
        self.head: Head | None = None
        self._chunked = False

    def __call__(self, data: bytes) -> None:
        if self.head is None:
            self.head = Head(data)
            self._chunked = "transfer-encoding" in self.head.headers
            self.begin(self.head)
        elif not self._chunked:
            if data:
                self.body(self.head, data)
        elif data == LAST_CHUNK:
            self.end()
        else:
            self.body(self.head, data.partition(b"\r\n")[2][:-2])

    def begin(self, head: Head) -> None:
        self.write(head.encode())

    def body(self, head: Head, data: bytes) -> None:
        self.write(chunk(data) if self._chunked else data)

    def end(self) -> None:
        self.write(LAST_CHUNK)

    def hang_up(self, how: HowItEnds) -> None:
        self.struck()
        if how == "stall":
            self.connection.wait_closed(60)
        elif how == "reset":
            self.connection.reset()
        elif how == "damage":
            socket.socket.sendall(self.connection.socket, b"no record of TLS")
            self.connection.wait_closed(60)
        else:
            if how == "goodbye":
                self.connection.say_goodbye()
            self.connection.close()
        raise Struck
