"""A server that sends without end, or much out of little, is stopped."""

from __future__ import annotations

import gzip
import itertools
import tempfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from unittest.mock import patch

from flue_client_ext import FlueConnectionError, FlueProtocolError, FlueTimeoutError
from flue_client_ext._http.http11 import Connection
from flue_client_ext._http.operations import HttpCut
from flue_client_ext._http.route import Proxy, Route
from flue_client_ext._stream import call
from tests.core.connection import GET, Wire, exchange, route
from tests.servers.raw import Connection as ServerConnection
from tests.servers.raw import RawServer, Request
from tests.unary.support import NEVER_AGAIN, borrowed, failure
from tests.worlds import World

from .channels import over_both

_OK = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_MOST = 1 << 20
ENDLESS = {
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "header": (_OK + b"X: ", b"y"),
    "headers": (_OK, b"a: b\r\n"),
    "folded header": (_OK + b"a: b\r\n", b" c\r\n"),
    "size of a chunk": (_CHUNKED, b"0"),
    "extension of a chunk": (_CHUNKED + b"1;", b"e"),
    "trailers": (_CHUNKED + b"0\r\n", b"a: b\r\n"),
}
TUNNEL = {
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "headers": (_OK, b"a: b\r\n"),
    "refusal": (b"HTTP/1.1 407 ", b"N"),
}
"""Of a proxy's response to CONNECT."""
DIRECT = route()
THROUGH_A_TUNNEL = route(tls=True, proxy=Proxy("proxy.test", 3128, tls=False, authorization=None))


def _endless(through: Route, begin: bytes, piece: bytes) -> str:
    """Count what is read until it is refused."""
    read = 0

    def parts() -> Iterator[bytes]:
        nonlocal read
        for part in itertools.chain([begin], itertools.repeat(piece * (8192 // len(piece)))):
            read += len(part)
            assert read < 2 * _MOST, f"the reader takes {read} bytes and goes on"
            yield part

    wire = Wire(parts())
    try:
        exchange(wire, Connection(through), GET)
    except HttpCut:
        assert wire.sent.startswith(b"CONNECT ") == (through is THROUGH_A_TUNNEL)
        return f"refused after {read >> 10} kB"
    raise AssertionError("accepted")


def _interim_responses(world: World) -> str:
    def answer(_: Request, connection: ServerConnection) -> None:
        while True:
            connection.send(b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" * 100)

    with RawServer(answer) as server:
        client = world.client(server.url, timeout=0.3)
        error = failure(client.runs.get, "r", backoff_options=NEVER_AGAIN)
    assert isinstance(error, FlueTimeoutError)
    return "ended by the deadline of the call"


def _brotli_of_nothing() -> bytes:
    return b"\xa1\xf8\xff\x3f\x00\x00\x00\x00"  # not decoded: the label alone decides


BOMBS: dict[str, Callable[[], bytes]] = {
    "gzip": lambda: gzip.compress(bytes(10 << 20)),
    "deflate": lambda: zlib.compress(bytes(10 << 20)),
    "br": _brotli_of_nothing,
    "zstd": lambda: b"\x28\xb5\x2f\xfd\x00",
}


def _bomb(coding: str, world: World) -> str:
    body = BOMBS[coding]()

    def answer(request: Request, connection: ServerConnection) -> None:
        headers = {"content-encoding": coding, "content-type": "application/json"}
        connection.answer(202 if request.method == "POST" else 200, body, headers)

    with RawServer(answer) as server, borrowed(world) as own:
        for options in ({}, {"http_client": own}):
            client = world.client(server.url, timeout=10, **options)
            for one_call in (
                lambda client=client: client.runs.get("r", backoff_options=NEVER_AGAIN),
                lambda client=client: client.workflows.invoke("w"),
                lambda client=client: client.runs.events("r", backoff_options=NEVER_AGAIN),
            ):
                assert isinstance(error := failure(one_call), FlueProtocolError), error
        assert server.requests[0].headers["accept-encoding"] == "identity"
    return "not asked for, and refused unread"


def _body(world: World) -> str:
    """The cap is lower here than for users; what is counted is the same."""

    def answer(request: Request, connection: ServerConnection) -> None:
        connection.event_stream() if "live=sse" in request.target else connection.head(
            200, {"content-type": "application/json", "transfer-encoding": "chunked"}
        )
        while True:
            connection.chunk(b"[" + b" " * 65536)

    with (
        RawServer(answer) as server,
        patch.object(call, "MAX_BODY_BYTES", 1 << 20),
        tempfile.TemporaryDirectory() as folder,
    ):
        client = world.client(server.url, timeout=20)
        for one_call in (
            lambda: client.runs.get("r", backoff_options=NEVER_AGAIN),
            lambda: client.agents.history("a", "1", backoff_options=NEVER_AGAIN),
            lambda: client.agents.conversation("a", "1").save_attachment(
                "x", Path(folder) / "x", backoff_options=NEVER_AGAIN
            ),
        ):
            assert isinstance(error := failure(one_call), FlueProtocolError), error
        stream = world.durable(f"{server.url}/s", live="sse", max_frame_bytes=1 << 20, timeout=20)
        assert isinstance(error := failure(list, stream), FlueProtocolError), error
        assert list(Path(folder).iterdir()) == []
    most = (call.MAX_BODY_BYTES >> 20, 64)
    return f"refused at {most[0]} MiB; a frame of SSE at {most[1]} MiB (`max_frame_bytes`)"


def _depth(world: World) -> str:
    def answer(_: Request, connection: ServerConnection) -> None:
        headers = {"content-type": "application/json", "stream-next-offset": "o"}
        connection.answer(200, b"[" * 200_000 + b"]" * 200_000, headers)

    with RawServer(answer) as server:
        client = world.client(server.url, timeout=10)
        for one_call in (
            lambda: client.runs.get("r", backoff_options=NEVER_AGAIN),
            lambda: client.runs.events("r", backoff_options=NEVER_AGAIN),
            lambda: client.agents.history("a", "1", backoff_options=NEVER_AGAIN),
        ):
            assert isinstance(error := failure(one_call), FlueProtocolError), error
    return "refused where it is deeper than Python's JSON decoders go"


def _drip(world: World) -> str:
    def answer(_: Request, connection: ServerConnection) -> None:
        connection.head(200, {"content-length": "1000000"})
        while True:
            connection.send(b" ")

    with RawServer(answer) as server:
        client = world.client(server.url, timeout=0.3)
        error = failure(client.runs.get, "r", backoff_options=NEVER_AGAIN)
    assert isinstance(error, FlueTimeoutError | FlueConnectionError)
    return "ended by the deadline of the call, if it has one"


CHECKS: dict[str, Callable[[World], str]] = {
    "interim responses without end": over_both(_interim_responses),
    **{f"body in the coding {coding}": partial(_bomb, coding) for coding in BOMBS},
    "body without end": over_both(_body),
    "JSON of 200,000 levels": over_both(_depth),
    "body byte by byte": over_both(_drip),
}
PURE: dict[str, Callable[[], str]] = {
    **{f"{name} without end": partial(_endless, DIRECT, *ENDLESS[name]) for name in ENDLESS},
    **{
        f"{name} of a proxy that answers CONNECT, without end": partial(
            _endless, THROUGH_A_TUNNEL, *TUNNEL[name]
        )
        for name in TUNNEL
    },
}
