"""Connections that break: what is read again, when, how often, and what is routine."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import (
    BackoffOptions,
    FlueConnectionError,
)
from flue_client_ext._values.limits import LIMITS
from flue_client_ext._values.steps import Batch, Open, Sleep

from .play import CUT, SILENT, STALE, UNTRUSTED, control, data, follow, reading


@pytest.mark.parametrize("failure", [CUT, SILENT, None])
def test_what_was_cut_is_discarded_and_read_again_from_the_last_control_frame(
    failure: Any,
) -> None:
    play = reading()
    frames = data([2]) + control("c")
    for cut in range(len(frames)):
        play.bytes(frames[:cut]) if cut else None
        play.fail(failure) if failure else play.bytes(b"")
        if isinstance(play.step, Sleep):
            play.slept()
        assert play.asked == ("GET", "sse", "b")
        play.sse(data([2]), control("c"))
        assert play.batch == Batch([2], "c", False, False)
        play.taken()
        play.fail(CUT)
        play = reading()


def test_progress_before_a_cut_makes_the_reconnect_immediate_and_the_count_new() -> None:
    play = follow(live="sse", backoff=BackoffOptions(max_retries=1))
    for offset in "abcdefgh":
        play.fail(CUT)
        play.slept()
        play.sse(data([offset]), control(offset))
        play.taken()
        play.fail(CUT)
        assert play.asked == ("GET", "sse", offset)
    assert play.counters.reconnects == 16


def test_without_progress_the_retries_end_and_the_error_names_the_offset() -> None:
    play = reading()
    pauses = []
    with pytest.raises(FlueConnectionError) as caught:
        while True:
            play.fail(CUT)
            if isinstance(play.step, Sleep):
                pauses.append(play.step.seconds)
                play.slept()
    assert len(pauses) == 15
    assert pauses[1] == pytest.approx(0.13)
    assert (caught.value.offset, caught.value.cause) == ("b", CUT.cause)


def test_the_routine_end_of_a_live_connection_is_no_failure() -> None:
    play = reading(backoff=BackoffOptions(max_retries=0))
    for _ in range(40):
        play.clock.now += LIMITS.routine_life
        play.fail(CUT)
        assert play.asked == ("GET", "sse", "b")
        play.sse(control("b", "up_to_date"))
        play.taken()
    assert play.counters.reconnects == 40


@pytest.mark.parametrize("live", ["sse", "long-poll"])
def test_after_a_live_connection_is_cut_before_any_batch_a_page_is_read(
    live: str,
) -> None:
    play = follow("b", live=live, backoff=BackoffOptions(max_retries=0))
    play.clock.now += 3
    play.fail(CUT)
    assert play.asked == ("GET", "page", "b")
    play.page([2], "c", "up_to_date")
    play.taken()
    assert play.asked == ("GET", live, "c")
    play.clock.now += 3
    play.fail(CUT)
    play.page([], "c", "up_to_date")
    play.taken()
    assert play.asked == ("GET", live, "c")


def test_a_peer_that_lives_long_and_says_nothing_cannot_hold_a_stream_for_ever() -> None:
    play = follow("b", live="long-poll")
    with pytest.raises(FlueConnectionError):
        for _ in range(200):
            play.clock.now += 3
            play.fail(CUT)
            if isinstance(play.step, Sleep):
                play.slept()


def test_a_silent_connection_is_a_failure_however_long_it_lived() -> None:
    play = reading()
    play.fail(CUT)
    play.sse(control("b", "up_to_date"))
    play.taken()
    play.clock.now += 600
    play.fail(SILENT)
    assert isinstance(play.step, Sleep)


@pytest.mark.parametrize("live", ["sse", "auto", "long-poll", None])
def test_a_dead_kept_alive_connection_is_replaced_at_once_and_uncounted(live: Any) -> None:
    play = follow("b", live=live, backoff=BackoffOptions(max_retries=0))
    asked = play.asked
    play.fail(STALE)
    assert play.asked == asked
    assert play.counters.reconnects == 0


@pytest.mark.parametrize("live", ["sse", "auto", "long-poll", None])
def test_a_certificate_that_is_not_trusted_ends_it_at_once(live: Any) -> None:
    play = follow(live=live)
    with pytest.raises(FlueConnectionError):
        play.fail(UNTRUSTED)
    assert play.opened == 1


def test_the_tally_tells_what_happens() -> None:
    play = follow(live="sse")
    assert play.counters.snapshot().state == "connecting"
    assert play.counters.snapshot().last_byte_age is None
    frames = data([1]) + control("b")
    play.sse(frames)
    play.clock.now += 7
    stats = play.counters.snapshot()
    assert (stats.state, stats.mode, stats.bytes_received) == ("reading", "sse", len(frames))
    assert stats.last_byte_age == 7
    play.taken()
    play.fail(CUT)
    play.fail(CUT)
    assert isinstance(play.step, Sleep)
    stats = play.counters.snapshot()
    assert (stats.state, stats.reconnects) == ("waiting", 2)
    play.slept()
    assert isinstance(play.step, Open)
    assert play.counters.snapshot().state == "connecting"
    play.sse(control("b", "closed"))
    play.answer(200, stream_next_offset="b")
    play.taken()
    assert play.counters.snapshot().state == "ended"


def test_any_new_offset_makes_the_count_new_in_long_polls_too() -> None:
    play = follow(live="long-poll", backoff=BackoffOptions(max_retries=1))
    for offset in "abcd":
        play.fail(CUT)
        assert play.slept() == pytest.approx(0.1)
        play.page([offset], offset, "up_to_date")
        play.taken()


def test_a_failure_between_two_quiet_waits_counts_alone() -> None:
    """A stream that is quiet for days must not use its retries up."""
    play = follow("b", live="long-poll", backoff=BackoffOptions(max_retries=1))
    for _ in range(30):
        play.fail(SILENT)
        assert play.slept() == pytest.approx(0.1)
        play.clock.now += 30
        play.page(None, "b", "up_to_date")
        play.taken()


def test_a_reused_connection_that_was_cut_after_a_long_wait_had_not_been_dead() -> None:
    play = follow("b", live="long-poll")
    play.clock.now += 3
    play.fail(STALE)
    assert play.asked == ("GET", "page", "b")
    assert play.counters.reconnects == 1
