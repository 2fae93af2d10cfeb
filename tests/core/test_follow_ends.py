"""How a reading ends: closed, lost, overdue; and what its offset says then."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import (
    BackoffOptions,
    FlueApiError,
    FlueTimeoutError,
    StreamResetError,
)
from flue_client_ext._values.limits import LIMITS
from flue_client_ext._values.steps import Batch, DeadlineExceeded, Emit, Read, Sleep

from .play import CUT, STALE, FollowPlay, Stream, control, data, follow


def test_a_closed_stream_ends_with_its_last_batch() -> None:
    for live in (None, "long-poll", "auto", "sse"):
        play = follow("b", live=live)
        if live in ("auto", "sse"):
            play.sse(data([1]), control("c", "closed"))
        else:
            play.page([1], "c", "closed")
        assert play.batch == Batch([1], "c", True, True)
        play.taken()
        assert play.ended
        assert play.opened == 1


class Ending(Stream):
    def is_last(self, items: list[Any]) -> bool:
        return items[-1:] == ["end"]


def test_the_last_item_of_a_stream_ends_it_even_when_nothing_is_closed() -> None:
    for live in ("long-poll", "sse"):
        play = follow(live=live, resource=Ending())
        if live == "sse":
            play.sse(data([1, "end"]), control("b", "up_to_date"))
        else:
            play.page([1, "end"], "b", "up_to_date")
        play.taken()
        assert play.ended


@pytest.mark.parametrize("live", [None, "long-poll", "sse", "auto"])
@pytest.mark.parametrize(("tail", "lost"), [("b", False), ("a", True), (None, False)])
def test_a_closed_stream_that_gives_nothing_is_asked_for_its_tail(
    live: str | None, tail: str | None, lost: bool
) -> None:
    play = follow("b", live=live)
    if live in ("sse", "auto"):
        play.sse(control("b", "closed"))
    else:
        play.page([] if live is None else None, "b", "closed")
    assert play.request.method == "HEAD"
    headers = {} if tail is None else {"stream_next_offset": tail}
    play.head(200, **headers)
    if lost:
        with pytest.raises(StreamResetError) as caught:
            play.body()
        assert (caught.value.offset, caught.value.tail) == ("b", tail)
        return
    play.body()
    assert play.batch == Batch([], "b", True, True)
    play.taken()
    assert play.ended
    assert play.opened == 2


@pytest.mark.parametrize("offset", ["-1", "now"])
def test_an_end_at_an_offset_that_cannot_be_stale_needs_no_second_request(offset: str) -> None:
    play = follow(offset)
    play.page([], "b", "closed")
    play.taken()
    assert (play.ended, play.opened) == (True, 1)


def test_an_end_after_items_of_the_same_reading_needs_no_HEAD() -> None:
    play = follow("a", live="long-poll")
    play.page([1], "b", "up_to_date")
    play.taken()
    play.page(None, "b", "closed")
    play.taken()
    assert (play.ended, play.opened) == (True, 2)


class NamingItsEnd(Ending):
    names_its_end = True


@pytest.mark.parametrize("live", [None, "long-poll", "sse"])
@pytest.mark.parametrize("tail", ["b", "a"])
def test_an_end_without_the_last_item_is_confirmed_by_a_HEAD(live: Any, tail: str) -> None:
    play = follow(live=live, resource=NamingItsEnd())
    if live == "sse":
        play.sse(data([1]), control("b"))
        play.taken()
        play.bytes(control("b", "closed"))
    else:
        play.page([1], "b")
        play.taken()
        play.sse(control("b", "closed"))
    assert play.request.method == "HEAD"
    play.head(200, stream_next_offset=tail)
    if tail != "b":
        with pytest.raises(StreamResetError):
            play.body()
        return
    play.body()
    assert play.batch == Batch([], "b", True, True)


def test_an_empty_stream_that_is_closed_needs_no_HEAD_whatever_it_names() -> None:
    play = follow(resource=NamingItsEnd())
    play.page([], "b", "closed")
    play.taken()
    assert (play.ended, play.opened) == (True, 1)


def test_an_end_after_a_reconnect_is_confirmed_by_a_HEAD() -> None:
    play = follow(live="long-poll")
    play.page([1], "b", "up_to_date")
    play.taken()
    play.fail(CUT)
    play.slept()
    play.page(None, "b", "closed")
    assert play.request.method == "HEAD"
    with pytest.raises(StreamResetError):
        play.answer(200, stream_next_offset="-1")


def test_the_HEAD_for_the_tail_is_sent_again_after_a_passing_failure() -> None:
    play = follow("b")
    play.page([], "b", "closed")
    for failure in (503, "cut", 429):
        if failure == "cut":
            play.fail(CUT)
        else:
            play.answer(int(failure))
        assert isinstance(play.step, Sleep), failure
        play.slept()
        assert play.request.method == "HEAD"
    with pytest.raises(StreamResetError):
        play.answer(200, stream_next_offset="a")


class Named(Stream):
    def error(self, response: Any, offset: str) -> FlueApiError:
        return FlueApiError(response, explanation="lost" if response.body_lost else None)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
@pytest.mark.parametrize("live", [None, "long-poll", "sse"])
def test_what_a_HEAD_is_refused_for_is_told_by_a_page(status: int, live: Any) -> None:
    play = follow("b", live=live, resource=Named())
    play.sse(control("b", "closed")) if live == "sse" else play.page([], "b", "closed")
    play.answer(status)
    assert play.asked == ("GET", "page", "b")
    with pytest.raises(FlueApiError) as caught:
        play.answer(404, b'{"error": {"type": "run_not_found", "message": "No such run."}}')
    assert (caught.value.status, caught.value.type) == (404, "run_not_found")


def test_a_HEAD_that_is_refused_where_a_page_is_not_is_no_end() -> None:
    play = follow("b", resource=Named())
    play.page([], "b", "closed")
    play.answer(403)
    with pytest.raises(FlueApiError) as caught:
        play.page([], "b", "closed")
    assert (caught.value.status, caught.value.message) == (403, "lost")
    assert play.opened == 3


def test_a_run_that_is_there_again_after_a_refused_HEAD_is_read_on() -> None:
    play = follow("b", resource=Named())
    play.page([], "b", "closed")
    play.answer(404)
    play.page([1], "c", "closed")
    assert play.batch == Batch([1], "c", True, True)
    play.taken()
    assert play.ended


def test_an_end_counts_where_a_server_has_no_HEAD_to_confirm_it() -> None:
    for status in (405, 501):
        play = follow("b")
        play.page([], "b", "closed")
        play.answer(status)
        play.taken()
        assert play.ended


@pytest.mark.parametrize("live", ["long-poll", "sse"])
def test_a_deadline_in_a_later_request_names_the_failure_before_it(live: str) -> None:
    for recovered in (False, True):
        play = follow("a", live=live)
        play.answer(503)
        play.slept()
        if live == "sse":
            play.sse(*([control("a", "up_to_date")] if recovered else []))
        elif recovered:
            play.page([], "a", "up_to_date")
        if recovered:
            play.taken()
        with pytest.raises(FlueTimeoutError) as caught:
            play.deadline()
        after = "" if recovered else " while retrying after: status 503"
        assert caught.value.cause == f"the deadline passed{after}"


def test_a_deadline_gives_the_offset_to_go_on_from_wherever_it_passes() -> None:
    def reached() -> FollowPlay:
        play = follow(live="long-poll")
        play.page([1], "b", "up_to_date")
        play.taken()
        return play

    waiting, reading, pausing = reached(), reached(), reached()
    reading.head(200)
    pausing.fail(CUT)
    for play in (waiting, reading, pausing):
        with pytest.raises(FlueTimeoutError) as caught:
            play.deadline()
        assert caught.value.offset == "b"
        assert play.counters.state == "ended"


def test_every_wait_of_a_page_or_a_poll_has_its_limit() -> None:
    for live in (None, "long-poll"):
        play = follow(live=live)
        assert play.step.timeout == LIMITS.read
        play.head(200)
        assert play.wants(Read(LIMITS.read))


def test_the_offset_moves_only_when_the_consumer_asks_for_more() -> None:
    play = follow(live="long-poll")
    play.page([1], "b", "up_to_date")
    assert isinstance(play.step, Emit)
    with pytest.raises(FlueTimeoutError) as caught:
        play.conversation.throw(DeadlineExceeded(sent=True))
    assert caught.value.offset == "-1"


def test_a_HEAD_over_a_dead_connection_is_sent_again_uncounted() -> None:
    play = follow("b", backoff=BackoffOptions(max_retries=0))
    play.page([], "b", "closed")
    play.fail(STALE)
    assert play.request.method == "HEAD"
    play.answer(200, stream_next_offset="b")
    assert play.batch.closed


def test_the_HEAD_for_the_tail_gives_up_as_every_read_does() -> None:
    play = follow("b", backoff=BackoffOptions(max_retries=1))
    play.page([], "b", "closed")
    play.answer(503)
    play.slept()
    with pytest.raises(FlueApiError) as caught:
        play.answer(503)
    assert caught.value.status == 503
