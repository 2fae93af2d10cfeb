"""Following by SSE: frames, batches, and frames that are none."""

from __future__ import annotations

import json

import pytest

from flue_client_ext import (
    FlueProtocolError,
)
from flue_client_ext._values.steps import Batch, Emit, Read

from .play import CUT, control, data, follow, reading

LIVE = ["sse", "auto"]


@pytest.mark.parametrize("live", LIVE)
def test_data_counts_together_with_its_control_frame(live: str) -> None:
    play = follow(live=live)
    assert play.asked == ("GET", "sse", "-1")
    play.sse(data([1, 2]))
    assert isinstance(play.step, Read)
    play.bytes(control("b"))
    assert play.batch == Batch([1, 2], "b", False, False)
    play.taken()
    play.bytes(control("b", "up_to_date"))
    assert play.batch == Batch([], "b", True, False)
    play.taken()
    play.bytes(data([3]) + control("c", "closed"))
    assert play.batch == Batch([3], "c", True, True)
    play.taken()
    assert (play.ended, play.opened) == (True, 1)


def test_several_data_frames_may_share_a_control_frame() -> None:
    play = follow(live="sse")
    play.sse(data([1]), data([2]), control("b"))
    assert play.batch.items == [1, 2]


@pytest.mark.parametrize("live", LIVE)
def test_every_byte_boundary_gives_the_same_batches(live: str) -> None:
    raw = data([1, "é\u2028\u0085"]) + control("b") + b": heartbeat\n\n" + data([2])
    raw += (
        control("c", "up_to_date", unknown=1) + b"event: nova\ndata: {\n\n" + control("c", "closed")
    )
    for ending in (b"\n", b"\r\n", b"\r"):
        play = follow(live=live)
        play.sse()
        batches = []
        for byte in raw.replace(b"\n", ending):
            while isinstance(play.step, Emit):
                batches.append((play.batch.items, play.batch.offset))
                play.taken()
            if not play.ended:
                play.bytes(bytes([byte]))
        if isinstance(play.step, Emit):
            batches.append((play.batch.items, play.batch.offset))
        assert batches == [([1, "é\u2028\u0085"], "b"), ([2], "c"), ([], "c")]


BAD_CONTROL = [b"", b"{}", b"[]", b"null", b"1", b"{", b'{"streamNextOffset":5}', b"\xff"]
BAD_CONTROL += [b'{"streamNextOffset":""}', b'{"streamNextOffset":null,"streamClosed":true}']


@pytest.mark.parametrize("body", BAD_CONTROL)
def test_a_whole_control_frame_that_is_none_is_a_protocol_error(body: bytes) -> None:
    play = reading()
    with pytest.raises(FlueProtocolError) as caught:
        play.bytes(data([2]), b"event: control\ndata: " + body + b"\n\n")
    assert (caught.value.url, caught.value.offset) == ("http://server.test/stream", "b")


def test_a_control_frame_without_any_data_is_a_protocol_error() -> None:
    with pytest.raises(FlueProtocolError):
        reading().bytes(b"event: control\n\n")


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[1", b"hello", b"[1]]"])
def test_a_whole_data_frame_that_is_no_array_is_a_protocol_error(body: bytes) -> None:
    play = reading()
    with pytest.raises(FlueProtocolError) as caught:
        play.bytes(b"event: data\ndata: " + body + b"\n\n")
    assert caught.value.offset == "b"


def test_a_frame_beyond_the_cap_is_a_protocol_error_before_it_has_all_come() -> None:
    play = reading(max_frame_bytes=200)
    play.bytes(data(["x" * 100]), control("c"))
    play.taken()
    with pytest.raises(FlueProtocolError) as caught:
        play.bytes(b"event: data\ndata:[", b"1," * 150)
    assert caught.value.offset == "c"


def test_a_frame_of_many_lines_is_one_event_whatever_their_number() -> None:
    play = reading()
    play.bytes(b"event: data\ndata: [1\n" + b"data: ,2\n" * 5000 + b"data: ]\n\n", control("c"))
    assert play.batch.items == [1] + [2] * 5000


def test_a_wrong_content_type_where_SSE_is_insisted_on_is_a_protocol_error() -> None:
    for kind in ("application/json", "text/html", ""):
        play = follow("b", live="sse")
        with pytest.raises(FlueProtocolError) as caught:
            play.head(200, content_type=kind)
        assert caught.value.offset == "b"


def test_a_batch_that_the_server_repeats_is_dropped() -> None:
    play = reading()
    play.bytes(data([2]), control("c"))
    play.taken()
    for old, offset in (([2], "c"), ([1], "b")):
        play.bytes(data(old), control(offset))
        assert (play.batch.items, play.batch.offset) == ([], "c")
        play.taken()
    play.bytes(data([3]), control("d"))
    assert play.batch == Batch([3], "d", False, False)
    play.taken()
    play.fail(CUT)
    assert play.asked[2] == "d"
    assert play.counters.duplicates == 2


def test_an_old_control_frame_does_not_move_the_offset_back() -> None:
    play = reading()
    play.bytes(data([2]), control("c"))
    play.taken()
    play.bytes(control("b", "up_to_date"))
    assert (play.batch.items, play.batch.offset) == ([], "c")
    play.taken()
    play.fail(CUT)
    assert play.asked[2] == "c"


def test_from_now_on_is_pinned_by_the_first_control_frame() -> None:
    play = follow("now", live="sse")
    assert play.asked == ("GET", "sse", "now")
    play.sse(control("t", "up_to_date"))
    play.taken()
    play.fail(CUT)
    assert play.asked == ("GET", "sse", "t")


def test_a_lone_surrogate_in_a_frame_is_delivered() -> None:
    play = follow(live="sse")
    play.sse(b'data: [{"text":"\\ud83d"}]\nevent: data\n\n', control("b"))
    assert play.batch.items == [{"text": "\ud83d"}]


def test_frames_after_the_end_are_not_delivered() -> None:
    play = follow(live="sse")
    play.sse(data([1]) + control("b", "closed") + data([2]) + control("c"))
    assert play.batch.closed
    play.taken()
    assert play.ended
    assert json.loads(control("b", "closed").split(b"data:")[1])["streamClosed"] is True
