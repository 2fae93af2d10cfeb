"""Servers that never stop sending, and never come to an end."""

from __future__ import annotations

import threading

from tests.servers.raw import Connection, Request


class Drip:
    """Sends a part of an answer every 50 ms, for as long as the test lasts."""

    def __init__(self, first: bytes, part: bytes) -> None:
        self.first, self.part = first, part
        self.over = threading.Event()

    def __call__(self, _: Request, connection: Connection) -> None:
        connection.send(self.first)
        while not self.over.wait(0.05):
            connection.send(self.part)


DRIPS = {
    "head": (b"HTTP/1.1 200 OK\r\nx-slow: ", b"."),
    "body": (b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", b" "),
    "chunks": (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "interim answers": (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
}
