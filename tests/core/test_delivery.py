"""Handing batches over: when the offset moves, what a resumed consumer gets, and checkpoints."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flue_client.models import LogEvent, UnknownEvent
from flue_client_ext import Checkpoint, UnsupportedFlueEventVersionError
from flue_client_ext._flue.delivery import EventDelivery
from flue_client_ext._stream.delivery import Delivery
from flue_client_ext._values.steps import Batch

from .model import offset_of


def log(index: int, **more: Any) -> dict[str, Any]:
    return {"type": "log", "v": 3, "eventIndex": index, "message": str(index), **more}


def batch(*items: Any, offset: str = "b", closed: bool = False) -> Batch:
    return Batch(list(items), offset, closed, closed)


def checkpoint_of(delivery: EventDelivery) -> Checkpoint:
    return Checkpoint(delivery.run_id, delivery.offset, delivery.event_index)


def handed_over(delivery: EventDelivery, given: Batch) -> list[Any]:
    """Everything of one batch, as a stream hands it over item by item."""
    delivery.load(given)
    return [event.to_dict() for event in delivery.pending]


def places(delivery: Delivery[Any]) -> tuple[str, bool, bool]:
    return delivery.offset, delivery.up_to_date, delivery.closed


def test_the_last_item_of_a_batch_moves_the_position() -> None:
    delivery: Delivery[Any] = Delivery("a")
    delivery.load(batch(1, 2))
    assert (next(delivery.pending), places(delivery)) == (1, ("a", False, False))
    assert (next(delivery.pending), places(delivery)) == (2, ("b", False, False))
    assert list(delivery.pending) == []
    delivery.load(batch(offset="c", closed=True))
    assert places(delivery) == ("c", True, True)


def test_a_batch_is_returned_as_a_whole_or_item_by_item() -> None:
    delivery: Delivery[Any] = Delivery("a")
    assert (delivery.take_all(batch(1, 2)), places(delivery)) == ([1, 2], ("b", False, False))
    assert (delivery.take_all(batch(offset="c")), places(delivery)) == ([], ("c", False, False))


@pytest.mark.parametrize("whole", [False, True])
def test_a_batch_that_may_be_lost_is_not_returned_and_moves_nothing(whole: bool) -> None:
    delivery = EventDelivery("run_1", "a")
    for offset, first in ("b", 1), ("c", 4):
        before = delivery.current
        delivery.load(batch(log(first), log(first + 1), offset=offset))
        if offset == "b" or whole:
            assert len(list(delivery.pending)) == 2
    delivery.drop(before)
    assert list(delivery.pending) == []
    assert checkpoint_of(delivery) == Checkpoint(run_id="run_1", offset="b", event_index=2)


def test_a_batch_that_did_not_come_leaves_the_position_behind_the_one_before() -> None:
    delivery = EventDelivery("run_1", "a")
    assert len(delivery.take_all(batch(log(4), log(7)))) == 2
    delivery.drop(delivery.current)
    assert checkpoint_of(delivery) == Checkpoint(run_id="run_1", offset="b", event_index=7)


def test_the_items_handed_over_may_be_changed_without_harm_to_the_batch() -> None:
    given = batch(1, 2)
    Delivery[Any]("a").take_all(given).clear()
    assert given.items == [1, 2]


def test_events_are_typed_and_strange_ones_are_not_lost() -> None:
    delivery = EventDelivery("run_1", "-1")
    strange = [log(0), {"type": "nova", "v": 3, "eventIndex": 1}, None, [1], "x", {"v": 3}]
    events = delivery.begin(batch(*strange))
    assert isinstance(events[0], LogEvent)
    assert [type(event) for event in events[1:]] == [UnknownEvent] * 5
    delivery.check()


@pytest.mark.parametrize("version", [2, 4, "3", None, [3], {}, "absent"])
def test_another_version_ends_the_stream_after_the_events_before_it(version: Any) -> None:
    delivery = EventDelivery("run_1", "a")
    other = log(1, v=version)
    if version == "absent":
        del other["v"]
    given = batch(log(0), other, log(2))
    assert handed_over(delivery, given) == [log(0)]
    assert delivery.offset == "a"
    with pytest.raises(UnsupportedFlueEventVersionError) as caught:
        delivery.check()
    assert (caught.value.received, caught.value.supported) == (other.get("v"), 3)
    assert checkpoint_of(delivery) == Checkpoint(run_id="run_1", offset="a", event_index=0)


def test_the_checkpoint_is_exact_to_the_event() -> None:
    delivery = EventDelivery("run_1", "a")
    assert checkpoint_of(delivery) == Checkpoint(run_id="run_1", offset="a", event_index=None)
    given = batch(log(4), log(7), log(9))
    delivery.load(given)
    seen = [(delivery.offset, delivery.event_index) for _ in delivery.pending]
    assert seen == [("a", 4), ("a", 7), ("b", 9)]
    assert checkpoint_of(delivery) == Checkpoint(run_id="run_1", offset="b", event_index=9)


def test_a_negative_index_is_none_and_makes_no_checkpoint_that_cannot_be_loaded() -> None:
    delivery = EventDelivery("r", "-1")
    delivery.take_all(batch(log(4), log(-3), offset="a"))
    assert checkpoint_of(delivery) == Checkpoint(run_id="r", offset="a", event_index=4)
    assert Checkpoint.from_json(checkpoint_of(delivery).to_json()) == checkpoint_of(delivery)


@pytest.mark.parametrize(("offset", "index"), [("", 1), ("a", -1)])
def test_a_checkpoint_is_a_place(offset: str, index: int) -> None:
    with pytest.raises(ValueError, match="offset" if not offset else "event_index"):
        Checkpoint("r", offset, index)


def test_an_event_without_an_index_leaves_the_checkpoint_at_the_one_before() -> None:
    delivery = EventDelivery("run_1", "a")
    delivery.load(batch(log(4), {"type": "nova", "v": 3}, None))
    assert [delivery.event_index for _ in delivery.pending] == [4, 4, 4]
    delivery.load(batch(offset="b"))
    delivery.load(batch({"type": "nova", "v": 3}, offset="c"))
    assert [delivery.event_index for _ in delivery.pending] == [4]


def test_a_resumed_consumer_does_not_get_again_what_it_has_handled() -> None:
    delivery = EventDelivery("run_1", "a", handled=7)
    assert handed_over(delivery, batch(log(4), log(7), log(9))) == [log(9)]
    assert delivery.dropped == 2
    assert delivery.event_index == 9


def test_handled_events_may_fill_more_than_one_batch_of_the_new_reading() -> None:
    delivery = EventDelivery("run_1", "a", handled=7)
    assert handed_over(delivery, batch(log(4), log(5), offset="b")) == []
    assert delivery.offset == "b"
    assert delivery.event_index == 7
    assert handed_over(delivery, batch(log(7), offset="c")) == []
    assert handed_over(delivery, batch(log(9), offset="d")) == [log(9)]


def test_once_new_events_have_come_nothing_is_dropped_any_more() -> None:
    delivery = EventDelivery("run_1", "a", handled=7)
    handed_over(delivery, batch(log(9)))
    assert handed_over(delivery, batch(log(3))) == [log(3)]


def test_a_resumed_consumer_gets_an_unknown_event_after_what_it_handled() -> None:
    """A checkpoint at the end of a batch must not hide what the next begins with."""
    strange = {"type": "nova", "v": 3}
    delivery = EventDelivery("run_1", "a", handled=4)
    assert handed_over(delivery, batch(strange, log(5))) == [strange, log(5)]
    again = EventDelivery("run_1", "a", handled=4)
    assert handed_over(again, batch(log(3), strange, log(4), None)) == [{"value": None}]


SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=60)


@given(
    gaps=st.lists(st.integers(1, 3), min_size=1, max_size=40),
    sizes=SIZES,
    lives=st.lists(st.integers(1, 9), max_size=40),
)
@settings(max_examples=300, deadline=None)
def test_a_consumer_killed_at_any_event_and_resumed_sees_each_once_and_in_order(
    gaps: list[int], sizes: list[int], lives: list[int]
) -> None:
    indexes = [sum(gaps[: place + 1]) for place in range(len(gaps))]
    offsets = {offset_of(position): position for position in range(len(indexes) + 1)}
    seen: list[int] = []
    saved = Checkpoint(run_id="r", offset=offset_of(0)).to_json()
    batch_sizes = iter(sizes)
    for life in [*lives, len(indexes) + 1]:
        checkpoint = Checkpoint.from_json(saved)
        delivery = EventDelivery("r", checkpoint.offset, checkpoint.event_index)
        position = offsets[checkpoint.offset]
        while life and position < len(indexes):
            size = next(batch_sizes, 3)
            given = batch(
                *(log(index) for index in indexes[position : position + size]),
                offset=offset_of(min(position + size, len(indexes))),
            )
            delivery.load(given)
            for event in delivery.pending:
                seen.append(event.to_dict()["eventIndex"])
                saved = checkpoint_of(delivery).to_json()
                life -= 1
                if not life:
                    break
            position = offsets[given.offset]
    assert seen == indexes


def test_a_checkpoint_is_plain_JSON_and_comes_back() -> None:
    for index in (None, 0, 7, 2**70):
        checkpoint = Checkpoint(run_id="run_é", offset="0_5", event_index=index)
        text = checkpoint.to_json()
        assert json.loads(text) == {"runId": "run_é", "offset": "0_5", "eventIndex": index}
        assert Checkpoint.from_json(text) == checkpoint
        assert Checkpoint.from_json(text.encode()) == checkpoint
        assert pickle.loads(pickle.dumps(checkpoint)) == checkpoint


def test_a_checkpoint_of_a_later_version_with_more_fields_is_understood() -> None:
    text = '{"runId":"r","offset":"o","more":1}'
    assert Checkpoint.from_json(text) == Checkpoint(run_id="r", offset="o")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "5",
        '"x"',
        "[]",
        "[" * 100_000,
        "{}",
        '{"runId":"r"}',
        '{"runId":5,"offset":"o"}',
        '{"runId":"r","offset":null}',
        '{"runId":"r","offset":"o","eventIndex":"5"}',
        '{"runId":"r","offset":"o","eventIndex":1.5}',
        '{"runId":"r","offset":"o","eventIndex":true}',
        b"\xff",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="Checkpoint"):
        Checkpoint.from_json(text)
