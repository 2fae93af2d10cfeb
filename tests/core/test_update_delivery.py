"""Handing over updates: each once, by its position, and checkpoints to the update."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from flue_client.models import MessageDeltaChunk, UnknownChunk
from flue_client_ext import UpdateCheckpoint
from flue_client_ext._flue.conversation_requests import ConversationRequests
from flue_client_ext._flue.conversation_resource import ConversationResource
from flue_client_ext._flue.update_delivery import UpdateDelivery
from flue_client_ext._values.steps import Batch
from flue_client_ext.errors import Identifiers

from .conversing import URL

NOT_POSITIONS: list[Any] = [
    None, 7, [], {}, {"batch": 1}, {"batch": "1", "index": 0}, {"batch": True, "index": 0},
]  # fmt: skip


def delivery(position: tuple[int, int] | None = None) -> UpdateDelivery:
    requests = ConversationRequests(URL, "test-agent")
    resource = ConversationResource(requests, Identifiers(), incarnation="i1")
    return UpdateDelivery(resource, "a", position)


def delta(batch: int, index: int) -> Any:
    return {"type": "message-delta", "position": {"batch": batch, "index": index}}


def of(*items: Any, offset: str = "b") -> Batch:
    return Batch(list(items), offset, True, False)


def positions(updates: list[Any]) -> list[tuple[int, int]]:
    return [(update["position"]["batch"], update["position"]["index"]) for update in updates]


def test_updates_are_typed_and_each_moves_the_position() -> None:
    given = delivery()
    given.load(of(delta(3, 0), delta(3, 4), {"type": "new"}, delta(9, 0)))
    reached = []
    for kind in (MessageDeltaChunk, MessageDeltaChunk, UnknownChunk, MessageDeltaChunk):
        assert isinstance(next(given.pending), kind)
        reached.append((given.position, given.offset))
    assert reached == [((3, 0), "a"), ((3, 4), "a"), ((3, 4), "a"), ((9, 0), "b")]


def test_an_update_at_or_before_the_latest_position_is_a_redelivery() -> None:
    given = delivery()
    assert positions(given.take_all(of(delta(1, 0), delta(1, 0), delta(1, 1)))) == [(1, 0), (1, 1)]
    assert positions(given.take_all(of(delta(0, 9), delta(1, 1), delta(2, 0)))) == [(2, 0)]
    assert (given.dropped, given.position) == (3, (2, 0))


def test_a_consumer_that_resumes_gets_what_is_behind_its_position() -> None:
    given = delivery((5, 1))
    assert given.position == (5, 1)
    items = [delta(5, 0), delta(5, 1), delta(5, 2), delta(6, 0)]
    assert positions(given.take_all(of(*items))) == [(5, 2), (6, 0)]


@pytest.mark.parametrize("strange", NOT_POSITIONS)
def test_what_has_no_position_is_handed_over(strange: Any) -> None:
    given = delivery((5, 1))
    assert len(given.take_all(of({"type": "new", "position": strange}, "?"))) == 2
    given.load(of({"type": "new", "position": strange}))
    next(given.pending)
    assert given.position == (5, 1)


def test_a_batch_that_was_not_handed_over_moves_nothing() -> None:
    given = delivery()
    given.load(of(delta(1, 0), delta(1, 1)))
    assert (given.position, given.offset) == (None, "a")


CHECKPOINT = UpdateCheckpoint("/agents/support/t1", "o7", 3, 1, "i1")


def test_a_checkpoint_is_plain_data(tmp_path: Path) -> None:
    assert UpdateCheckpoint.from_json(CHECKPOINT.to_json()) == CHECKPOINT
    assert pickle.loads(pickle.dumps(CHECKPOINT)) == CHECKPOINT
    CHECKPOINT.save(tmp_path / "checkpoint")
    assert UpdateCheckpoint.load(tmp_path / "checkpoint") == CHECKPOINT
    assert UpdateCheckpoint.load(tmp_path / "none") is None
    assert UpdateCheckpoint.from_json('{"path": "/a", "offset": "-1", "later": 1}').batch is None


@pytest.mark.parametrize(
    "fields", [("", ""), (1, "o"), ("/a", "o", -1, 0), ("/a", "o", 1, "0"), ("/a", "o", 1, 0, 7)]
)
def test_a_checkpoint_is_checked(fields: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        UpdateCheckpoint(*fields)
