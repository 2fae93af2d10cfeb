"""A stream inside a larger conversation."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext._stream.for_each import for_each_batch
from flue_client_ext._values.steps import (
    Batch,
    Call,
    DeadlineExceeded,
    Emit,
    Flow,
    Note,
    Sleep,
)

from .play import ManualClock, Play


def batch(*items: Any, offset: str = "b", closed: bool = False) -> Batch:
    return Batch(list(items), offset, closed, closed)


def stream(log_: list[str]) -> Flow[str]:
    try:
        log_.append(str((yield Sleep(1))))
        yield Emit(batch(1))
        yield Emit(batch(2, offset="c"))
        yield Sleep(2)
    except DeadlineExceeded:
        log_.append("deadline")
        raise LookupError("as the stream says") from None
    finally:
        log_.append("closed")
    return "end"


def test_a_stream_inside_a_conversation_passes_all_steps_on_but_its_batches() -> None:
    taken: list[Any] = []

    def take(given: Batch) -> Flow[None]:
        yield Sleep(10 + len(taken))
        taken.extend(given.items)

    words: list[str] = []
    play = Play(for_each_batch(stream(words), take), ManualClock())
    slept = []
    while not play.ended:
        slept.append(play.slept())
    assert (slept, taken, play.result, words) == ([1, 10, 11, 2], [1, 2], "end", ["None", "closed"])


def test_a_deadline_reaches_the_stream_inside_and_its_error_comes_out() -> None:
    words: list[str] = []
    play = Play(for_each_batch(stream(words), lambda given: iter_nothing()), ManualClock())
    with pytest.raises(LookupError):
        play.deadline()
    assert words == ["deadline", "closed"]


def test_a_deadline_that_passes_in_the_consumer_reaches_the_stream_too() -> None:
    words: list[str] = []

    def take(given: Batch) -> Flow[None]:
        yield Call(lambda: given)

    play = Play(for_each_batch(stream(words), take), ManualClock())
    play.slept()
    assert isinstance(play.step, Call)
    with pytest.raises(LookupError):
        play.deadline(sent=False)
    assert words == ["None", "deadline", "closed"]


def test_an_error_of_the_consumer_closes_the_stream_inside() -> None:
    def take(given: Batch) -> Flow[None]:
        yield Note("debug", "")
        raise LookupError("consumer")

    words: list[str] = []
    play = Play(for_each_batch(stream(words), take), ManualClock())
    with pytest.raises(LookupError):
        play.slept()
    assert words == ["None", "closed"]


def iter_nothing() -> Flow[None]:
    yield from ()


def test_before_a_wait_comes_after_all_batches_that_came_at_once() -> None:
    def begin() -> Flow[None]:
        yield Sleep(1)
        yield Emit(batch(1))
        yield Note("debug", "does not wait")
        yield Emit(batch(2))
        yield Sleep(2)
        yield Emit(batch(3))

    seen: list[int] = []

    def take(given: Batch) -> Flow[None]:
        seen.extend(given.items)
        yield from ()

    def before_wait() -> Flow[None]:
        yield Emit(batch(*seen))

    play = Play(for_each_batch(begin(), take, before_wait), ManualClock())
    shown = []
    while not play.ended:
        if isinstance(play.step, Emit):
            shown.append(play.step.batch.items)
            play.taken()
        else:
            play.slept()
    assert shown == [[], [1, 2], [1, 2, 3]]
