"""The SSE framer and parser against the WHATWG reference, on every byte boundary."""

from __future__ import annotations

import sys
import tracemalloc
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flue_client_ext._stream import sse
from flue_client_ext._stream.sse import Framer, FrameTooLarge, parse_frame

from . import whatwg
from .connection import single_bytes

QUADRATIC = 60  # seconds, a limit: linear work takes a second here, quadratic work many minutes

SAMPLES = {
    "the standard's first example": b": this is a test stream\n\ndata: some text\n\n"
    b"data: another message\ndata: with two lines\n\n",
    "named events": b"event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n",
    "a data field of nothing": b"data\n\ndata\ndata\n\ndata:",
    "one space is taken off, no more": b"data:test\n\ndata: test\n\ndata:  test\n\n",
    "LF, CRLF and CR in one stream": b"data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\r\n\n"
    b"data: e\n\r\ndata: f\r\n\rdata: g\n\n",
    "a byte order mark": b"\xef\xbb\xbfevent: data\ndata: x\n\n",
    "a byte order mark that is not the first": b"data: 1\n\n\xef\xbb\xbfdata: 2\n\n",
    "comments between and within": b": hi\n\n:\n\ndata: a\n: inside\ndata: b\n\n: bye\n\n",
    "line separators of Unicode within data": "data: a\u2028b\u2029c\u0085d\x0be\x0cf\n\n".encode(),
    "bad UTF-8": b"data: \xff\xfe \xe2\x28 \xf0\x9f\n\nevent: \xc3\ndata: x\n\n",
    "bad UTF-8 in a frame of many lines": b"data: \xff\ndata: \xe2\x82\nid: \xff\n\n",
    "unknown fields and events": b"foo: 1\nevent: nova\nbar\ndata: x\nretry: 9\nid: 4\n\n",
    "a name without data": b"event: data\n\ndata: x\n\n",
    "an empty name": b"event:\ndata: x\n\nevent: \ndata: y\n\n",
    "the last name counts": b"event: a\nevent: b\ndata: x\n\n",
    "data before its name": b"data: x\nevent: late\n\n",
    "colons in values": b"data: a:b::c\nevent: x:y\n\n",
    "fields that only look like data": b"data : x\n Data: y\nDATA: z\nmydata: q\n\n",
    "spaces around the values of the common shape": b"event:  data \ndata:  [1] \n\n"
    b"event: data\ndata:\t[1]\n\nevent:data\ndata:[1]\x0b\n\n",
    "many blank lines": b"\n\n\ndata: a\n\n\n\n\r\n\r\rdata: b\n\n\n",
    "an unfinished last frame": b"data: a\n\nevent: control\ndata: half",
    "a last frame that lacks only its blank line": b"data: a\n\ndata: b\n",
    "zero bytes": b"data: a\x00b\n\nev\x00ent: x\ndata: y\n\n",
    "nothing": b"",
}


def parsed(*chunks: bytes) -> whatwg.Events:
    framer = Framer()
    return [
        (name, value.decode("utf-8", "replace"))
        for chunk in chunks
        for frame in framer.feed(chunk)
        for name, value in parse_frame(frame)
    ]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_reads_as_the_standard_says_whole_and_at_every_split(
    name: str,
) -> None:
    raw = SAMPLES[name]
    expected = whatwg.parse(raw)
    assert parsed(raw) == expected
    assert parsed(*(raw[i : i + 1] for i in range(len(raw)))) == expected
    for cut in range(len(raw) + 1):
        assert parsed(raw[:cut], raw[cut:]) == expected
        assert parsed(raw[:cut], b"", raw[cut:]) == expected


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("ending", [b"\r\n", b"\r"])
def test_the_line_ending_makes_no_difference(name: str, ending: bytes) -> None:
    raw = SAMPLES[name].replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", ending)
    assert parsed(*(raw[i : i + 1] for i in range(len(raw)))) == whatwg.parse(raw)


PIECES = st.sampled_from(
    [b"data:", b"event:", b"data", b"control", b"id", b"retry: 1", b":", b" ", b"  ", b"x", b"\n"]
    + [b"\n\n", b"\r\n", b"\r\n\r\n", b"\r", b"\xef\xbb\xbf", b"\xff", "\u2028".encode(), b"\x85"]
    + [b'[{"a":1}]', b"event: data\ndata:[1]\n\n", b"\x00"]
)


@given(pieces=st.lists(PIECES, max_size=24), sizes=st.lists(st.integers(1, 9), max_size=40))
@settings(max_examples=800, deadline=None)
def test_any_stream_in_any_chunks_reads_as_the_standard_says(
    pieces: list[bytes], sizes: list[int]
) -> None:
    raw = b"".join(pieces)
    chunks, place = [], 0
    for size in sizes:
        chunks.append(raw[place : place + size])
        place += size
    expected = whatwg.parse(raw)
    ours = parsed(*chunks, raw[place:])
    assert [event for event in ours if event != ("control", "")] == [
        event for event in expected if event != ("control", "")
    ]


