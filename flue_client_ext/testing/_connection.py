"""One HTTP/1.1 connection of the local server: h11 reads the requests, `_Answer` writes.

Written rather than borrowed because faults need what servers hide: the socket under an answer, and
framing that may lie. On the wire it behaves as the genuine server's Node does: keep-alive for five
seconds, chunked bodies without a length, pipelined requests in turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import h11

from ._parts import Hangup

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
KEEP_ALIVE = 5.0
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"


class Connection:
    """One connection; also the `Wire` that faults are given."""

    def __init__(
        self, app: App, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._app = app
        self._reader = reader
        self._writer = writer
        self._ended = False
        sock: socket.socket = writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def run(self) -> None:
        """Serve requests until either side has had enough."""
        rest = b""
        try:
            while not self._ended:
                parser = h11.Connection(h11.SERVER)
                if rest:
                    parser.receive_data(rest)
                rest = await self._exchange(parser)
        except h11.RemoteProtocolError:
            with contextlib.suppress(Hangup):
                await self.raw(_BAD_REQUEST)
        except (Hangup, OSError, TimeoutError):
            pass
        finally:
            self.close()
        # Also takes the error of a broken connection, which asyncio would report: on a
        # free-threaded Python the garbage collector may finalize the future that has it first.
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def raw(self, data: bytes) -> None:
        if self._ended:
            raise Hangup
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError:
            raise Hangup from None

    def close(self) -> None:
        self._ended = True
        self._writer.close()

    def reset(self) -> None:
        self._ended = True
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def _event(self, parser: h11.Connection, timeout: float | None = None) -> Any:
        while (event := parser.next_event()) is h11.NEED_DATA:
            if parser.they_are_waiting_for_100_continue:
                await self.raw(b"HTTP/1.1 100 Continue\r\n\r\n")
                parser.send(h11.InformationalResponse(status_code=100, headers=[]))
            data = await asyncio.wait_for(self._reader.read(65536), timeout)
            if not data:
                raise Hangup
            parser.receive_data(data)
        return event

    async def _exchange(self, parser: h11.Connection) -> bytes:
        """Read one request, have it answered, return what the peer sent behind it."""
        request = await self._event(parser, KEEP_ALIVE)
        body = b""
        while isinstance(event := await self._event(parser), h11.Data):
            body += event.data
        rest = bytearray(parser.trailing_data[0])
        answer = _Answer(self, request)
        watch = asyncio.ensure_future(self._watch(rest))
        work = asyncio.ensure_future(self._work(answer, self._scope(request), body))
        try:
            await asyncio.wait({watch, work}, return_when=asyncio.FIRST_COMPLETED)
            if watch.done() and not work.done() and watch.exception() is not None:
                raise Hangup
            await work
        finally:
            for task in (watch, work):
                task.cancel()
            await asyncio.gather(watch, work, return_exceptions=True)
        self._ended = self._ended or not answer.keep_alive
        return bytes(rest)

    async def _watch(self, rest: bytearray) -> None:
        """Notice a peer that hangs up while it is being answered; keep what it sends meanwhile."""
        while len(rest) < 1 << 20:
            data = await self._reader.read(65536)
            if not data:
                raise Hangup
            rest += data

    async def _work(self, answer: _Answer, scope: dict[str, Any], body: bytes) -> None:
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop()
            await asyncio.Event().wait()  # a peer that hangs up is noticed by `_watch`
            raise AssertionError

        try:
            await self._app(scope, receive, answer.send)
        except Exception:
            if not answer.started:
                await answer.send({"type": "http.response.start", "status": 500, "headers": []})
                await answer.send({"type": "http.response.body", "body": b""})
            raise

    def _scope(self, request: h11.Request) -> dict[str, Any]:
        path, _, query = bytes(request.target).partition(b"?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": bytes(request.http_version).decode(),
            "method": bytes(request.method).decode(),
            "scheme": "http",
            "path": path.decode("latin-1"),
            "raw_path": path,
            "root_path": "",
            "query_string": query,
            "headers": [(bytes(name), bytes(value)) for name, value in request.headers],
            "client": self._writer.get_extra_info("peername"),
            "server": self._writer.get_extra_info("sockname"),
            "extensions": {"flue_client.wire": self},
        }


class _Answer:
    """The writing half of one exchange: ASGI messages in, HTTP/1.1 out."""

    def __init__(self, connection: Connection, request: h11.Request) -> None:
        wishes = [bytes(v).lower() for n, v in request.headers if bytes(n) == b"connection"]
        self.keep_alive = b"close" not in wishes and request.http_version != b"1.0"
        self.started = False
        self._connection = connection
        self._bodiless = bytes(request.method) == b"HEAD"
        self._chunked = False

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            await self._connection.raw(self._head(message["status"], message["headers"]))
            return
        data: bytes = message.get("body", b"")
        if self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
            if not message.get("more_body", False):
                data += b"0\r\n\r\n"
        if data and not self._bodiless:
            await self._connection.raw(data)

    def _head(self, status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
        self._bodiless = self._bodiless or status in (204, 304)
        self._chunked = not self._bodiless and b"content-length" not in {
            n.lower() for n, _ in headers
        }
        headers = [*headers, (b"Date", formatdate(usegmt=True).encode())]
        if self.keep_alive:
            headers += [(b"Connection", b"keep-alive"), (b"Keep-Alive", b"timeout=%d" % KEEP_ALIVE)]
        else:
            headers.append((b"Connection", b"close"))
        if self._chunked:
            headers.append((b"Transfer-Encoding", b"chunked"))
        lines = [b"%b: %b\r\n" % header for header in headers]
        return b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, _phrase(status), b"".join(lines))


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b"Unknown"
