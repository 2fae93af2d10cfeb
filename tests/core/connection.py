"""The peer of a connection in memory: it performs the operations of a flow without a socket."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from typing import Any

import trustme

from flue_client_ext._http.http11 import Connection
from flue_client_ext._http.operations import (
    ByteFlow,
    Connect,
    Established,
    Receive,
    ReceiveNow,
    Send,
    Yield,
)
from flue_client_ext._http.route import Proxy, Route
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
    """A peer that sends `chunks`, then the end of the connection; it keeps what it receives."""

    def __init__(self, chunks: Iterable[bytes] = ()) -> None:
        self.chunks: Iterator[bytes] = iter(chunks)
        self.sent = b""
        self.connects: list[tuple[str, int]] = []
        self.established: int | None = None
        self.yielded = 0
        self._late = False

    def perform(self, flow: ByteFlow[Any]) -> Any:
        """Run `flow` to its end and return its result."""
        reply = None
        try:
            while True:
                operation = flow.send(reply)
                reply = None
                match operation:
                    case Connect(host, port):
                        self.connects.append((host, port))
                    case Send(data):
                        self.take(bytes(data))
                    case Receive():
                        reply = self.give()
                    case ReceiveNow():
                        reply = self.arrived()
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

    def arrived(self) -> bytes | None:
        """The next bytes, unless they are late, as every second time."""
        self._late = not self._late
        return None if self._late else self.give()


def exchange(wire: Wire, http: Connection, request: Request = GET) -> tuple[Any, bytes]:
    """Send one request; return the head and the whole body of its response."""
    head = wire.perform(http.open(request))
    body = b""
    while part := wire.perform(http.read()):
        body += part
    return head, body


def single_bytes(raw: bytes) -> list[bytes]:
    return [raw[i : i + 1] for i in range(len(raw))]


class TlsPeer(Wire):
    """A TLS server in memory, which sends `chunks` as plaintext, in pieces of `size` ciphertext."""

    def __init__(
        self, chunks: Iterable[bytes], authority: trustme.CA, name: str, size: int
    ) -> None:
        super().__init__(chunks)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(self._in, self._out, server_side=True)
        self._size = size
        self._established = False
        self.alert = False

    def take(self, data: bytes) -> None:
        self._in.write(data)
        try:
            if not self._established:
                self._session.do_handshake()
                self._established = True
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
            if text := chunk.removesuffix(CLOSE_NOTIFY).removesuffix(DAMAGE):
                self._session.write(text)
            if chunk.endswith(CLOSE_NOTIFY):
                self._close()
            elif chunk.endswith(DAMAGE):
                self._out.write(DAMAGE)
        return self._out.read(self._size)

    def _close(self) -> None:
        try:
            self._session.unwrap()
        except ssl.SSLError:
            pass  # the client has not sent its own close_notify


CLOSE_NOTIFY = b"<close_notify>"
DAMAGE = b"<no record of TLS>"


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
