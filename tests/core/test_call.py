"""Single calls: which failures are tried again, and that a POST that was sent never is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flue_client_ext import (
    FlueConnectionError,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
)
from flue_client_ext._stream.backoff import BackoffOptions, FailedAttempt
from flue_client_ext._values.http import Response
from flue_client_ext._values.steps import Open, Sleep

from .calls import begin
from .play import CUT, REFUSED, SILENT, STALE, UNTRUSTED, Play

PASSING = [408, 425, 429, 500, 502, 503, 504, 507, 520, 524, 530, 599]
FINAL = [200, 201, 202, 204, 301, 302, 304, 400, 401, 403, 404, 409, 410, 418, 499, 501, 505]
FINAL += [511, 600, 999]
FAILURES = {"refused": REFUSED, "cut": CUT, "silent": SILENT, "stale": STALE}


def run_out(play: Play, again: Callable[[], Any]) -> list[float]:
    """Repeat the same failure until the call gives up; return its pauses."""
    pauses = []
    while not play.ended:
        again()
        if isinstance(play.step, Sleep):
            pauses.append(play.step.seconds)
            play.slept()
    return pauses


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", FINAL)
def test_an_answer_that_is_final_is_returned_after_one_request(method: str, status: int) -> None:
    play = begin(method)
    play.answer(status, b"<html>")
    assert play.result == Response(status, {}, b"<html>")
    assert play.opened == 1


@pytest.mark.parametrize("status", PASSING)
def test_a_POST_is_sent_once_whatever_the_answer(status: int) -> None:
    play = begin("POST")
    play.answer(status, b"<html>", retry_after="1")
    assert play.result.status == status
    assert play.opened == 1


@pytest.mark.parametrize("status", PASSING)
def test_a_GET_is_sent_again_for_a_passing_status_and_ends_with_that_answer(status: int) -> None:
    play = begin()
    pauses = run_out(play, lambda: play.answer(status, b"busy"))
    assert pauses == [0.2, 0.4, 0.8, 1.6]
    assert play.opened == 5
    assert (play.result.status, play.result.body) == (status, b"busy")


@pytest.mark.parametrize("status", PASSING)
def test_a_GET_that_fails_for_a_while_returns_the_good_answer(status: int) -> None:
    play = begin()
    play.answer(status)
    play.slept()
    play.answer(200, b"[]")
    assert play.result.body == b"[]"


@pytest.mark.parametrize("kind", ["refused", "cut", "silent"])
@pytest.mark.parametrize("within_the_body", [False, True])
def test_a_GET_is_sent_again_after_a_failure_and_raises_the_last(
    kind: str, within_the_body: bool
) -> None:
    if within_the_body and kind == "refused":
        return
    play = begin(options=BackoffOptions(max_retries=3))

    def again() -> None:
        if within_the_body:
            play.head(200)
            play.reply(b"half")
        play.fail(FAILURES[kind])

    error = FlueTimeoutError if kind == "silent" else FlueConnectionError
    with pytest.raises(error) as caught:
        run_out(play, again)
    assert type(caught.value) is error
    assert caught.value.cause == FAILURES[kind].cause
    assert "SECRET" not in str(caught.value)
    assert play.opened == 4


def test_a_deadline_in_a_later_attempt_names_the_failure_before_it() -> None:
    for within_the_body in (False, True):
        play = begin()
        play.answer(503)
        play.slept()
        if within_the_body:
            play.head(200)
        with pytest.raises(FlueTimeoutError) as caught:
            play.deadline()
        assert caught.value.cause == "the deadline passed while retrying after: status 503"


@pytest.mark.parametrize("kind", ["cut", "silent", "stale"])
@pytest.mark.parametrize("within_the_body", [False, True])
def test_a_POST_that_may_have_arrived_is_never_sent_again(kind: str, within_the_body: bool) -> None:
    play = begin("POST")
    with pytest.raises(InvokeOutcomeUnknownError) as caught:
        if within_the_body:
            play.head(202)
            play.reply(b'{"runId"')
        play.fail(FAILURES[kind])
    assert caught.value.cause == FAILURES[kind].cause
    assert "SECRET" not in str(caught.value)
    assert play.opened == 1


def test_a_POST_of_which_nothing_was_sent_is_sent_again() -> None:
    play = begin("POST")
    play.fail(REFUSED)
    assert play.slept() == pytest.approx(0.2)
    play.fail(REFUSED)
    play.slept()
    play.answer(202, b"{}")
    assert play.result.status == 202
    assert play.opened == 3


def test_a_POST_that_can_never_be_sent_ends_as_a_connection_error() -> None:
    play = begin("POST")
    with pytest.raises(FlueConnectionError) as caught:
        run_out(play, lambda: play.fail(REFUSED))
    assert type(caught.value) is FlueConnectionError
    assert play.opened == 5


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_certificate_that_is_not_trusted_is_not_tried_again(method: str) -> None:
    play = begin(method)
    with pytest.raises(FlueConnectionError):
        play.fail(UNTRUSTED)
    assert play.opened == 1


def test_a_GET_on_a_dead_connection_is_sent_again_at_once_and_uncounted() -> None:
    play = begin(options=BackoffOptions(max_retries=0))
    play.fail(STALE)
    assert isinstance(play.step, Open)
    play.answer(200)
    assert play.result.status == 200


def test_Retry_After_is_a_floor_and_the_hook_sees_the_status() -> None:
    told: list[FailedAttempt] = []
    play = begin(options=BackoffOptions(on_failed_attempt=told.append))
    play.answer(503, retry_after="7")
    play.called()
    assert play.slept() == 7.0
    play.answer(429, retry_after="99999")
    play.called()
    assert play.slept() == 60.0
    play.fail(CUT)
    play.called()
    assert play.slept() == pytest.approx(0.169)
    assert [(a.attempt, a.status) for a in told] == [(1, 503), (2, 429), (3, None)]
