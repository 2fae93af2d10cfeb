"""Playing a connection's conversation by hand: chunks in, bytes out, no socket."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from typing import Any

import trustme

from flue_client_ext._http.http11 import Connection
from flue_client_ext._http.wire import (
    ByteFlow,
    Connect,
    Established,
    Proxy,
    Receive,
    Route,
    Send,
    Yield,
)
from flue_client_ext._values.http import Request

GET = Request("GET", "http://server.test/a?b=1", {"accept": "application/json"})
HEAD = Request("HEAD", "http://server.test/a")
POST = Request("POST", "http://server.test/p", {"content-type": "application/json"}, b'{"a":1}')


def no_tls() -> ssl.SSLContext:
    raise AssertionError("no TLS context is needed")


def route(
    tls: bool = False, proxy: Proxy | None = None, host: str = "server.test", context: Any = no_tls
) -> Route:
    return Route(host, 443 if tls else 80, tls, proxy, context)


class Wire:
    """The peer's side: gives its chunks, then the end; keeps what it was sent."""

    def __init__(self, chunks: Iterable[bytes] = ()) -> None:
        self.chunks: Iterator[bytes] = iter(chunks)
        self.sent = b""
        self.connects: list[tuple[str, int]] = []
        self.established: int | None = None
        self.yielded = 0

    def perform(self, talk: ByteFlow[Any]) -> Any:
        """Run `talk` to its end and return its result."""
        reply = None
        try:
            while True:
                operation = talk.send(reply)
                reply = None
                match operation:
                    case Connect(host, port):
                        self.connects.append((host, port))
                    case Send(data):
                        self.take(data)
                    case Receive():
                        reply = self.give()
                    case Established():
                        self.established = len(self.sent)
                    case Yield():
                        self.yielded += 1
        except StopIteration as stop:
            return stop.value

    def take(self, data: bytes) -> None:
        self.sent += data

    def give(self) -> bytes:
        return next(self.chunks, b"")


def exchange(wire: Wire, http: Connection, request: Request = GET) -> tuple[Any, bytes]:
    """One request: its head and its whole body."""
    head = wire.perform(http.open(request))
    body = b""
    while part := wire.perform(http.read()):
        body += part
    return head, body


def single_bytes(raw: bytes) -> list[bytes]:
    return [raw[i : i + 1] for i in range(len(raw))]


class TlsPeer(Wire):
    """A TLS server in memory, which plays `chunks` as plaintext, ciphertext cut into `size`."""

    def __init__(
        self, chunks: Iterable[bytes], authority: trustme.CA, name: str, size: int
    ) -> None:
        super().__init__(chunks)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(self._in, self._out, server_side=True)
        self._size = size
        self._shaken = False
        self.alert = False

    def take(self, data: bytes) -> None:
        self._in.write(data)
        try:
            if not self._shaken:
                self._session.do_handshake()
                self._shaken = True
            while part := self._session.read(65536):
                self.sent += part
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self.alert = True

    def give(self) -> bytes:
        while not self._out.pending:
            chunk = next(self.chunks, None)
            if chunk is None:
                return b""
            if text := chunk.removesuffix(FAREWELL):
                self._session.write(text)
            if text != chunk:
                self._farewell()
        return self._out.read(self._size)

    def _farewell(self) -> None:
        try:
            self._session.unwrap()
        except ssl.SSLError:
            pass  # the other side has not said farewell


FAREWELL = b"<farewell>"


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
