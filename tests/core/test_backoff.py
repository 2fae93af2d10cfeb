"""When to try again: delays, jitter, floors, limits, and the user's hook."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flue_client_ext._stream.backoff import (
    UNARY,
    BackoffOptions,
    FailedAttempt,
    GaveUp,
    Retry,
    full_jitter,
)
from flue_client_ext._values.steps import Flow, Sleep

from .play import ManualClock, Play


def endless(retry: Retry, **details: Any) -> Flow[None]:
    while True:
        yield from retry.pause("reset", **details)


def delays(options: BackoffOptions, most: int = 50, **details: Any) -> list[float]:
    """The pauses of consecutive failures, until the retries end or `most` have been made."""
    play = Play(endless(Retry(options, lambda ceiling: ceiling), **details), ManualClock())
    found: list[float] = []
    try:
        while len(found) < most:
            found.append(play.step.seconds)
            play.slept()
    except GaveUp:
        pass
    return found


def test_delays_grow_from_the_first_to_the_longest_and_stay_there() -> None:
    options = BackoffOptions(initial_delay=1, multiplier=2, max_delay=10, max_retries=8)
    assert delays(options) == [1, 2, 4, 8, 10, 10, 10, 10]


def test_the_defaults_are_those_of_the_documentation() -> None:
    found = delays(BackoffOptions())
    assert found[:3] == pytest.approx([0.1, 0.13, 0.169])
    assert len(found) == 15
    assert max(delays(BackoffOptions(max_retries=None))) == 60.0
    assert UNARY.max_retries is not None


def test_the_first_delay_is_never_longer_than_the_longest() -> None:
    assert delays(BackoffOptions(initial_delay=5, max_delay=2, max_retries=2)) == [2, 2]


@pytest.mark.parametrize("most", [0, 1, 3])
def test_so_many_retries_are_made_and_no_more(most: int) -> None:
    options = BackoffOptions(max_retries=most)
    retry = Retry(options, lambda ceiling: ceiling)
    begun = 0
    with pytest.raises(GaveUp):
        play = Play(endless(retry), ManualClock())
        while True:
            begun += 1
            play.slept()
    assert begun == most


def test_without_a_limit_it_goes_on() -> None:
    assert len(delays(BackoffOptions(max_retries=None), most=3000)) == 3000


def test_progress_begins_the_count_and_the_delays_anew() -> None:
    retry = Retry(BackoffOptions(max_retries=2), lambda ceiling: ceiling)
    play = Play(endless(retry), ManualClock())
    play.slept()
    retry.reset()
    assert play.slept() == pytest.approx(0.13)  # already asked for
    assert play.slept() == pytest.approx(0.1)
    with pytest.raises(GaveUp):
        play.slept()


def test_a_floor_holds_the_delay_up_and_is_not_shortened_by_jitter() -> None:
    retry = Retry(BackoffOptions(), lambda ceiling: 0.0)
    play = Play(endless(retry, floor=7.0), ManualClock())
    assert play.slept() == 7.0


def test_a_floor_below_the_delay_changes_nothing() -> None:
    options = BackoffOptions(initial_delay=3, max_retries=1)
    assert delays(options, floor=1.0) == [3]


def test_jitter_is_given_the_whole_delay_and_its_answer_is_slept() -> None:
    asked: list[float] = []

    def half(ceiling: float) -> float:
        asked.append(ceiling)
        return ceiling / 2

    play = Play(endless(Retry(BackoffOptions(initial_delay=4), half)), ManualClock())
    assert play.slept() == 2.0
    assert asked[0] == 4


@given(st.floats(0.001, 60))
def test_full_jitter_lies_anywhere_between_nothing_and_the_delay(ceiling: float) -> None:
    found = [full_jitter(ceiling) for _ in range(40)]
    assert all(0 <= delay <= ceiling for delay in found)
    assert min(found) < ceiling / 2 < max(found)


def test_the_hook_learns_of_every_failed_attempt_and_of_the_last() -> None:
    told: list[FailedAttempt] = []
    options = BackoffOptions(max_retries=2, on_failed_attempt=told.append)
    retry = Retry(options, lambda ceiling: ceiling)
    play = Play(endless(retry, status=503, floor=5.0), ManualClock())
    with pytest.raises(GaveUp):
        while True:
            play.called()
            play.slept()
    assert told == [
        FailedAttempt(1, 5.0, "reset", 503),
        FailedAttempt(2, 5.0, "reset", 503),
        FailedAttempt(3, None, "reset", 503),
    ]


def test_an_error_of_the_hook_is_logged_by_its_class_and_ignored() -> None:
    def hook(attempt: FailedAttempt) -> None:
        raise RuntimeError("SECRET")

    retry = Retry(BackoffOptions(on_failed_attempt=hook), lambda ceiling: ceiling)
    play = Play(endless(retry), ManualClock())
    play.called()
    assert isinstance(play.step, Sleep)
    (warning,) = [note for note in play.notes if note.level == "warning"]
    assert "RuntimeError" in warning.text
    assert "SECRET" not in warning.text


def refusal(value: Any) -> type[Exception]:
    """What an argument of this value raises where numbers are wanted."""
    return ValueError if type(value) in (int, float) else TypeError


@pytest.mark.parametrize("name", ["initial_delay", "max_delay"])
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, "1", None, True])
def test_a_delay_that_is_none_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(refusal(value), match=name):
        BackoffOptions(**{name: value})


@pytest.mark.parametrize("value", [0.99, 0, -2, math.nan, "2", None, True])
def test_a_multiplier_that_shrinks_is_refused(value: Any) -> None:
    with pytest.raises(refusal(value), match="multiplier"):
        BackoffOptions(multiplier=value)


@pytest.mark.parametrize("value", [-1, 1.5, "3", True])
def test_a_number_of_retries_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(TypeError if value == 1.5 else refusal(value), match="max_retries"):
        BackoffOptions(max_retries=value)


def test_a_hook_that_cannot_be_called_is_refused() -> None:
    with pytest.raises((TypeError, ValueError), match="on_failed_attempt"):
        BackoffOptions(on_failed_attempt="print")  # type: ignore[arg-type]


def test_a_growth_beyond_all_numbers_ends_at_the_longest_delay() -> None:
    options = BackoffOptions(max_delay=1e9, max_retries=None, multiplier=1e9)
    assert delays(options, most=400)[-1] == 1e9
