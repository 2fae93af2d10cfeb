"""A reverse proxy that relays to a server, and does to the answers what proxies do."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import socket
import threading
import zlib
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from tests.servers.raw import Connection, RawServer, Request

_OF_THE_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length")
_BUFFER_BYTES = 16 * 1024
"""Of a proxy that buffers, as nginx has them."""

Headers = list[tuple[str, str]]


class ReverseProxy(RawServer):
    """Relays below `prefix` to the server at `target`, a URL.

    `buffers` collects the bytes of an event stream until there are many, its head too unless
    `sends_heads`, or only those behind the first ones if it `begins`. `compresses` encodes every
    body, with `only_streams` those of event streams.
    `strips` removes headers, `adds` adds some. `cuts` ends an event stream after its first bytes.
    `unframed` answers without a length, as HTTP/1.0 does. `no_streams` is the status of what is
    answered to a request for an event stream.
    """

    def __init__(
        self,
        target: str,
        *,
        prefix: str = "",
        buffers: bool = False,
        sends_heads: bool = False,
        begins: bool = False,
        compresses: bool = False,
        only_streams: bool = False,
        strips: Sequence[str] = (),
        adds: Sequence[tuple[str, str]] = (),
        cuts: bool = False,
        unframed: bool = False,
        no_streams: int | None = None,
    ) -> None:
        super().__init__(self._forward)
        self.target = urlsplit(target)
        self.prefix = prefix
        self.buffers = buffers
        self.sends_heads = sends_heads or begins
        self.begins = begins
        self.compresses = compresses
        self.only_streams = only_streams
        self.strips = {*strips, *_OF_THE_HOP}
        self.adds = list(adds)
        self.cuts = cuts
        self.unframed = unframed
        self.no_streams = no_streams

    @property
    def url(self) -> str:
        return super().url + self.prefix

    def _forward(self, request: Request, connection: Connection) -> None:
        if not request.target.startswith(f"{self.prefix}/"):
            connection.answer(404, b"<html>", {"content-type": "text/html"})
            return
        if self.no_streams and "event-stream" in request.headers.get("accept", ""):
            connection.answer(self.no_streams, b"<html>", {"content-type": "text/html"})
            return
        path = self.target.path + request.target.removeprefix(self.prefix)
        kept = {name: value for name, value in request.headers.items() if name != "host"}
        upstream = http.client.HTTPConnection(self.target.hostname or "", self.target.port)
        try:
            upstream.request(request.method, path, request.body or None, kept)
            answer = upstream.getresponse()
            headers = [
                (name, value)
                for name, value in answer.getheaders()
                if name.lower() not in self.strips
            ]
            headers += self.adds
            if "event-stream" in (answer.getheader("content-type") or ""):
                self._relay_stream(answer, connection, headers, upstream.sock)
            else:
                self._relay(request, answer, connection, headers)
        finally:
            upstream.close()

    def _relay(
        self,
        request: Request,
        answer: http.client.HTTPResponse,
        connection: Connection,
        headers: Headers,
    ) -> None:
        body = answer.read()
        if request.method == "HEAD":
            connection.head(answer.status, headers)
            return
        if self.compresses and not self.only_streams:
            body, headers = gzip.compress(body), [*headers, ("content-encoding", "gzip")]
        if self.unframed:
            connection.head(answer.status, headers)
            connection.send(body)
            connection.close()
        else:
            connection.answer(answer.status, body, headers)

    def _relay_stream(
        self,
        answer: http.client.HTTPResponse,
        connection: Connection,
        headers: Headers,
        upstream: socket.socket,
    ) -> None:
        """Relay until either side ends; a thread watches the client, which sends nothing."""
        watcher = threading.Thread(target=_end_with, args=(connection, upstream), daemon=True)
        encode = _encoder() if self.compresses else _unchanged
        more = [("content-encoding", "gzip")] if self.compresses else []
        framing = [] if self.unframed else [("transfer-encoding", "chunked")]
        held, begins = b"", self.begins
        started = self.sends_heads or not self.buffers
        if started:
            connection.head(200, [*headers, *more, *framing])
        watcher.start()
        while part := _received(answer):
            held += part
            if self.buffers and not begins and len(held) < _BUFFER_BYTES:
                continue
            if not started:
                started = True
                connection.head(200, [*headers, *more, *framing])
            connection.send(encode(held)) if self.unframed else connection.chunk(encode(held))
            held, begins = b"", False
            if self.cuts:
                break
        else:
            if not started:
                connection.head(200, [*headers, *more, *framing])
            if held:
                connection.chunk(encode(held))
            if not self.unframed:
                connection.end()
        connection.close()
        with contextlib.suppress(OSError):
            upstream.shutdown(socket.SHUT_RDWR)
        watcher.join(10)


def _received(answer: http.client.HTTPResponse) -> bytes:
    """The next bytes of the body, `b""` at its end, however it ends."""
    try:
        return answer.read1(_BUFFER_BYTES)
    except (OSError, http.client.HTTPException):
        return b""


def _end_with(connection: Connection, upstream: socket.socket) -> None:
    connection.wait_closed(600)
    with contextlib.suppress(OSError):
        upstream.shutdown(socket.SHUT_RDWR)


def _unchanged(data: bytes) -> bytes:
    return data


def _encoder() -> Callable[[bytes], bytes]:
    """Compress as a stream is compressed: each piece can be decoded by itself, in order."""
    encoder = zlib.compressobj(wbits=31)
    return lambda data: encoder.compress(data) + encoder.flush(zlib.Z_SYNC_FLUSH)
