"""The HTTP/1.1 reader on responses whose meaning is known, and on spoilt ones beside h11 itself.

A legal response is written from a status, headers and a body, in any form that RFC 9112 allows: the
reader must return just these. A spoilt one is read by h11 whole; the reader gets it in pieces, and
must accept the same, refuse the same, and raise nothing but `HttpCut`. It refuses more in chunked
bodies: `is_strict`."""

from __future__ import annotations

import re
from random import Random
from typing import Any, NamedTuple

import h11

from flue_client_ext._http.http11 import Connection
from flue_client_ext._http.operations import HttpCut
from flue_client_ext._values.http import Request, fold_headers
from tests.core.connection import GET, HEAD, POST, Wire, exchange, route
from tests.reliability.options import Broken

from .cuts import chances, pieces, spoilt

_REQUESTS = {"GET": GET, "HEAD": HEAD, "POST": POST}
_VALUES = ["", "a", "a b", "caf\xe9", "x" * 300, "a,b", '"q"', "text/event-stream", "1, 2"]


class Seen(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Legal(NamedTuple):
    raw: bytes
    seen: Seen
    request: Request
    reusable: bool


def legal(chance: Random) -> Legal:
    """A response in a random form, and what it means."""
    request = _REQUESTS[chance.choice(list(_REQUESTS))]
    status = chance.choice([200, 201, 202, 204, 304, 307, 400, 404, 410, 500, 599, 999])
    body = bytes(chance.randrange(256) for _ in range(chance.choice([0, 1, 5, 300])))
    headers = [(f"X-{at}", chance.choice(_VALUES)) for at in range(chance.randrange(4))]
    if chance.random() < 0.2:
        headers += [("X-0", "again")]
    if request.method == "HEAD" or status in (204, 304):
        framing, content, body = _no_body(chance), b"", b""
        delimited = True
    else:
        framing, content, delimited = _framed(chance, body)
    closes = chance.random() < 0.2
    all_headers = [*headers, *framing, *([("Connection", "close")] if closes else [])]
    interim = b"".join(
        b"HTTP/1.1 %d Wait\r\nLink: <x>\r\n\r\n" % chance.choice([100, 102, 103])
        for _ in range(chance.randrange(3))
    )
    raw = interim + _head(chance, status, all_headers) + content
    folded = fold_headers((n.encode(), v.encode("latin-1")) for n, v in all_headers)
    if "transfer-encoding" in folded:
        folded["transfer-encoding"] = "chunked"  # h11 has it in lower case
    return Legal(raw, Seen(status, folded, body), request, delimited and not closes)


def _no_body(chance: Random) -> list[tuple[str, str]]:
    return chance.choice([[], [("Content-Length", "0")], [("content-length", "77")]])


def _framed(chance: Random, body: bytes) -> tuple[list[tuple[str, str]], bytes, bool]:
    """The headers that say where a body ends, the body in that form, and whether it has an end."""
    match chance.randrange(3):
        case 0:
            return (
                [(chance.choice(["Content-Length", "content-length"]), str(len(body)))],
                body,
                True,
            )
        case 1:
            return [], body, False
        case _:
            return (
                [("Transfer-Encoding", chance.choice(["chunked", "Chunked"]))],
                _chunked(chance, body),
                True,
            )


def _chunked(chance: Random, body: bytes) -> bytes:
    parts: list[bytes] = []
    while body:
        size = chance.randrange(1, len(body) + 1)
        number = chance.choice([b"%x", b"%X", b"000%x"]) % size
        parts += [
            number,
            chance.choice([b"", b";a=b", b';q="x"', b" "]),
            b"\r\n",
            body[:size],
            b"\r\n",
        ]
        body = body[size:]
    trailers = chance.choice([b"", b"X-Trailer: 1\r\n"])
    return b"".join([*parts, chance.choice([b"0", b"000"]), b"\r\n", trailers, b"\r\n"])


def _head(chance: Random, status: int, headers: list[tuple[str, str]]) -> bytes:
    end = chance.choice([b"\r\n", b"\n"])
    reason = chance.choice([b" OK", b" ", b"", b" caf\xe9 x"])
    lines = [b"HTTP/1.1 %d" % status + reason]
    for name, value in headers:
        blank = chance.choice([b"", b" ", b"\t "])
        lines.append(name.encode() + b":" + blank + value.encode("latin-1") + blank)
    return end.join([*lines, b"", b""])


class Reference(NamedTuple):
    """What h11 reads by itself."""

    seen: Seen | None
    """`None` for what it refuses."""
    content: bytes
    """What follows the head."""
    kept: bool
    """Whether the connection can carry another request."""


def by_h11(raw: bytes, request: Request) -> Reference:
    protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=256 * 1024)
    head = h11.Request(method=request.method, target="/", headers=[("host", "x")])
    protocol.send(head)
    protocol.send(h11.EndOfMessage())
    protocol.receive_data(raw)
    response: Any = None
    body = content = b""
    closed = False
    try:
        while True:
            event = protocol.next_event()
            if event is h11.NEED_DATA:
                protocol.receive_data(b"")
                closed = True
            elif isinstance(event, h11.Response):
                response, content = event, protocol.trailing_data[0]
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed) or event is h11.PAUSED:
                break
    except h11.RemoteProtocolError:
        return Reference(None, content, False)
    if response is None:
        return Reference(None, content, False)
    headers = fold_headers(response.headers.raw_items())
    kept = protocol.our_state is h11.DONE and not closed and not protocol.trailing_data[0]
    kept = kept and not {"content-length", "transfer-encoding"} <= headers.keys()
    return Reference(Seen(response.status_code, headers, body), content, kept)


