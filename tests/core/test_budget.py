"""What a shortcut leaves of a deadline to the pages that could do without it."""

from __future__ import annotations

import pytest

from flue_client_ext import BackoffOptions
from flue_client_ext._values.limits import LIMITS
from flue_client_ext._values.steps import Open, Read

from .play import CUT, SILENT, FollowPlay, control, data, follow, reading

LONG_POLL = ("GET", "long-poll", "b")


def began(live: str | None, timeout: float) -> FollowPlay:
    """A shortcut at offset "b", just opened."""
    if live == "auto":
        return follow("b", live="auto", timeout=timeout)
    play = follow(timeout=timeout)
    play.page([1], "b")
    play.taken()
    assert play.asked == ("GET", "bulk", "b")
    return play


@pytest.mark.parametrize("live", ["auto", None])
@pytest.mark.parametrize("timeout", [0.5, 3, 8])
def test_silence_takes_half_of_the_remaining_time(live: str | None, timeout: float) -> None:
    play = began(live, timeout)
    assert play.step.timeout == timeout / 2
    play.clock.now += timeout / 2
    play.fail(SILENT)
    assert play.asked[1] == ("long-poll" if live else "page")
    assert play.step.timeout == LIMITS.read


def test_half_of_a_distant_deadline_changes_nothing() -> None:
    assert began("auto", 60).step.timeout == LIMITS.start
    play = follow("b", live="sse", timeout=3)
    assert play.step.timeout == LIMITS.read


def test_the_share_counts_from_the_last_batch_and_the_consumer_has_its_own_time() -> None:
    play = began(None, 100)
    play.sse(data([2]) + control("c"))
    play.clock.now += 92
    play.taken()
    assert play.wants(Read(4))
    play.bytes(data([3]) + control("d"))
    play.clock.now += 4
    play.taken()
    assert play.wants(Read(2))


@pytest.mark.parametrize("live", ["auto", None])
def test_bytes_without_a_batch_take_no_more_than_silence(live: str | None) -> None:
    play = began(live, 4)
    play.sse(b": heartbeat\n\n")
    play.clock.now += 1.5
    play.bytes(b": heartbeat\n\n")
    assert play.wants(Read(0.5))
    play.clock.now += 0.5
    play.bytes(b": heartbeat\n\n")
    assert isinstance(play.step, Open)
    assert play.asked[1] == ("long-poll" if live else "page")


@pytest.mark.parametrize("status", [200, 429, 503])
@pytest.mark.parametrize("live", ["auto", None])
def test_a_body_that_does_not_end_takes_no_more(live: str | None, status: int) -> None:
    play = began(live, 4)
    play.head(status, content_type="application/json")
    assert play.wants(Read(2))
    play.clock.now += 1.5
    play.bytes(b"[")
    assert play.wants(Read(0.5))
    play.clock.now += 0.5
    play.fail(SILENT)
    assert play.asked[1] == ("long-poll" if live else "page")


def test_pauses_take_no_more_in_all() -> None:
    play = follow("b", live="auto", timeout=10, backoff=BackoffOptions(initial_delay=30))
    play.clock.now += 1
    play.answer(503)
    assert play.slept() == 4
    assert play.asked == LONG_POLL
    play.answer(503)
    assert play.step.seconds > 30


def test_several_tries_share_it() -> None:
    play = reading("auto", timeout=40, backoff=BackoffOptions(initial_delay=12, multiplier=1))
    play.fail(CUT)
    play.answer(503)
    assert play.slept() == 12
    assert play.asked[1] == "sse"
    play.answer(503)
    assert play.slept() == 8
    assert play.asked == LONG_POLL


def test_an_hour_at_the_tail_is_no_wait_for_the_batch_that_then_begins_to_come() -> None:
    for timeout in (None, 4000):
        play = reading("auto", timeout=timeout)
        for _ in range(240):
            play.clock.now += 15
            play.bytes(b": heartbeat\n\n")
        play.clock.now += 14
        play.bytes(data([2]))
        assert isinstance(play.step, Read), "it has left a connection that works"
        play.bytes(control("c", "up_to_date"))
        assert play.batch.items == [2]


def test_a_batch_that_begins_to_come_at_the_tail_and_does_not_end_is_overdue() -> None:
    play = reading("auto")
    play.clock.now += 3600
    play.bytes(data([2]))
    play.clock.now += LIMITS.batch + 1
    play.bytes(b": heartbeat\n\n")
    assert play.asked == LONG_POLL
