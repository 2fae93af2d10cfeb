"""Coming back to a conversation whose driver was interrupted."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext._stream.dialogue import Dialogue
from flue_client_ext._values.http import Request
from flue_client_ext._values.steps import (
    Batch,
    Call,
    DeadlineExceeded,
    Emit,
    Failure,
    Flow,
    Open,
    Read,
    Sleep,
    Step,
)

GET = Open(Request("GET", "http://server.test/"), 1.0)


class Watch:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def dialogue(*steps: Step, watch: Watch | None = None) -> tuple[Dialogue[None], list[Any]]:
    """A conversation that takes these steps, and the replies it gets."""
    replies: list[Any] = []

    def conversation() -> Flow[None]:
        for step in steps:
            try:
                replies.append((yield step))
            except DeadlineExceeded as passed:
                replies.append(passed)

    return Dialogue(conversation(), watch or Watch()), replies


@pytest.mark.parametrize("step", [GET, Read(None)])
def test_a_request_or_a_read_that_was_interrupted_has_failed(step: Step) -> None:
    talk, replies = dialogue(step, Read(2.0))
    assert talk.next() == step
    assert talk.next() == Read(2.0)
    (failure,) = replies
    assert isinstance(failure, Failure)
    assert failure.kind == "released"


def test_a_sleep_that_was_interrupted_lasts_for_the_rest_of_its_time() -> None:
    watch = Watch()
    talk, replies = dialogue(Sleep(10.0), Read(None), watch=watch)
    assert talk.next() == Sleep(10.0)
    watch.now += 4
    assert talk.next() == Sleep(6.0)
    watch.now += 5
    assert talk.next() == Sleep(1.0)
    watch.now += 5
    step = talk.next()
    assert (type(step), step) == (Sleep, Sleep(0.0))
    assert type(talk.reply(None)) is Read
    assert replies == [None]


def test_a_function_that_was_interrupted_is_called_again() -> None:
    call = Call(lambda: None)
    talk, replies = dialogue(call, Read(None))
    assert talk.next() is call
    assert talk.next() is call
    assert replies == []


def test_a_batch_that_was_delivered_is_followed_by_the_next_step() -> None:
    talk, replies = dialogue(Emit(Batch([], "a", False, False)), Read(None), Read(1.0))
    assert type(talk.next()) is Emit
    assert talk.next() == Read(None)
    assert talk.reply(b"x") == Read(1.0)
    assert replies == [None, b"x"]


def test_a_deadline_is_thrown_into_the_conversation() -> None:
    talk, replies = dialogue(Read(None), Read(1.0))
    talk.next()
    assert talk.reply(DeadlineExceeded(sent=True)) == Read(1.0)
    assert isinstance(replies[0], DeadlineExceeded)


def test_what_was_interrupted_inside_of_the_conversation_cannot_go_on() -> None:
    def conversation() -> Flow[None]:
        yield Read(None)
        raise KeyboardInterrupt

    talk = Dialogue(conversation(), Watch())
    talk.next()
    with pytest.raises(KeyboardInterrupt):
        talk.reply(b"")
    with pytest.raises(RuntimeError, match="cannot go on"):
        talk.next()


def batches_of_one_answer() -> Flow[None]:
    got = yield Open(Request("GET", "http://h/", {}, None), None)
    yield Emit(Batch(["first"], "1", False, False))
    yield Emit(Batch(["second"], "2", True, False))
    got = yield Read(None)
    assert isinstance(got, Failure)
    assert got.kind == "released"
    yield Open(Request("GET", "http://h/", {}, None), None)
    got = yield Read(None)
    assert got == b"data"


def test_only_a_read_of_the_released_connection_fails() -> None:
    dialogue = Dialogue(batches_of_one_answer(), lambda: 0.0)
    assert isinstance(dialogue.next(), Open)
    assert isinstance(dialogue.reply("head"), Emit)
    dialogue.release()
    assert isinstance(dialogue.next(), Emit)
    assert isinstance(dialogue.next(), Open)
    assert isinstance(dialogue.reply("head"), Read)
    with pytest.raises(StopIteration):
        dialogue.reply(b"data")
