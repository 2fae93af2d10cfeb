"""Checkpoints of any resource as JSON text and as files; what earlier versions have saved."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from flue_client_ext import Checkpoint, UpdateCheckpoint
from flue_client_ext._saved import Saved

#: `Checkpoint("run_1", "0_5", 3)`, before checkpoints had a common base.
PICKLED = (
    b"\x80\x04\x95e\x00\x00\x00\x00\x00\x00\x00\x8c\x1aflue_client_ext.checkpoint\x94\x8c\nCheckpoint"
    b"\x94\x93\x94)\x81\x94}\x94(\x8c\x06run_id\x94\x8c\x05run_1\x94\x8c\x06offset\x94\x8c\x030_5\x94\x8c"
    b"\x0bevent_index\x94K\x03ub."
)


@frozen(eq=False)
class ConversationCheckpoint(Saved):
    """As a checkpoint of another kind of resource will be."""

    url_path: str
    offset: str
    position_in_stream: dict[str, int]
    incarnation: str | None = None


PLACE = ConversationCheckpoint("agents/a/1", "0_5", {"batch": 4, "index": 2}, "x")


def test_a_file_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    path.write_bytes(b'{"runId": "run_\\u00e9", "offset": "0_5", "eventIndex": 3}')
    assert Checkpoint.load(path) == Checkpoint("run_\u00e9", "0_5", 3)


def test_a_pickle_of_an_earlier_version_is_read() -> None:
    assert pickle.loads(PICKLED) == Checkpoint("run_1", "0_5", 3)


def test_the_fields_of_any_checkpoint_are_its_JSON() -> None:
    assert json.loads(PLACE.to_json()) == {
        "urlPath": "agents/a/1",
        "offset": "0_5",
        "positionInStream": {"batch": 4, "index": 2},
        "incarnation": "x",
    }
    assert ConversationCheckpoint.from_json(PLACE.to_json()) == PLACE


def test_a_field_with_a_default_may_be_absent_and_an_unknown_one_present() -> None:
    text = '{"urlPath": "p", "offset": "o", "positionInStream": {}, "later": 1}'
    assert ConversationCheckpoint.from_json(text) == ConversationCheckpoint("p", "o", {})


@pytest.mark.parametrize("missing", ["urlPath", "offset", "positionInStream"])
def test_a_field_without_a_default_is_needed(missing: str) -> None:
    fields: dict[str, Any] = json.loads(PLACE.to_json())
    del fields[missing]
    with pytest.raises(ValueError, match="ConversationCheckpoint"):
        ConversationCheckpoint.from_json(json.dumps(fields))


def test_any_checkpoint_is_saved_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    assert ConversationCheckpoint.load(path) is None
    PLACE.save(path)
    assert ConversationCheckpoint.load(path) == PLACE
    with pytest.raises(ValueError, match="checkpoint"):
        Checkpoint.load(path)


def test_checkpoints_are_equal_by_their_fields_within_their_kind() -> None:
    class Own(Checkpoint):
        pass

    known = Checkpoint("run_1", "0_5", 3)
    assert known == Own("run_1", "0_5", 3)
    assert hash(known) == hash(Own("run_1", "0_5", 3))
    assert known != Checkpoint("run_1", "0_5")
    assert known != PLACE
    assert known != ("run_1", "0_5", 3)


def test_what_is_no_checkpoint_is_named_with_its_article() -> None:
    with pytest.raises(ValueError, match="of an UpdateCheckpoint"):
        UpdateCheckpoint.from_json("x")
    with pytest.raises(ValueError, match="of a Checkpoint"):
        Checkpoint.from_json("x")