def test_a_control_frame_without_data_is_reported_though_the_standard_drops_it() -> None:
    assert parsed(b"event: control\n\n") == [("control", "")]
    assert parsed(b"event: control\ndata\n\n") == [("control", "")]


def test_a_frame_over_the_cap_is_refused_as_soon_as_it_is_known_to_be_too_large() -> None:
    framer = Framer(max_bytes=100)
    assert framer.feed(b"data: " + b"x" * 90) == []
    with pytest.raises(FrameTooLarge):
        framer.feed(b"x" * 20)


def test_a_frame_over_the_cap_is_refused_when_it_comes_in_one_piece() -> None:
    with pytest.raises(FrameTooLarge):
        Framer(max_bytes=100).feed(b"data: " + b"x" * 200 + b"\n\n")


def test_a_frame_of_just_the_cap_passes_and_frames_do_not_add_up() -> None:
    frame = b"data: " + b"x" * 94
    framer = Framer(max_bytes=100)
    for _ in range(5):
        assert framer.feed(frame + b"\n\n") == [frame]
        assert framer.feed(frame) == []
        assert framer.feed(b"\n\n") == [frame]


LINES = {
    "comments": b": hi\n",
    "empty data lines": b"data:\n",
    "data lines without a colon": b"data\n",
    "data lines": b"data: 12345,\n",
    "names": b"event: data\n",
    "ids": b"id: 1\n",
    "unknown fields": b"nothing: 1\n",
}


@pytest.mark.timeout(QUADRATIC)
@pytest.mark.parametrize("kind", LINES)
def test_a_frame_of_a_million_lines_takes_time_linear_in_them(kind: str) -> None:
    raw = LINES[kind] * 1_000_000 + b"event: x\ndata: end\n\n"
    ((name, value),) = parsed(*(raw[at : at + 65536] for at in range(0, len(raw), 65536)))
    assert (name, value.endswith("end")) == ("x", True)


@pytest.mark.timeout(QUADRATIC)
def test_an_event_of_60_MB_in_long_data_lines_takes_time_linear_in_them() -> None:
    """A server may write each message of a batch in a line of its own."""
    line, count = b"x" * 1000, 60_000
    raw = b"event: data\n" + b"data: %b\n" % line * count + b"\n"
    assert parsed(raw) == [("data", b"\n".join([line] * count).decode())]


@pytest.mark.parametrize("line", [b"data", b"data:", b"data: x", b"data:x"])
def test_data_lines_are_joined_alike_on_both_sides_of_a_block(
    monkeypatch: pytest.MonkeyPatch, line: bytes
) -> None:
    raw = b"event: data\n" + b"\n".join([line, b": no", line, b"data:  two"] * 9) + b"\n\n"
    for size in range(1, 40):
        monkeypatch.setattr(sse, "_BLOCK_BYTES", size)
        assert parsed(raw) == whatwg.parse(raw)


def test_the_fields_of_an_event_of_many_lines_are_those_that_came_last() -> None:
    raw = b"event: a\n" + b"data: 1\n" * 5000 + b"event: b\nid: 7\nevent\n" + b"data: 2\n" * 5000
    for end, name in ((b"\n", "message"), (b"event:  c\n\n", " c")):
        ((found, value),) = parsed(raw + end)
        assert (found, value) == (name, "\n".join(["1"] * 5000 + ["2"] * 5000))


def test_an_unfinished_frame_takes_memory_for_its_bytes_not_its_chunks() -> None:
    tracemalloc.start()
    try:
        framer = Framer()
        for byte in single_bytes(b"data: " + b"x" * 300_000):
            framer.feed(byte)
        held, _ = tracemalloc.get_traced_memory()
        (frame,) = framer.feed(b"\n\n")
        ((_, value),) = parse_frame(frame)
    finally:
        tracemalloc.stop()
    assert len(value) == 300_000
    assert held < 4 * 300_000


def test_to_join_data_lines_takes_memory_bounded_by_their_bytes() -> None:
    frame = b"data\n" * 2_000_000
    tracemalloc.start()
    try:
        list(parse_frame(frame))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * len(frame)


@pytest.mark.timeout(QUADRATIC)
def test_a_frame_of_64_MiB_takes_time_linear_in_its_size() -> None:
    chunk, count = b"x" * 1024, 64 << 10
    framer = Framer((64 << 20) + 64)
    framer.feed(b"event: data\ndata:[")
    for _ in range(count):
        framer.feed(chunk)
    (frame,) = framer.feed(b"]\n\n")
    ((_, value),) = parse_frame(frame)
    assert len(value) == count * len(chunk) + 2


def test_the_wrong_package_under_the_same_import_name_is_explained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class SSEClient:  # as in the package `sseclient`: a URL, and no `events`
        def __init__(self, url: str) -> None:
            raise AttributeError("'list' object has no attribute 'decode'")

    other: Any = ModuleType("sseclient")
    other.SSEClient = SSEClient
    monkeypatch.setitem(sys.modules, "sseclient", other)
    sse.sse_client.cache_clear()
    try:
        with pytest.raises(ImportError, match="sseclient-py"):
            list(parse_frame(b"data: a\ndata: b"))
    finally:
        sse.sse_client.cache_clear()
