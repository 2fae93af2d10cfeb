"""Following by pages and long-polls: what is asked next, and at which pace."""

from __future__ import annotations

import pytest

from flue_client_ext import (
    BackoffOptions,
    FlueProtocolError,
)
from flue_client_ext._values.limits import LIMITS
from flue_client_ext._values.steps import Batch, Open, Read

from .play import CUT, control, data, follow


def test_a_read_that_reaches_the_tail_is_one_request() -> None:
    play = follow()
    assert play.asked == ("GET", "page", "-1")
    play.page([1, 2], "b", "up_to_date")
    assert play.batch == Batch([1, 2], "b", True, False)
    play.taken()
    assert play.ended
    assert play.counters.state == "ended"


def test_an_empty_stream_is_an_empty_batch() -> None:
    play = follow()
    play.page([], "a", "up_to_date")
    assert play.batch == Batch([], "a", True, False)
    play.taken()
    assert play.ended


def test_after_a_page_that_is_not_the_last_the_rest_comes_over_one_connection() -> None:
    play = follow()
    play.page([1], "b")
    play.taken()
    assert play.asked == ("GET", "bulk", "b")
    play.sse(data([2]), control("c"))
    assert play.batch == Batch([2], "c", False, False)
    play.taken()
    play.bytes(data([3]), control("d", "up_to_date"))
    assert play.batch == Batch([3], "d", True, False)
    play.taken()
    assert play.ended
    assert play.opened == 2


def test_with_pages_only_every_answer_is_a_page() -> None:
    play = follow(pages_only=True)
    play.page([1], "b")
    play.taken()
    assert play.asked == ("GET", "page", "b")
    play.page([2], "c", "closed")
    assert play.batch == Batch([2], "c", True, True)
    play.taken()
    assert play.ended


@pytest.mark.parametrize("status", [200, 301, 400, 403, 404, 405, 500, 501, 503])
@pytest.mark.parametrize("kind", ["text/html", "application/json"])
def test_whatever_else_answers_the_bulk_read_pages_take_over_at_once(
    status: int, kind: str
) -> None:
    play = follow(backoff=BackoffOptions(max_retries=0))
    play.page([1], "b")
    play.taken()
    if status == 200 and kind == "application/json":
        return  # a page: the next test
    play.head(status, content_type=kind)
    if isinstance(play.step, Read):
        play.body(b"{}")
    assert isinstance(play.step, Open)
    assert play.asked == ("GET", "page", "b")
    play.page([2], "c")
    play.taken()
    assert play.asked == ("GET", "page", "c")


def test_a_bulk_read_that_is_answered_with_a_page_uses_it() -> None:
    play = follow()
    play.page([1], "b")
    play.taken()
    play.page([2], "c")
    assert play.batch == Batch([2], "c", False, False)
    play.taken()
    assert play.asked == ("GET", "page", "c")


def test_a_bulk_read_that_fails_before_any_frame_falls_back_to_pages() -> None:
    play = follow()
    play.page([1], "b")
    play.taken()
    play.sse(data([2]))
    play.fail(CUT)
    assert play.asked == ("GET", "page", "b")


def test_a_bulk_read_that_breaks_after_progress_goes_on_where_it_was() -> None:
    play = follow()
    play.page([1], "b")
    play.taken()
    play.sse(data([2]), control("c"))
    play.taken()
    play.bytes(data([3]))
    play.fail(CUT)
    assert play.asked == ("GET", "bulk", "c")
    play.sse(data([3]), control("d", "up_to_date"))
    assert play.batch.items == [3]


def test_a_long_poll_follows_the_tail_and_echoes_the_cursor() -> None:
    play = follow(live="long-poll")
    assert play.asked == ("GET", "long-poll", "-1")
    assert play.query["cursor"] == ""
    play.page([1], "b", "up_to_date", cursor="c1")
    play.taken()
    assert play.asked == ("GET", "long-poll", "b")
    assert play.query["cursor"] == "c1"
    play.page([2], "c", "up_to_date")
    play.taken()
    assert play.query["cursor"] == "c1"
    play.page([3], "d", "up_to_date", cursor="c2")
    play.taken()
    assert play.query["cursor"] == "c2"
    play.page([4], "e", "closed")
    play.taken()
    assert play.ended


def test_a_long_poll_before_the_tail_first_catches_up_over_one_connection() -> None:
    play = follow(live="long-poll")
    play.page([1], "b")
    play.taken()
    assert play.asked == ("GET", "bulk", "b")
    play.sse(data([2]), control("c", "up_to_date", streamCursor="c9"))
    play.taken()
    assert play.asked == ("GET", "long-poll", "c")
    assert play.query["cursor"] == "c9"


def test_a_wait_that_brought_nothing_is_an_empty_batch_and_polls_again_at_once() -> None:
    play = follow(live="long-poll")
    play.page([1], "b", "up_to_date")
    play.taken()
    play.clock.now += 30
    play.page(None, "b", "up_to_date")
    assert play.batch == Batch([], "b", True, False)
    play.taken()
    assert play.asked == ("GET", "long-poll", "b")


@pytest.mark.parametrize("live", ["long-poll", "sse", "auto"])
def test_a_server_that_says_nothing_new_at_once_is_asked_at_a_sane_pace(live: str) -> None:
    play = follow("b", live=live)
    for _ in range(5):
        play.page(None, "b", "up_to_date")
        play.taken()
        if isinstance(play.step, Open) and live == "auto":
            live = "long-poll"
            continue
        assert play.slept() == pytest.approx(LIMITS.poll_pace)
    play.clock.now += 0.4
    play.page(None, "b", "up_to_date")
    play.taken()
    assert play.slept() == pytest.approx(LIMITS.poll_pace - 0.4)


def test_an_answer_that_moves_nothing_is_a_failure_that_is_retried() -> None:
    play = follow("b", live="long-poll")
    for _ in range(15):
        play.page(None, "b")
        play.taken()
        assert play.slept() > 0
        if play.asked[1] == "bulk":  # it is not known to be at the tail
            play.head(404)
    play.page(None, "b")
    with pytest.raises(FlueProtocolError):
        play.taken()


def test_from_now_on_is_pinned_by_a_page_before_the_first_wait() -> None:
    play = follow("now", live="long-poll")
    assert play.asked == ("GET", "page", "now")
    play.page([], "t", "up_to_date")
    assert play.batch == Batch([], "t", True, False)
    play.taken()
    assert play.asked == ("GET", "long-poll", "t")


def test_the_pin_is_tried_again_until_it_holds() -> None:
    play = follow("now", live="long-poll")
    play.fail(CUT)
    play.slept()
    assert play.asked == ("GET", "page", "now")
