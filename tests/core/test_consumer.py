"""The consumer's side of a reading: one mode of reading, its iterators, and how it is over."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import AbortController, FlueError
from flue_client_ext._stream.aborting import CLIENT_CLOSED
from flue_client_ext._stream.consumer import Consumer
from flue_client_ext._stream.delivery import Delivery
from flue_client_ext._stream.machine import Machine
from flue_client_ext._stream.states import State
from flue_client_ext._values.steps import Batch, Emit, Flow, Read


class End(Exception):
    """The exception that ends an iteration."""


class Reading:
    """A consumer, and the machine that it reads."""

    def __init__(self) -> None:
        self.controller = AbortController()
        self.delivery = Delivery[Any]("a")
        self.machine = Machine(self.flow(), lambda: 0.0, self.controller.signal)
        self.consumer = Consumer(self.machine, self.delivery, End)

    def flow(self) -> Flow[None]:
        yield Emit(Batch([1, 2], "b", False, False))
        yield Read(None)
        yield Emit(Batch([3], "c", False, False))


def test_a_stream_is_read_in_one_mode() -> None:
    consumer = Reading().consumer
    consumer.begin("in batches")
    consumer.begin("in batches")
    with pytest.raises(RuntimeError):
        consumer.begin("item by item")


def test_dropping_the_last_iterator_releases_the_connection() -> None:
    consumer = Reading().consumer
    consumer.iterator_made()
    consumer.iterator_made()
    assert not consumer.iterator_dropped()
    consumer.iterator_made()
    assert not consumer.iterator_dropped()
    assert consumer.iterator_dropped()


def test_nothing_received_is_the_end() -> None:
    consumer, batch = Reading().consumer, Batch([], "b", True, True)
    assert consumer.received(batch) is batch
    with pytest.raises(End):
        consumer.received(None)


def test_what_broke_the_delivery_is_raised_once() -> None:
    reading = Reading()
    reading.consumer.check()
    reading.delivery.broken = broken = FlueError("of another version")
    with pytest.raises(FlueError) as caught:
        reading.consumer.check()
    assert caught.value is broken
    assert reading.machine.state is State.FINISHED
    reading.consumer.check()


@pytest.mark.parametrize("items", [[], [1]])
def test_a_broken_batch_raises_at_once_where_it_holds_nothing(items: list[int]) -> None:
    reading = Reading()
    reading.delivery.broken = FlueError("of another version")
    batch = Batch(items, "b", False, False)
    if items:
        assert reading.consumer.take_all(batch) == items
    else:
        with pytest.raises(FlueError):
            reading.consumer.take_all(batch)
    assert reading.delivery.offset == "a"


@pytest.mark.parametrize("state", [State.IDLE, State.WAITING, State.CANCELLED, State.FINISHED])
def test_only_a_batch_that_may_be_lost_breaks_a_reading(state: State) -> None:
    reading = Reading()
    machine = reading.machine
    machine.next()
    if state is State.FINISHED:
        machine.close()
    elif state is not State.IDLE:
        machine.next()
        if state is State.CANCELLED:
            machine.cancel()
    before = reading.delivery.current
    reading.delivery.load(Batch([1], "b", False, False))
    over = reading.consumer.failed(KeyboardInterrupt(), before)
    lost = state is State.IDLE
    assert machine.state is (State.BROKEN if lost else state)
    assert list(reading.delivery.pending) == ([] if lost else [1])
    assert reading.delivery.offset == ("a" if lost else "b")
    assert over == (state in (State.IDLE, State.FINISHED))


def test_a_refused_reader_breaks_nothing_whatever_the_first_does_meanwhile() -> None:
    reading = Reading()
    machine = reading.machine
    machine.next()
    machine.next()
    with pytest.raises(RuntimeError) as refused:
        machine.can_advance()
    machine.reply(b"")
    assert machine.state is State.IDLE
    reading.delivery.load(Batch([1], "b", False, False))
    assert not reading.consumer.failed(refused.value, reading.delivery.current)
    assert machine.state is State.IDLE
    assert list(reading.delivery.pending) == [1]


@pytest.mark.parametrize(
    ("reason", "error"), [("enough", End), (None, End), (CLIENT_CLOSED, RuntimeError)]
)
def test_an_aborted_stream_ends_unless_its_client_was_closed(
    reason: Any, error: type[Exception]
) -> None:
    reading = Reading()
    reading.controller.abort(reason)
    assert type(reading.consumer.ending()) is error
