"""What is sent again, and when pages take over from SSE: both as tables."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import FlueConnectionError, StreamResetError
from flue_client_ext._stream.policy import decide, falls_back
from flue_client_ext._values.http import Request
from flue_client_ext._values.limits import LIMITS
from flue_client_ext._values.steps import Failure, Sleep

from .play import CUT, REFUSED, SILENT, STALE, UNTRUSTED, URL, control, data, follow, reading

RELEASED = Failure("released", "its reader gave it up")
REJECTED = Failure("cut", "the certificate is missing", permanent=True)
#: What happened, and what follows for a read or another idempotent request, and for a plain POST.
OUTCOMES: list[tuple[Any, str, str]] = [
    (UNTRUSTED, "never", "never"),
    (REJECTED, "never", "never"),
    (Failure("timeout", "?", permanent=True), "never", "never"),
    (Failure("cut", "?", stale=True, permanent=True), "never", "never"),
    (RELEASED, "at once", "never"),
    (STALE, "at once", "never"),
    (REFUSED, "after a pause", "after a pause"),
    (CUT, "after a pause", "never"),
    (SILENT, "after a pause", "never"),
    *((status, "after a pause", "never") for status in (408, 425, 429, 500, 502, 503, 504, 599)),
    *((status, "never", "never") for status in (200, 202, 204, 301, 304, 400, 401, 403, 404, 410)),
    *((status, "never", "never") for status in (499, 501, 505, 511, 600, 999)),
    (None, "never", "never"),
]


@pytest.mark.parametrize(("outcome", "read", "post"), OUTCOMES)
def test_what_is_sent_again(outcome: Any, read: str, post: str) -> None:
    assert decide(outcome, 0.0) == read
    assert decide(outcome, 0.0, idempotent=False) == post


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_POST_is_idempotent_if_the_server_knows_it_again(method: str) -> None:
    assert Request(method, URL).idempotent is (method != "POST")
    assert Request(method, URL, repeatable=True).idempotent


def test_a_kept_connection_that_ends_after_a_while_had_not_been_dead() -> None:
    assert decide(STALE, LIMITS.routine_life) == "after a pause"


NOTHING = {"progress": False, "has_batch": False, "answered": True, "bulk": True, "failures": 0}
GIVES_WAY: list[tuple[Any, dict[str, Any], bool]] = [
    (SILENT, {}, True),
    (SILENT, {"progress": True, "has_batch": True}, True),
    (CUT, {}, True),
    (CUT, {"progress": True, "has_batch": True}, False),
    (CUT, {"has_batch": True}, False),
    (CUT, {"has_batch": True, "failures": 1}, False),
    (CUT, {"has_batch": True, "failures": 2}, True),
    (CUT, {"has_batch": True, "exhausted": True}, True),
    (REFUSED, {}, False),
    (REFUSED, {"failures": 9}, False),
    (REFUSED, {"exhausted": True}, True),
    (UNTRUSTED, {}, True),
    (UNTRUSTED, {"answered": False}, False),
    (None, {}, True),
    (None, {"answered": False}, True),
    (None, {"has_batch": True}, True),
    (None, {"progress": True}, False),
    (404, {}, True),
    (503, {}, True),
    (503, {"bulk": False}, False),
    (503, {"bulk": False, "failures": 4}, False),
    (503, {"bulk": False, "failures": 5}, True),
    (503, {"bulk": False, "exhausted": True}, True),
    (503, {"bulk": False, "answered": False}, False),
    (503, {"bulk": False, "answered": False, "failures": 1}, True),
    (503, {"bulk": False, "told_to_wait": True}, True),
    (429, {"bulk": False, "answered": False, "told_to_wait": True}, True),
]


@pytest.mark.parametrize(("outcome", "facts", "expected"), GIVES_WAY)
def test_when_a_shortcut_is_given_up(outcome: Any, facts: dict[str, Any], expected: bool) -> None:
    assert (
        falls_back(outcome, **{**NOTHING, "exhausted": False, "told_to_wait": False, **facts})
        is expected
    )


@pytest.mark.parametrize("failure", [UNTRUSTED, REJECTED])
def test_a_permanent_failure_ends_the_HEAD_for_the_tail_at_once(failure: Failure) -> None:
    play = follow("b")
    play.page([], "b", "closed")
    assert play.request.method == "HEAD"
    with pytest.raises(FlueConnectionError) as caught:
        play.fail(failure)
    assert (play.opened, caught.value.offset) == (2, "b")
    assert play.counters.reconnects == 1


def test_the_HEAD_for_the_tail_waits_and_counts_as_every_request() -> None:
    play = follow("b")
    play.page([], "b", "closed")
    play.answer(503, retry_after="7")
    assert play.counters.snapshot().state == "waiting"
    assert play.slept() == 7
    play.fail(CUT)
    play.slept()
    play.fail(STALE)
    assert play.cancel().request.method == "HEAD"
    assert play.counters.reconnects == 2
    assert play.counters.mode == "page"
    with pytest.raises(StreamResetError):
        play.answer(200, stream_next_offset="a")


def test_the_answer_to_the_HEAD_for_the_tail_may_name_a_coding() -> None:
    play = follow("b")
    play.page([], "b", "closed")
    play.answer(200, stream_next_offset="b", content_encoding="gzip")
    assert play.batch.closed


def test_a_shortcut_that_fails_in_TLS_later_is_given_up() -> None:
    play = follow()
    play.page([1], "b")
    play.taken()
    play.fail(UNTRUSTED)
    assert play.asked == ("GET", "page", "b")
    with pytest.raises(FlueConnectionError):
        play.fail(UNTRUSTED)


def test_auto_gives_up_SSE_that_has_worked_when_it_stays_busy() -> None:
    play = reading("auto")
    play.fail(CUT)
    for _ in range(5):
        play.answer(503)
        play.slept()
        assert play.asked[1] == "sse"
    play.answer(503)
    assert play.asked == ("GET", "long-poll", "b")


def test_an_answer_that_is_replayed_from_the_start_repeats_nothing() -> None:
    play = follow(live="sse")
    play.sse()
    for number in range(500):
        play.bytes(data([number]) + control(f"o{number}"))
        play.taken()
    play.fail(CUT)
    play.sse()
    for number in range(500):
        play.bytes(data([number]) + control(f"o{number}"))
        assert (play.batch.items, play.batch.offset) == ([], "o499")
        play.taken()
    play.bytes(data(["new"]) + control("p"))
    assert (play.batch.items, play.batch.offset) == (["new"], "p")
    assert play.counters.duplicates == 500


def test_a_shortcut_whose_answer_stays_behind_is_given_up() -> None:
    play = follow("b", live="sse")
    play.sse(data([1]) + control("c"))
    play.taken()
    play.fail(CUT)
    play.sse(data([0]) + control("b"))
    play.taken()
    play.bytes(data([0.5]) + control("unknown"))
    assert (play.batch.items, play.batch.offset) == ([], "c")
    play.taken()
    play.clock.now += 60
    play.bytes(b": heartbeat\n\n")
    assert isinstance(play.step, Sleep)


def test_the_time_that_a_consumer_takes_is_not_held_against_SSE() -> None:
    play = follow()
    play.page([1], "b")
    play.taken()
    play.sse(data([2]), control("c"))
    play.clock.now += 3600
    play.taken()
    play.bytes(data([3]))
    play.bytes(control("d", "up_to_date"))
    assert play.batch.items == [3]
    play.taken()
    assert play.ended
