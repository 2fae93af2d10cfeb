"""The body of a response: every framing, however the bytes are cut; h11 is the reference."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flue_client_ext._http.body_reader import BodyReader
from flue_client_ext._http.operations import HttpCut
from flue_client_ext._values.http import Head

from .connection import GET, HEAD, single_bytes

CHUNKED = Head(200, {"transfer-encoding": "chunked"})
UNTIL_CLOSE = Head(200, {}, close_delimited=True)
KILOBYTES_16 = 16 * 1024


def sized(length: int, status: int = 200) -> Head:
    return Head(status, {"content-length": str(length)})


def read(head: Head, pieces: list[bytes]) -> tuple[bytes, BodyReader]:
    """Read a body that comes in `pieces`, the first with the head, to its end or the close."""
    body = BodyReader(GET, head, pieces[0] if pieces else b"")
    found = b""
    coming = [*pieces[1:], b""]
    while not body.ended:
        part = body.take()
        found += part
        if not part and not body.ended:
            body.receive(coming.pop(0))
    assert body.take() == b""
    if any(coming):
        body.receive(b"".join(coming))
    return found, body


def cut(raw: bytes, places: list[int]) -> list[bytes]:
    ordered = sorted({place for place in places if 0 < place < len(raw)})
    return [raw[a:b] for a, b in zip([0, *ordered], [*ordered, len(raw)], strict=True)]


def by_h11(raw: bytes) -> bytes | None:
    """The chunked body that h11 reads; `None` for what it refuses."""
    protocol = h11.Connection(h11.CLIENT)
    protocol.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
    protocol.send(h11.EndOfMessage())
    protocol.receive_data(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + raw)
    body = b""
    try:
        while not isinstance(event := protocol.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                body += event.data
            elif event is h11.NEED_DATA:
                protocol.receive_data(b"")
    except h11.RemoteProtocolError:
        return None
    return body


def by_us(pieces: list[bytes]) -> bytes | None:
    try:
        return read(CHUNKED, pieces)[0]
    except HttpCut:
        return None


LINES = st.sampled_from([b"", b";a", b';a="b c"', b" ", b"\t ", b";caf\xe9;x=1"])
TRAILERS = st.sampled_from([b"", b"X-A: 1\r\n", b"a:\r\nb: c\xe9\t\r\n"])
PLACES = st.lists(st.integers(0, 200), max_size=8)


@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=40), LINES), max_size=5),
    TRAILERS,
    PLACES,
    st.sampled_from([b"", b"!", b"HTTP/1.1 200 OK\r\n\r\n"]),
)
@settings(max_examples=200, deadline=None)
def test_chunks_read_as_they_were_meant_at_every_cut(
    chunks: list[tuple[bytes, bytes]], trailers: bytes, places: list[int], extra: bytes
) -> None:
    raw = b"".join(b"%x%b\r\n%b\r\n" % (len(data), line, data) for data, line in chunks)
    raw += b"00\r\n" + trailers + b"\r\n"
    found, body = read(CHUNKED, cut(raw + extra, places))
    assert found == b"".join(data for data, _ in chunks)
    assert body.ended_exactly is (not extra)


@given(
    st.lists(
        st.sampled_from([b"\r\n", b"\r", b"\n", b"0", b"1", b"a", b"x", b";", b" ", b":"])
        | st.sampled_from(
            [b"1\r\nx\r\n", b"0\r\n", b"0\r\n\r\n", b"x: y\r\n", b"\x00", b"-", b"_"]
        ),
        max_size=10,
    ),
    PLACES,
)
@settings(max_examples=400, deadline=None)
def test_what_h11_refuses_is_refused_wherever_it_is_cut(
    pieces: list[bytes], places: list[int]
) -> None:
    raw = b"".join(pieces)
    found = by_us([raw])
    assert found is None or found == by_h11(raw)
    assert by_us(cut(raw, places)) == found
    assert by_us(single_bytes(raw)) == found


@given(st.binary(max_size=60), st.integers(0, 60), PLACES)
@settings(max_examples=100, deadline=None)
def test_a_length_is_kept_at_every_cut(raw: bytes, length: int, places: list[int]) -> None:
    pieces = cut(raw, places)
    if len(raw) < length:
        with pytest.raises(HttpCut):
            read(sized(length), pieces)
    else:
        found, body = read(sized(length), pieces)
        assert (found, body.ended_exactly) == (raw[:length], len(raw) == length)
    found, body = read(UNTIL_CLOSE, pieces)
    assert (found, body.ended_exactly) == (raw, False)


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n",
        b"x\r\n",
        b"-1\r\n",
        b"+1\r\nx\r\n",
        b"0x1\r\nx\r\n",
        b"1_0\r\n",
        b" 1\r\nx\r\n",
        b"1 ;a\r\nx\r\n",
        b"\xb2\r\n",
        b"f" * 21 + b"\r\n",
        b"1;a\nb\r\nx\r\n",
        b"1;a\rb\r\nx\r\n",
        b"1;\x00\r\nx\r\n",
        b"1\nx\r\n",
        b"1\r\nxy\r\n",
        b"1\r\nx\n",
        b"1\r\nx\ry",
        b"1\r\nx0\r\n\r\n",
        b"0\r\n\n",
        b"0\r\nno header\r\n\r\n",
        b"0\r\n: no name\r\n\r\n",
        b"0\r\na : b\r\n\r\n",
        b"0\r\na: b\r\n c\r\n\r\n",
        b"0\r\na: b\x00\r\n\r\n",
        b"0\r\na: b\n\n",
    ],
)
def test_malformed_chunks_are_a_cut_and_stay_one(raw: bytes) -> None:
    for pieces in ([raw], single_bytes(raw)):
        body = BodyReader(GET, CHUNKED, b"")
        with pytest.raises(HttpCut):
            for piece in pieces:
                body.receive(piece)
                body.take()
        body.receive(b"0\r\n\r\n")
        assert (body.take(), body.ended, body.ended_exactly) == (b"", False, False)
        with pytest.raises(HttpCut):
            body.receive(b"")


@pytest.mark.parametrize("end", [b"1;%b\r\nx\r\n0\r\n\r\n", b"1\r\nx\r\n0\r\na:%b\r\n\r\n"])
@pytest.mark.parametrize("size", [1 << 16, 1 << 12, 1000])
def test_extensions_and_trailers_have_a_limit(end: bytes, size: int) -> None:
    def found(length: int) -> bytes | None:
        raw = end % (b"e" * length)
        return by_us(cut(raw, list(range(size, len(raw), size))))

    assert found(KILOBYTES_16 - 4) == b"x"
    assert found(KILOBYTES_16) is None


def test_many_trailers_have_a_limit_together() -> None:
    assert by_us([b"0\r\n" + b"a: b\r\n" * 4_000 + b"\r\n"]) == b""
    assert by_us([b"0\r\n" + b"a: b\r\n" * 5_000 + b"\r\n"]) is None


@pytest.mark.parametrize("endless", [b"1;" + b"e" * KILOBYTES_16, b"0\r\n" + b"a: b\r\n" * 5_000])
def test_a_line_without_an_end_is_refused_before_it_ends(endless: bytes) -> None:
    body = BodyReader(GET, CHUNKED, endless)
    with pytest.raises(HttpCut):
        body.take()


def test_one_take_returns_a_bounded_number_of_chunks() -> None:
    body = BodyReader(GET, CHUNKED, b"1\r\nx\r\n" * 1_200)
    assert (len(body.take()), body.has_more) == (1_000, True)
    assert (len(body.take()), body.has_more) == (200, False)
    assert (body.take(), body.ended) == (b"", False)


@pytest.mark.parametrize("status", [204, 304])
def test_a_response_without_a_body_ends_at_its_head(status: int) -> None:
    for head in (Head(status, {}), sized(5, status), Head(status, dict(CHUNKED.headers))):
        assert read(head, [])[1].ended_exactly
        found, body = read(head, [b"hello"])
        assert (found, body.ended_exactly) == (b"", False)


def test_the_answer_to_HEAD_has_no_body() -> None:
    body = BodyReader(HEAD, sized(5), b"")
    assert (body.take(), body.ended_exactly) == (b"", True)


def test_chunks_override_a_length_but_the_connection_is_not_kept() -> None:
    head = Head(200, {"transfer-encoding": "chunked", "content-length": "3"})
    found, body = read(head, [b"5\r\nhello\r\n0\r\n\r\n"])
    assert (found, body.ended, body.ended_exactly) == (b"hello", True, False)


@pytest.mark.parametrize("head", [sized(1 << 30), UNTIL_CLOSE, CHUNKED])
def test_bytes_that_were_taken_are_not_kept(head: Head) -> None:
    body = BodyReader(GET, head, b"40000000\r\n" if head is CHUNKED else b"")
    data = bytes(1 << 20)
    count: Callable[[object], int] = sys.getrefcount
    before = count(data)
    for _ in range(3):
        body.receive(data)
        assert len(body.take()) == len(data)
        assert count(data) == before


@pytest.mark.parametrize("head", [sized(9), UNTIL_CLOSE, CHUNKED])
def test_a_body_that_is_left_needs_no_garbage_collector(head: Head) -> None:
    body = BodyReader(GET, head, b"5\r\nhe")
    assert body.take()
    left = weakref.ref(body)
    gc.disable()
    try:
        del body
        assert left() is None
    finally:
        gc.enable()
