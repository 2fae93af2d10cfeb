"""What is made of bytes or text of a server, of the environment or of a file: functions to fuzz.

Each takes any bytes and may raise only what its docstring documents. `coverage` runs them under
atheris, guided by coverage; `run` on spoilt seeds, without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from flue_client_ext import AgentCheckpoint, Attachment, Checkpoint, UpdateCheckpoint
from flue_client_ext._conversation_urls import conversation_url
from flue_client_ext._flue.conversation_errors import api_error, beyond_head, decides
from flue_client_ext._flue.recognition import holds_events, refuses_body
from flue_client_ext._http.address import base_address, resource_url
from flue_client_ext._http.environment import proxy_for
from flue_client_ext._http.http11 import Connection
from flue_client_ext._http.keep_alive import idle_limits
from flue_client_ext._http.message import is_small
from flue_client_ext._http.operations import HttpCut
from flue_client_ext._http.url import parsed
from flue_client_ext._stream.page import Context, parse_control, parse_items, parse_page
from flue_client_ext._stream.sse import Framer, FrameTooLarge, parse_frame
from flue_client_ext._values.http import (
    Head,
    Request,
    Response,
    fold_headers,
    named_coding,
    redirect_origin,
)
from flue_client_ext._values.jsoncodec import NotJson, decode
from flue_client_ext._values.retry_after import retry_delay
from flue_client_ext.errors import FlueProtocolError

GET = Request("GET", "http://server.test/a")
CONTEXT = Context("http://server.test/a", "-1")
ADDRESS = base_address("http://server.test/api", None, own_client=True)


class Target(NamedTuple):
    read: Callable[[bytes], object]
    documented: tuple[type[Exception], ...] = ()
    seeds: tuple[bytes, ...] = (b"",)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass" if len(data) % 2 else "replace")


def _latin(data: bytes) -> str:
    """The value of a header."""
    return data.decode("latin-1")


def _response(data: bytes) -> None:
    """One byte says where to cut; the rest is what the server sends."""
    from tests.core.connection import Wire, exchange, route

    at = data[0] * 3 if data else 0
    raw = data[1:]
    exchange(Wire(part for part in (raw[:at], raw[at:]) if part), Connection(route()))


def _event_stream(data: bytes) -> None:
    framer = Framer(4096)
    at = data[0] * 3 if data else 0
    for part in (data[1:at], data[max(at, 1) :]):
        for frame in framer.feed(part):
            for name, value in parse_frame(frame):
                if name == "data":
                    parse_items(value, CONTEXT)
                elif name == "control":
                    parse_control(value, [], CONTEXT)


def _headers(data: bytes) -> None:
    """Headers of a response, one a line: all that is made of their values."""
    pairs = [line.partition(b":")[::2] for line in data.split(b"\n")]
    head = Head(200, fold_headers(pairs))
    _ = head.encoding, head.content_type, head.cached, head.says("stream-closed")
    named_coding(head.headers)
    is_small(GET, head)
    for value in head.headers.values():
        idle_limits(value)
        redirect_origin(Response(302, {"location": value}, b""))


def _page(data: bytes) -> None:
    head = Head(200, {"stream-next-offset": "a", "content-encoding": _latin(data[:9])})
    parse_page(head, data, CONTEXT)


def _problem(data: bytes) -> None:
    for status in (302, 400, 404, 416, 500):
        response = Response(status, {"location": _latin(data), "content-type": _latin(data)}, data)
        error = api_error(response, retryable=True, url="http://server.test/agents/a/1")
        str(error), repr(error), beyond_head(error, "o"), decides(response)
        holds_events(response), refuses_body(response)


def _saved(data: bytes) -> None:
    for kind in (Checkpoint, UpdateCheckpoint, AgentCheckpoint):
        try:
            saved = kind.from_json(data)
        except ValueError:
            continue
        if kind.from_json(saved.to_json()) != saved:
            raise AssertionError(f"{saved!r} is not read as it was written")


def _address(data: bytes) -> None:
    url = parsed(_text(data))
    if url is not None:
        _ = url.origin
    base_address(_text(data), None, own_client=True)


def _conversation(data: bytes) -> None:
    one, _, other = _text(data).partition("|")
    conversation_url(ADDRESS, one, other, None, None)
    conversation_url(ADDRESS, None, None, one, None)


def _proxy(data: bytes) -> None:
    one, _, other = _text(data).partition("|")
    proxy_for("http", "server.test", 80, {"http_proxy": one, "no_proxy": other})


def _attachment(data: bytes) -> None:
    media_type, _, name = _text(data).partition("|")
    Attachment(data, media_type, name).to_dict()


def _resource(data: bytes) -> None:
    resource_url(_text(data), ADDRESS, lambda path, what: None)


def _retry_after(data: bytes) -> None:
    delay = retry_delay(_latin(data), 1_800_000_000.0)
    if not 0 <= delay <= 60:
        raise AssertionError(f"a delay of {delay} s")


_RESPONSE = (
    b"\x40HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n0\r\nT: x\r\n\r\n"
)
_HEADERS = (
    b"content-length: 5\nkeep-alive: timeout=5, max=3\ncontent-encoding: gzip, br\nage: 3",
    b"location: https://u:p@h:1/x?y#z\nstream-closed: TRUE\ncontent-type: text/html; charset=x",
)
_DATES = (b"120", b"Sun, 06 Nov 1994 08:49:37 GMT", b"Sunday, 06-Nov-94 08:49:37 GMT")
_URLS = (b"http://a.test:8080/api", b"https://[fe80::1%25eth0]/x", "http://bücher.test/".encode())

TARGETS: dict[str, Target] = {
    "http response": Target(_response, (HttpCut,), (_RESPONSE, b"\x09HTTP/1.0 404 x\r\n\r\nab")),
    "event stream": Target(
        _event_stream,
        (FrameTooLarge, FlueProtocolError),
        (b'\x20event: control\ndata:{"streamNextOffset":"a"}\n\n', b"\x09data: [1]\ndata: x\r\r"),
    ),
    "headers": Target(_headers, (), _HEADERS),
    "retry-after": Target(_retry_after, (), _DATES),
    "json": Target(decode, (NotJson,), (b'{"a":[1,-2.5e3,"\\ud83c"]}', b"\xef\xbb\xbf[1e999]")),
    "page": Target(_page, (FlueProtocolError,), (b'[{"a":1}]',)),
    "error envelope": Target(
        _problem, (), (b'{"error":{"type":"a","message":"b","meta":{"issues":[{"path":["a"]}]}}}',)
    ),
    "saved checkpoint": Target(
        _saved,
        (),
        (b'{"runId":"r","offset":"o","eventIndex":3}', b'{"path":"/a","offset":"o","after":1}'),
    ),
    "base url": Target(_address, (ValueError,), _URLS),
    "url of a conversation": Target(_resource, (ValueError,), _URLS),
    "name of a conversation": Target(_conversation, (ValueError,), (b"support|ticket", b"a/b|..")),
    "proxy": Target(_proxy, (ValueError,), (b"http://u:p@proxy:3128|.a.test,10.0.0.0/8:80",)),
    "attachment": Target(_attachment, (ValueError,), (b"image/png; a=b|x.png",)),
}


def attempt(name: str, data: bytes) -> bool:
    """Read `data`; return whether it was refused by a documented error."""
    target: Any = TARGETS[name]
    try:
        target.read(data)
    except target.documented:
        return True
    return False
