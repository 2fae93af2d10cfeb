"""One HTTP/1.1 connection: the request that is sent, and every form of a response."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from flue_client_ext._http.http11 import Connection
from flue_client_ext._http.operations import HttpCut, Receive, without_waiting
from flue_client_ext._values.http import Request

from .connection import GET, HEAD, POST, Wire, exchange, route, single_bytes

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nhe\r\n3;ext=1\r\nllo\r\n0\r\nTrailer: x\r\n\r\n"
)
CLOSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhello"
OLD = b"HTTP/1.0 200 OK\r\n\r\nhello"
EARLY = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + LENGTH
BARE_LF = b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"
EMPTY = b"HTTP/1.1 204 No Content\r\nStream-Closed: TRUE\r\n\r\n"
UNCHANGED = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n"
ODD = b"HTTP/1.1 999 Odd\r\nContent-Length: 5\r\n\r\nhello"
RESPONSES = {
    "length": (LENGTH, b"hello", 200, True),
    "chunked": (CHUNKED, b"hello", 200, True),
    "until the close": (CLOSE, b"hello", 200, False),
    "HTTP/1.0": (OLD, b"hello", 200, False),
    "informational first": (EARLY, b"hello", 200, True),
    "bare line feeds": (BARE_LF, b"hello", 200, True),
    "204": (EMPTY, b"", 204, True),
    "304": (UNCHANGED, b"", 304, True),
    "status 999": (ODD, b"hello", 999, True),
}


@pytest.mark.parametrize("name", RESPONSES)
def test_a_response_reads_the_same_at_every_split(name: str) -> None:
    raw, body, status, reusable = RESPONSES[name]
    splits = [[raw[:cut], raw[cut:]] for cut in range(1, len(raw))]
    for chunks in ([raw], single_bytes(raw), *splits):
        http = Connection(route())
        head, received = exchange(Wire(chunks), http)
        assert (head.status, received) == (status, body)
        assert head.close_delimited is (not reusable)
        assert http.reusable is reusable


@pytest.mark.parametrize("reads", [1, 3, 300])
def test_a_head_has_a_limit_however_it_is_received(reads: int) -> None:
    def respond(kilobytes: int) -> bytes:
        raw = LENGTH.replace(b"X-A: 1", b"X-A: " + b"a" * 1024 * kilobytes)
        size = -(-len(raw) // reads)
        chunks = [raw[at : at + size] for at in range(0, len(raw), size)]
        return exchange(Wire(chunks), Connection(route()))[1]

    assert respond(250) == b"hello"
    with pytest.raises(HttpCut):
        respond(300)


def test_a_large_body_is_no_large_head() -> None:
    body = b"a" * 600 * 1024
    raw = LENGTH.replace(b"5", b"%d" % len(body)).removesuffix(b"hello") + body
    assert exchange(Wire([raw]), Connection(route()))[1] == body


@pytest.mark.parametrize("name", ["length", "chunked", "informational first", "204", "304"])
def test_a_response_that_is_cut_anywhere_is_a_cut(name: str) -> None:
    raw = RESPONSES[name][0]
    for cut in range(len(raw)):
        http = Connection(route())
        with pytest.raises(HttpCut):
            exchange(Wire([raw[:cut]] if cut else []), http)
        assert not http.reusable


def test_a_cut_of_a_close_delimited_body_is_not_visible() -> None:
    http = Connection(route())
    head, body = exchange(Wire([CLOSE[:-2]]), http)
    assert (body, head.close_delimited, http.reusable) == (b"hel", True, False)
    with pytest.raises(HttpCut):
        exchange(Wire([CLOSE[:30]]), Connection(route()))


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\x01\x02garbage that is no HTTP at all\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nBad Header\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000,
    ],
)
def test_what_is_not_HTTP_is_a_cut(raw: bytes) -> None:
    for chunks in ([raw], [raw[i : i + 7] for i in range(0, min(len(raw), 2000), 7)]):
        with pytest.raises(HttpCut):
            exchange(Wire(chunks), Connection(route()))


@given(
    pieces=st.lists(
        st.sampled_from([LENGTH, CHUNKED, EMPTY, b"HTTP/1.1 ", b"200", b"\r\n", b"\n", b"0", b":"])
        | st.binary(max_size=8),
        max_size=8,
    )
)
@settings(max_examples=400, deadline=None)
def test_no_input_raises_anything_but_a_cut(pieces: list[bytes]) -> None:
    try:
        exchange(Wire(piece for piece in pieces if piece), Connection(route()))
    except HttpCut:
        pass


def test_a_HEAD_has_no_body_whatever_its_length_says() -> None:
    http = Connection(route())
    head, body = exchange(Wire([b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"]), http, HEAD)
    assert (body, head.close_delimited, http.reusable) == (b"", False, True)


def test_repeated_headers_are_joined_and_names_lowered() -> None:
    head, _ = exchange(Wire([LENGTH]), Connection(route()))
    assert head.headers == {"content-length": "5", "x-a": "1, 2"}


def test_a_request_is_sent_with_its_query_host_and_headers() -> None:
    wire = Wire([LENGTH])
    exchange(wire, Connection(route()))
    line, *headers = wire.sent.split(b"\r\n")
    assert line == b"GET /a?b=1 HTTP/1.1"
    assert {h.lower() for h in headers if h} == {b"host: server.test", b"accept: application/json"}
    assert wire.connects == [("server.test", 80)]
    assert wire.established == 0  # the answer's time limit begins before the request goes out


def test_a_body_goes_with_its_length_even_when_it_is_empty() -> None:
    wire = Wire([LENGTH])
    exchange(wire, Connection(route()), POST)
    assert b"content-length: 7\r\n" in wire.sent.lower()
    assert wire.sent.endswith(b'\r\n\r\n{"a":1}')
    empty = Wire([LENGTH])
    exchange(empty, Connection(route()), evolve(POST, body=b""))
    assert b"content-length: 0\r\n" in empty.sent.lower()


def test_a_POST_without_a_body_carries_no_content_headers() -> None:
    wire = Wire([LENGTH])
    exchange(wire, Connection(route()), Request("POST", "http://server.test/p"))
    assert b"content-" not in wire.sent.lower()
    assert wire.sent.endswith(b"\r\n\r\n")


def test_a_connection_carries_one_request_after_another_and_connects_once() -> None:
    wire = Wire([LENGTH, EMPTY, CHUNKED, LENGTH[:20], LENGTH[20:]])
    http = Connection(route())
    bodies = [exchange(wire, http)[1] for _ in range(4)]
    assert bodies == [b"hello", b"", b"hello", b"hello"]
    assert wire.connects == [("server.test", 80)]
    assert http.used


@pytest.mark.parametrize("name", ["HTTP/1.0", "until the close"])
def test_a_connection_that_the_server_closes_is_not_used_again(name: str) -> None:
    http = Connection(route())
    exchange(Wire([RESPONSES[name][0]]), http)
    assert not http.reusable


def test_a_connection_whose_server_announces_its_close_is_not_used_again() -> None:
    http = Connection(route())
    exchange(Wire([LENGTH.replace(b"X-A: 1", b"Connection: close")]), http)
    assert not http.reusable


def test_a_connection_whose_response_was_not_read_is_not_reusable() -> None:
    http = Connection(route())
    wire = Wire(single_bytes(LENGTH))
    wire.perform(http.open(GET))
    assert not http.reusable


@pytest.mark.parametrize("extra", [b"!", LENGTH])
def test_bytes_after_the_response_make_the_connection_not_reusable(extra: bytes) -> None:
    """They would count as the response to the next request."""
    http = Connection(route())
    _, body = exchange(Wire([LENGTH + extra]), http)
    assert body == b"hello"
    assert not http.reusable


def test_a_connection_knows_at_each_step_what_was_sent_and_received() -> None:
    http = Connection(route())
    flow = http.open(GET)
    next(flow)  # connect
    assert (http.sent, http.responded, http.used) == (False, False, False)
    flow.send(None)  # established
    assert not http.sent
    flow.send(None)  # the request is being sent
    assert (http.sent, http.responded) == (True, False)
    wire = Wire([LENGTH, LENGTH])
    wire.perform(flow)
    while wire.perform(http.read()):
        pass
    assert http.responded
    flow = http.open(GET)
    next(flow)  # established
    assert (http.sent, http.responded, http.used) == (False, False, True)
    wire.perform(flow)
    assert (http.sent, http.responded, http.used) == (True, True, True)


def test_a_response_that_comes_before_the_request_was_sent_is_read() -> None:
    http = Connection(route())
    flow = http.open(POST)
    for _ in range(3):  # connect, established, send
        next(flow)
    assert isinstance(flow.throw(ConnectionResetError()), Receive)
    wire = Wire([b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"])
    with pytest.raises(StopIteration) as ended:
        flow.send(wire.give())
    assert ended.value.value.status == 413


def test_a_request_without_a_response_is_a_cut_after_it_was_sent() -> None:
    http = Connection(route())
    flow = http.open(POST)
    for _ in range(3):
        next(flow)
    flow.throw(BrokenPipeError())
    with pytest.raises(HttpCut):
        flow.send(b"")
    assert (http.sent, http.responded, http.reusable) == (True, False, False)


def test_a_second_request_without_a_response_leaves_nothing_to_use_again() -> None:
    http, wire = Connection(route()), Wire([LENGTH])
    exchange(wire, http)
    assert http.reusable
    with pytest.raises(HttpCut):
        exchange(wire, http)
    assert (http.used, http.responded, http.reusable) == (True, False, False)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 4.0),
        ("timeout=5", 4.0),
        ("timeout=5, max=100", 4.0),
        ("max=3, Timeout=30", 29.0),
        ("timeout=0", 0.5),
        ("timeout=86400", 59.0),
        ("timeout=soon", 4.0),
        ("timeout=-1", 4.0),
        ("timeout=\xb2", 4.0),
        ("", 4.0),
    ],
)
def test_a_connection_is_idle_for_less_time_than_the_server_allows(
    header: str | None, seconds: float
) -> None:
    line = b"" if header is None else b"Keep-Alive: " + header.encode("latin-1") + b"\r\n"
    http = Connection(route())
    exchange(Wire([LENGTH.replace(b"X-A: 1\r\n", line)]), http)
    assert http.idle_limits.longest == seconds


def test_header_values_beyond_ASCII_go_out_as_latin_1() -> None:
    wire = Wire([LENGTH])
    request = Request("GET", "http://server.test/", {"x-name": "caf\xe9 \xff"})
    exchange(wire, Connection(route()), request)
    assert b"x-name: caf\xe9 \xff\r\n" in wire.sent


@pytest.mark.parametrize("name", RESPONSES)
def test_a_read_that_does_not_wait_loses_nothing(name: str) -> None:
    raw, body, *_ = RESPONSES[name]
    http, wire = Connection(route()), Wire(single_bytes(raw))
    wire.perform(http.open(GET))
    found = [wire.perform(without_waiting(http.read()))]
    while found[-1] != b"":
        found.append(wire.perform(without_waiting(http.read())))
    assert b"".join(filter(None, found)) == body
    assert found.count(None) >= len(body)


def test_a_body_of_tiny_chunks_is_read_in_bounded_parts() -> None:
    """Other tasks run between two parts. No part waits for the peer."""
    count = 5_000
    raw = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * count
    wire, http = Wire([raw + b"0\r\n\r\n"]), Connection(route())
    wire.perform(http.open(GET))
    sizes: list[int] = []
    while part := wire.perform(http.read()):
        sizes.append(len(part))
    assert sum(sizes) == count
    assert max(sizes) <= 1_000
    assert wire.yielded >= count // 1_000
    assert http.reusable


def test_a_reason_quotes_little_of_what_the_server_has_sent() -> None:
    raw = b"HTTP/1.1 200 OK\r\nX: " + b"\xff\x00" * 50_000 + b"\r\n\r\n"
    with pytest.raises(HttpCut) as caught:
        exchange(Wire([raw]), Connection(route()))
    assert len(str(caught.value)) <= 200
