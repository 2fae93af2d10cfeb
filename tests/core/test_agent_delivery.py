"""Handing over an agent's events: each once, and a position that names the event."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from flue_client_ext import StreamResetError, UnsupportedFlueEventVersionError
from flue_client_ext._flue.agent_delivery import AgentEventDelivery, Progress
from flue_client_ext._values.steps import Batch

from .test_agent_events import event

PATH = "/agents/a/1"
EVENTS = [event("text_delta", index, id, text=f"{id}{index}") for id in "ab" for index in range(3)]


def delivery(offset: str = "o0", progress: Progress | None = None) -> AgentEventDelivery:
    return AgentEventDelivery(PATH, offset, progress)


def batch(items: list[Any], offset: str, at_tail: bool = False) -> Batch:
    return Batch(items, offset, at_tail, False)


def taken(of: AgentEventDelivery, count: int | None = None) -> list[Any]:
    """Take events as a consumer does, `count` of them or all that are pending."""
    return [event.to_dict() for event in islice(of.pending, count)]


def test_an_index_that_begins_again_is_another_event() -> None:
    of = delivery()
    of.load(batch(EVENTS, "o1"))
    assert taken(of) == EVENTS
    assert (of.offset, of.progress, of.dropped) == ("o1", Progress("b", 2, 0), 0)


@pytest.mark.parametrize("handled", range(len(EVENTS)))
@pytest.mark.parametrize("size", [1, 2, 4, 6])
def test_a_consumer_that_resumes_anywhere_gets_the_rest(handled: int, size: int) -> None:
    first = delivery()
    first.load(batch(EVENTS, "o1"))
    taken(first, handled)
    resumed = delivery(first.offset, first.progress)
    rest: list[Any] = []
    for at in range(0, len(EVENTS), size):
        resumed.load(batch(EVENTS[at : at + size], f"p{at}"))
        rest += taken(resumed)
    assert rest == EVENTS[handled:]
    assert resumed.broken is None


@pytest.mark.parametrize("skipped", range(1, 5))
@pytest.mark.parametrize("whole", [False, True])
def test_a_consumer_that_stops_before_its_first_event_keeps_its_place(
    skipped: int, whole: bool
) -> None:
    second = delivery("o0", Progress("b", 1, 5))
    for item in EVENTS[:skipped]:  # the batches are smaller now
        if whole:
            assert second.take_all(batch([item], f"p{item['eventIndex']}")) == []
        else:
            second.load(batch([item], f"p{item['eventIndex']}"))
    third = delivery(second.offset, second.progress)
    third.load(batch(EVENTS[skipped:], "o1", at_tail=True))
    assert taken(third) == EVENTS[5:]


def test_whole_batches_move_the_position_as_single_events_do() -> None:
    of = delivery()
    assert [event.to_dict() for event in of.take_all(batch(EVENTS, "o1"))] == EVENTS
    assert (of.offset, of.progress) == ("o1", Progress("b", 2, 0))


@pytest.mark.parametrize("reached", [False, True])
def test_a_batch_that_may_be_lost_comes_again(reached: bool) -> None:
    first = delivery()
    first.take_all(batch(EVENTS[:3], "o1"))
    before = first.current
    if reached:
        first.take_all(batch(EVENTS[3:], "o2"))
    first.drop(before)
    assert (first.offset, first.progress) == ("o1", Progress("a", 2, 0))
    resumed = delivery(first.offset, first.progress)
    resumed.load(batch(EVENTS[3:], "o2"))
    assert (taken(resumed), resumed.broken) == (EVENTS[3:], None)


def test_a_position_within_a_batch_counts_its_events() -> None:
    of = delivery()
    of.load(batch(EVENTS, "o1"))
    taken(of, 4)
    assert (of.offset, of.progress) == ("o0", Progress("b", 0, 4))


def test_an_event_that_comes_again_with_its_time_is_dropped() -> None:
    timed = [{**each, "timestamp": "2026-01-01T00:00:00Z"} for each in EVENTS]
    of = delivery()
    of.load(batch(timed[:4], "o1"))
    taken(of)
    of.load(batch(timed[2:], "o2"))
    assert taken(of) == timed[4:]
    assert of.dropped == 2


def test_other_events_than_those_handled_are_a_reset() -> None:
    resumed = delivery("o0", Progress("a", 1, 2))
    resumed.load(batch([event("idle", 5, "z"), event("idle", 6, "z")], "o1"))
    assert (list(resumed.pending), resumed.offset) == ([], "o0")
    with pytest.raises(StreamResetError):
        resumed.check()


def test_fewer_events_than_were_handled_are_a_reset() -> None:
    resumed = delivery("o0", Progress("b", 2, 6))
    resumed.load(batch(EVENTS[:2], "o1", at_tail=True))
    with pytest.raises(StreamResetError):
        resumed.check()


def test_an_event_of_another_version_ends_the_stream_before_its_batch() -> None:
    of = delivery()
    of.load(batch([EVENTS[0], {**EVENTS[1], "v": 4}], "o1"))
    assert taken(of) == [EVENTS[0]]
    assert (of.offset, of.progress) == ("o0", Progress("a", 0, 1))
    with pytest.raises(UnsupportedFlueEventVersionError):
        of.check()


def test_events_without_a_name_are_counted_all_the_same() -> None:
    of = delivery()
    of.load(batch([EVENTS[0], {"v": 3, "type": "odd"}, EVENTS[1]], "o1"))
    taken(of, 2)
    assert of.progress == Progress("a", 0, 2)


@pytest.mark.parametrize("name", ["submissionId", "eventIndex", "timestamp"])
@pytest.mark.parametrize("value", [[], {}, [1]], ids=str)
def test_an_event_whose_name_is_none_is_handed_over_each_time(name: str, value: Any) -> None:
    of, odd = delivery(), {**EVENTS[0], name: value}
    of.load(batch([odd, odd], "o1"))
    assert taken(of) == [odd, odd]