_TEXT = rb"[^\x00-\x08\x0a-\x1f\x7f]*"
_SIZE = re.compile(rb"([0-9A-Fa-f]+)" + _TEXT + rb"\r\n")
_TRAILERS = re.compile(rb"(?:[^ \t\x00-\x1f\x7f]" + _TEXT + rb"\r\n)*\r\n")


def is_strict(content: bytes) -> bool:
    """Whether the lines of a chunked body, which h11 has accepted, end with CRLF, have no control
    character but tabs, and are not folded."""
    while (found := _SIZE.match(content)) is not None:
        content = content[found.end() :]
        if not (size := int(found[1], 16)):
            return _TRAILERS.match(content) is not None
        content = content[size + 2 :]
    return False


def by_us(chunks: list[bytes], request: Request) -> tuple[Seen | None, bool]:
    """What the reader reads, and whether the connection can carry another request."""
    http = Connection(route())
    try:
        head, body = exchange(Wire(chunks), http, request)
    except HttpCut:
        return None, http.reusable
    return Seen(head.status, dict(head.headers), body), http.reusable


def check_legal(chance: Random) -> None:
    response = legal(chance)
    chunks = pieces(chance, response.raw)
    found = by_us(chunks, response.request)
    if found != (response.seen, response.reusable):
        raise Broken(f"{chunks!r} reads as {found!r}, and means {response[1:]!r}")


def check_spoilt(chance: Random) -> bool:
    """Try one spoilt response; return whether it was refused."""
    response = legal(chance)
    raw = spoilt(chance, response.raw)
    chunks = pieces(chance, raw)
    found, reusable = by_us(chunks, response.request)
    expected = by_h11(raw, response.request)
    same = found == expected.seen
    if found is None and expected.seen is not None:
        chunked = "transfer-encoding" in expected.seen.headers
        same = chunked and not is_strict(expected.content)
    # What is behind the end of the body may come in a later piece, which the reader does not see.
    kept = expected.kept and found is not None
    if not same or (reusable != kept if len(chunks) == 1 else kept > reusable):
        raise Broken(f"{chunks!r} reads as {found!r}, and h11 reads {expected!r}")
    return found is None


def run(seed: int, count: int) -> str:
    half = count // 2
    for _, chance in chances(seed, half):
        check_legal(chance)
    refused = sum(check_spoilt(chance) for _, chance in chances(seed, half))
    return (
        f"{half:,} legal responses read as they were meant, {half:,} spoilt ones as h11 reads them"
        f" ({refused:,} refused)"
    )
