"""What answers of a stream say: whole or cut, strange, repeated, refused."""

from __future__ import annotations

import json

import pytest

from flue_client_ext import (
    FlueApiError,
    FlueProtocolError,
)
from flue_client_ext._stream.credentials import Credentials
from flue_client_ext._values.steps import Batch, Call, Sleep

from .play import FollowPlay, follow


def page(play: FollowPlay, body: bytes, delimited: bool = True, **headers: str) -> None:
    named = {"stream_next_offset": "b", "content_type": "application/json", **headers}
    play.answer(200, body, not delimited, **named)


@pytest.mark.parametrize("live", [None, "long-poll"])
@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"1", b"[1", b"<html>", b"[1]x", b'"a"'])
def test_a_whole_body_that_is_no_array_is_a_protocol_error(live: str | None, body: bytes) -> None:
    play = follow("a", live=live)
    with pytest.raises(FlueProtocolError) as caught:
        page(play, body)
    assert (caught.value.url, caught.value.offset) == ("http://server.test/stream", "a")


@pytest.mark.parametrize("body", [b"", b"[", b"[1,2", b"<html>", b'[{"a":"\xe2\x80'])
def test_a_body_without_a_length_that_is_not_JSON_was_cut_and_is_read_again(body: bytes) -> None:
    play = follow("a")
    page(play, body, delimited=False)
    assert isinstance(play.step, Sleep)
    play.slept()
    assert play.asked == ("GET", "page", "a")
    page(play, b"[1,2]", delimited=False, stream_up_to_date="true")
    assert play.batch.items == [1, 2]


def test_a_body_without_a_length_that_is_whole_JSON_and_no_array_was_not_cut() -> None:
    with pytest.raises(FlueProtocolError):
        page(follow("a"), b'{"error":{}}', delimited=False)


@pytest.mark.parametrize("status", [200, 204])
@pytest.mark.parametrize("offset", [None, ""])
def test_an_answer_without_its_next_offset_is_a_protocol_error(
    status: int, offset: str | None
) -> None:
    headers = {} if offset is None else {"stream_next_offset": offset}
    with pytest.raises(FlueProtocolError):
        follow("a", live="long-poll").answer(status, b"[]" if status == 200 else b"", **headers)


def test_strange_items_are_delivered_with_the_others() -> None:
    play = follow()
    page(play, b'[1,null,"x",[2],{"a":"\\ud83d"},1e400]', stream_up_to_date="true")
    assert play.batch.items == [1, None, "x", [2], {"a": "\ud83d"}, float("inf")]


def test_a_batch_that_was_emitted_before_is_dropped() -> None:
    play = follow(live="long-poll")
    play.page([1], "b", "up_to_date")
    play.taken()
    play.page([2], "c", "up_to_date")
    play.taken()
    play.clock.now += 5
    play.page([2], "c", "up_to_date")
    assert play.batch == Batch([], "c", True, False)
    play.taken()
    assert play.asked == ("GET", "long-poll", "c")
    play.page([1], "b", "up_to_date")
    assert play.batch == Batch([], "c", False, False)  # it says nothing of where the tail is now
    assert play.counters.duplicates == 2


def test_an_old_answer_without_items_does_not_move_the_offset_back() -> None:
    play = follow(live="long-poll")
    for items, offset in (([1], "b"), ([2], "c")):
        play.page(items, offset, "up_to_date")
        play.taken()
    play.clock.now += 5
    play.page(None, "b", "up_to_date")
    assert play.batch == Batch([], "c", False, False)
    play.taken()
    play.slept()
    assert play.asked[2] == "c"


@pytest.mark.parametrize("status", [301, 304, 400, 403, 404, 410, 501, 505])
def test_a_status_that_will_not_change_ends_the_reading(status: int) -> None:
    play = follow("b", live="long-poll")
    body = json.dumps({"error": {"type": "run_not_found", "message": "m"}}).encode()
    with pytest.raises(FlueApiError) as caught:
        play.answer(status, body)
    assert (caught.value.status, caught.value.type) == (status, "run_not_found")
    assert play.opened == 1


def test_credentials_are_evaluated_for_every_request_and_anew_after_a_401() -> None:
    numbers = iter("abcdefgh")
    play = follow(live="long-poll", credentials=Credentials(lambda: next(numbers)))
    seen = []
    for status in (401, 200, 401, 401, 401, 401):
        assert isinstance(play.step, Call)
        play.called()
        seen.append(play.request.headers["authorization"][-1])
        if status == 200:
            play.page([1], "b", "up_to_date")
            play.taken()
        elif len(seen) < 6:
            play.answer(401)
    assert seen == list("abcdef")
    with pytest.raises(FlueApiError) as caught:
        play.answer(401)
    assert caught.value.status == 401
