"""`auto`: SSE where it works, long-polls where a proxy breaks it."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import (
    BackoffOptions,
    FlueApiError,
)
from flue_client_ext._values.limits import LIMITS
from flue_client_ext._values.steps import Batch, Read, Sleep

from .play import CUT, REFUSED, SILENT, control, data, follow, reading


@pytest.mark.parametrize("kind", ["text/html", "text/plain", "", "application/octet-stream"])
def test_auto_gives_up_SSE_where_something_else_is_answered(kind: str) -> None:
    play = follow("b", live="auto", backoff=BackoffOptions(max_retries=0))
    play.head(200, content_type=kind)
    assert play.asked == ("GET", "long-poll", "b")
    assert [note.level for note in play.notes] == ["info"]


def test_auto_uses_a_page_that_was_answered_instead_of_SSE() -> None:
    play = follow(live="auto")
    play.page([1], "b", "up_to_date")
    assert play.batch == Batch([1], "b", True, False)
    play.taken()
    assert play.asked == ("GET", "long-poll", "b")
    assert play.counters.mode == "long-poll"


@pytest.mark.parametrize("failure", [CUT, SILENT])
@pytest.mark.parametrize("place", ["head", "first bytes", "before control"])
def test_auto_gives_up_SSE_that_fails_before_its_first_control_frame(
    failure: Any, place: str
) -> None:
    play = follow("a", live="auto", backoff=BackoffOptions(max_retries=0))
    if place == "first bytes":
        play.sse()
    elif place == "before control":
        play.sse(data([1]))
    play.fail(failure)
    assert play.asked == ("GET", "long-poll", "a")
    play.page([1], "b", "up_to_date")
    assert play.batch.items == [1]
    play.taken()
    assert play.asked == ("GET", "long-poll", "b")


@pytest.mark.parametrize("status", [400, 404, 405, 406, 501])
def test_auto_gives_up_SSE_for_a_permanent_status(status: int) -> None:
    play = follow("b", live="auto", backoff=BackoffOptions(max_retries=0))
    play.head(status, content_type="application/json")
    assert play.asked == ("GET", "long-poll", "b")
    with pytest.raises(FlueApiError):
        play.answer(status)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_auto_stays_with_SSE_for_a_status_that_may_pass(status: int) -> None:
    play = follow("b", live="auto")
    play.answer(status, b"busy")
    play.slept()
    assert play.asked == ("GET", "sse", "b")


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("worked", [False, True])
def test_a_Retry_After_for_SSE_does_not_hold_pages_up(status: int, worked: bool) -> None:
    """The Retry-After was for SSE. If the server limits pages, it says so in their answers."""
    play = reading("auto") if worked else follow("b", live="auto")
    if worked:
        play.fail(CUT)
    play.answer(status, b"busy", retry_after="30")
    assert play.asked == ("GET", "long-poll", "b")
    play.answer(status, b"busy", retry_after="7")
    assert play.slept() == 7.0


def test_auto_stays_with_SSE_when_the_server_cannot_be_reached() -> None:
    play = follow("b", live="auto")
    play.fail(REFUSED)
    play.slept()
    assert play.asked == ("GET", "sse", "b")


def test_auto_stays_with_SSE_that_has_worked() -> None:
    play = reading("auto")
    play.fail(CUT)
    assert play.asked == ("GET", "sse", "b")
    play.sse(control("b", "up_to_date"))
    play.taken()
    play.fail(CUT)
    play.slept()
    assert play.asked == ("GET", "sse", "b")


def test_a_shortcut_must_bring_bytes_soon_until_the_tail_is_reached() -> None:
    for live, first in (("auto", LIMITS.start), ("sse", LIMITS.read)):
        play = follow("b", live=live)
        assert play.step.timeout == first
        play.sse()
        assert play.wants(Read(first))
        play.bytes(b": heartbeat\n\n")
        assert play.wants(Read(first))
        play.bytes(control("b", "up_to_date"))
        play.taken()
        assert play.wants(Read(LIMITS.read))
    play = follow()
    play.page([1], "b")
    play.taken()
    assert play.step.timeout == LIMITS.start


@pytest.mark.parametrize("status", [429, 500, 503])
def test_auto_gives_up_SSE_for_a_status_that_lasts_before_any_batch(
    status: int,
) -> None:
    play = follow("b", live="auto")
    play.answer(status)
    play.slept()
    play.answer(status)
    assert play.asked == ("GET", "long-poll", "b")


def test_auto_keeps_SSE_that_has_worked_over_a_passing_status() -> None:
    play = reading("auto")
    for _ in range(5):
        play.fail(CUT) if isinstance(play.step, Read) else play.answer(503)
        if isinstance(play.step, Sleep):
            play.slept()
        assert play.asked[1] == "sse"
