"""Bytes that are made to be slow to read: event streams, HTTP responses, JSON texts, headers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flue_client_ext._http.http11 import Connection
from flue_client_ext._http.operations import HttpCut
from flue_client_ext._stream.sse import Framer, FrameTooLarge, parse_frame
from flue_client_ext._values.http import Head, fold_headers
from flue_client_ext._values.jsoncodec import NotJson, decode
from flue_client_ext._values.retry_after import retry_delay
from tests.core.connection import GET, Wire, route

Reading = Callable[[], object]
_TCP = 65536
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_OK = b"HTTP/1.1 200 OK\r\n"


def _parts(raw: bytes, size: int) -> Iterator[bytes]:
    return (raw[at : at + size] for at in range(0, len(raw), size))


def _sse(piece: bytes, end: bytes = b"", step: int = _TCP) -> Callable[[int], Reading]:
    def make(size: int) -> Reading:
        raw = piece * (size // len(piece)) + end

        def read() -> None:
            framer = Framer()
            try:
                for part in _parts(raw, step):
                    for frame in framer.feed(part):
                        list(parse_frame(frame))
            except FrameTooLarge:
                pass

        return read

    return make


def _http(begin: bytes, piece: bytes, end: bytes, step: int = _TCP) -> Callable[[int], Reading]:
    def make(size: int) -> Reading:
        raw = begin + piece * (size // len(piece)) + end

        def read() -> None:
            try:
                wire, http = Wire(_parts(raw, step)), Connection(route())
                wire.perform(http.open(GET))
                while wire.perform(http.read()):
                    pass
            except HttpCut:
                pass

        return read

    return make


def _json(begin: bytes, piece: bytes, middle: bytes, close: bytes) -> Callable[[int], Reading]:
    def make(size: int) -> Reading:
        count = size // (len(piece) + len(close))
        raw = begin + piece * count + middle + close * count

        def read() -> None:
            try:
                decode(raw)
            except NotJson:
                pass

        return read

    return make


def _head(name: bytes, piece: bytes, use: Callable[[Head], object]) -> Callable[[int], Reading]:
    def make(size: int) -> Reading:
        headers = fold_headers([(name, piece * (size // len(piece)))])
        return lambda: use(Head(200, headers))

    return make


INPUTS: dict[str, Callable[[int], Reading]] = {
    "SSE: lines of one byte": _sse(b"x\n"),
    "SSE: data lines": _sse(b"data\n", b"\n"),
    "SSE: comments": _sse(b":\n", b"data: x\n\n"),
    "SSE: one line": _sse(b"x", b"\n\n"),
    "SSE: one line, byte by byte": _sse(b"x", b"\n\n", 1),
    "SSE: carriage returns": _sse(b"\r"),
    "SSE: carriage returns, byte by byte": _sse(b"\r", b"", 1),
    "SSE: byte order marks": _sse(b"\xef\xbb\xbf", b"\n\n"),
    "SSE: frames of one event name": _sse(b"event: control\n\n"),
    "SSE: fields of one event": _sse(b"event: a\nid: b\n", b"data: x\n\n"),
    "HTTP: a header without an end": _http(_OK + b"X: ", b"y", b""),
    "HTTP: headers without an end": _http(_OK, b"a: b\r\n", b""),
    "HTTP: headers that are folded": _http(_OK + b"a: b\r\n", b" c\r\n", b"\r\n"),
    "HTTP: a head, byte by byte": _http(_OK, b"a: b\r\n", b"\r\n", 1),
    "HTTP: chunks of one byte": _http(_CHUNKED, b"1\r\nx\r\n", b"0\r\n\r\n"),
    "HTTP: chunks of one byte, byte by byte": _http(_CHUNKED, b"1\r\nx\r\n", b"0\r\n\r\n", 1),
    "HTTP: chunks with long extensions": _http(
        _CHUNKED, b"1;" + b"e" * 10_000 + b"\r\nx\r\n", b"0\r\n\r\n"
    ),
    "HTTP: an extension without an end": _http(_CHUNKED + b"1;", b"e", b""),
    "HTTP: trailers without an end": _http(_CHUNKED + b"0\r\n", b"a: b\r\n", b""),
    "HTTP: interim responses": _http(b"", b"HTTP/1.1 103 E\r\n\r\n", _OK + b"\r\n"),
    "HTTP: a body until the close, byte by byte": _http(_OK + b"\r\n", b"x", b"", 1),
    "JSON: arrays in arrays": _json(b"", b"[", b"", b"]"),
    "JSON: arrays in arrays without an end": _json(b"", b"[", b"", b""),
    "JSON: objects in objects": _json(b"", b'{"a":', b"1", b"}"),
    "JSON: one number": _json(b"", b"9", b"", b""),
    "JSON: many numbers of 4,300 digits": _json(b"[0", b"," + b"9" * 4300, b"]", b""),
    "JSON: one string of escapes": _json(b'"', b"\\ud83c", b'"', b""),
    "JSON: an object with one name": _json(b'{"a":1', b',"a":1', b"}", b""),
    "JSON: byte order marks": _json(b"", b"\xef\xbb\xbf", b"", b""),
    "JSON: bytes that are no UTF-8": _json(b'"', b"\xff", b'"', b""),
    "header Content-Encoding": _head(b"content-encoding", b"gzip, ", lambda head: head.encoding),
    "header Retry-After": _head(
        b"retry-after", b"1 ", lambda head: retry_delay(head.headers["retry-after"], 0.0)
    ),
    "header Retry-After of digits": _head(
        b"retry-after", b"9", lambda head: retry_delay(head.headers["retry-after"], 0.0)
    ),
}
