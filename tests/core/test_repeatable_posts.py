"""A POST that the server knows again: repeated as a read is, honest about what it has left open."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import (
    BackoffOptions,
    FlueConnectionError,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
)
from flue_client_ext._values.steps import Failure, Open, Sleep

from .calls import begin
from .play import CUT, REFUSED, SILENT, STALE, UNTRUSTED, Play


def keyed(**options: Any) -> Play:
    return begin("POST", repeatable=True, **options)


@pytest.mark.parametrize("failure", [CUT, SILENT, REFUSED])
@pytest.mark.parametrize("within_the_body", [False, True])
def test_it_is_sent_again_after_a_failure(failure: Failure, within_the_body: bool) -> None:
    play = keyed()
    if within_the_body:
        play.head(202)
    play.fail(failure)
    play.slept()
    play.answer(202, b"{}")
    assert (play.result.status, play.opened) == (202, 2)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_it_is_sent_again_after_a_status_that_may_pass(status: int) -> None:
    play = keyed()
    play.answer(status)
    play.slept()
    play.answer(202, b"{}")
    assert play.result.status == 202


@pytest.mark.parametrize("status", [202, 400, 401, 404, 409, 415, 501])
def test_another_answer_is_final(status: int) -> None:
    play = keyed()
    play.answer(status, b"{}")
    assert (play.result.status, play.opened) == (status, 1)


def test_a_dead_kept_connection_is_replaced_at_once() -> None:
    play = keyed(options=BackoffOptions(max_retries=0))
    play.fail(STALE)
    assert isinstance(play.step, Open)


def test_one_that_may_have_arrived_stays_so_when_nobody_can_be_reached() -> None:
    play = keyed(options=BackoffOptions(max_retries=1))
    play.fail(CUT)
    play.slept()
    with pytest.raises(InvokeOutcomeUnknownError) as caught:
        play.fail(REFUSED)
    assert caught.value.cause == REFUSED.cause


def test_one_that_was_answered_with_a_busy_status_may_have_arrived() -> None:
    play = keyed(options=BackoffOptions(max_retries=1))
    play.answer(504)
    play.slept()
    with pytest.raises(InvokeOutcomeUnknownError):
        play.fail(REFUSED)


def test_one_that_never_left_is_a_connection_error() -> None:
    play = keyed(options=BackoffOptions(max_retries=1))
    play.fail(REFUSED)
    play.slept()
    with pytest.raises(FlueConnectionError) as caught:
        play.fail(UNTRUSTED)
    assert type(caught.value) is FlueConnectionError


def test_a_deadline_in_a_pause_leaves_the_outcome_open() -> None:
    play = keyed()
    play.fail(CUT)
    assert isinstance(play.step, Sleep)
    with pytest.raises(InvokeOutcomeUnknownError):
        play.deadline(sent=False)


@pytest.mark.parametrize("status", [425, 429, 503])
def test_a_deadline_after_refusals_only_is_a_timeout_that_says_so(status: int) -> None:
    play = keyed()
    play.answer(503)
    play.slept()
    play.answer(status)
    assert isinstance(play.step, Sleep)
    with pytest.raises(FlueTimeoutError) as caught:
        play.deadline(sent=False)
    assert (
        caught.value.cause == f"the deadline passed while waiting to retry after: status {status}"
    )


@pytest.mark.parametrize("status", [408, 500, 502, 504, 524])
def test_a_deadline_after_a_status_that_proves_nothing_leaves_it_open(status: int) -> None:
    play = keyed()
    play.answer(status)
    assert isinstance(play.step, Sleep)
    with pytest.raises(InvokeOutcomeUnknownError) as caught:
        play.deadline(sent=False)
    assert f"after: status {status}" in str(caught.value.cause)


@pytest.mark.parametrize("before", [CUT, 504])
def test_a_refusal_does_not_close_what_an_earlier_attempt_has_left_open(before: Any) -> None:
    play = keyed()
    play.answer(before) if isinstance(before, int) else play.fail(before)
    play.slept()
    play.answer(429)
    with pytest.raises(InvokeOutcomeUnknownError):
        play.deadline(sent=False)


def test_a_refused_attempt_has_not_arrived_when_nobody_can_be_reached_later() -> None:
    play = keyed(options=BackoffOptions(max_retries=1))
    play.answer(429)
    play.slept()
    with pytest.raises(FlueConnectionError) as caught:
        play.fail(REFUSED)
    assert type(caught.value) is FlueConnectionError


@pytest.mark.parametrize("repeatable", [False, True])
def test_a_deadline_in_the_body_of_a_refusal_leaves_nothing_open(repeatable: bool) -> None:
    for status, is_final in ((404, True), (429, not repeatable)):
        play = begin("POST", repeatable=repeatable)
        play.head(status)
        if is_final:
            play.deadline()
            assert (play.result.status, play.result.body_lost) == (status, True)
            continue
        play.deadline()
        assert isinstance(play.step, Sleep)
        with pytest.raises(FlueTimeoutError):
            play.deadline(sent=False)


def test_a_deadline_before_anything_left_is_a_timeout() -> None:
    play = keyed()
    play.fail(REFUSED)
    assert isinstance(play.step, Sleep)
    with pytest.raises(FlueTimeoutError):
        play.deadline(sent=False)


def test_a_busy_status_at_the_end_of_the_retries_is_the_answer() -> None:
    play = keyed(options=BackoffOptions(max_retries=1))
    play.answer(502)
    play.slept()
    play.answer(503, b"busy")
    assert play.result.status == 503


@pytest.mark.parametrize("unanswered", [CUT, SILENT, STALE])
@pytest.mark.parametrize("status", [302, 401, 403, 404, 429, 503])
def test_a_refusal_that_proves_nothing_leaves_an_earlier_attempt_open(
    unanswered: Failure, status: int
) -> None:
    play = keyed(options=BackoffOptions(max_retries=1))
    play.fail(unanswered)
    if unanswered is STALE:
        play.answer(503)
    if isinstance(play.step, Sleep):
        play.slept()
    with pytest.raises(InvokeOutcomeUnknownError) as caught:
        play.answer(status)
    assert caught.value.cause == f"status {status}"


def test_an_attempt_that_never_left_is_decided_by_any_refusal() -> None:
    play = keyed()
    play.fail(REFUSED)
    play.slept()
    play.answer(401)
    assert play.result.status == 401


def test_an_answer_that_decides_ends_an_attempt_that_was_left_open() -> None:
    play = keyed(decides=lambda answer: answer.status == 409)
    play.fail(CUT)
    play.slept()
    play.answer(409)
    assert play.result.status == 409
