"""The views of conversations: typed attributes over exactly the JSON objects that were received."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from flue_client import models
from flue_client.models import (
    CHUNK_TYPES,
    PART_TYPES,
    AgentAdmission,
    AgentUserMessage,
    ChunkPosition,
    ConversationMessage,
    ConversationPage,
    ConversationResetChunk,
    ConversationSettlement,
    ConversationSnapshot,
    DataPart,
    FilePart,
    MessageAppendedChunk,
    MessageDeltaChunk,
    MessageSettlement,
    MessageSignal,
    ReasoningPart,
    StreamCheckpointChunk,
    SubmissionError,
    TextPart,
    ToolPart,
    UnknownChunk,
    UnknownPart,
    View,
    parse_chunk,
    parse_part,
)
from tests.contract_spec import document, exchanges
from tests.contract_spec.exchanges import answer
from tests.contract_spec.test_views import attributes

CHUNKS = exchanges.chunks()
PARTS = exchanges.parts()


def snapshot(name: str) -> ConversationSnapshot:
    return ConversationSnapshot.from_dict(answer(name).json())


def read_all(view: View) -> None:
    """Read every attribute of a view and of the views in it."""
    for name in attributes(type(view)):
        value = getattr(view, name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, View):
                read_all(item)


def test_every_recorded_chunk_is_of_the_class_of_its_type() -> None:
    for data in CHUNKS:
        chunk = parse_chunk(data)
        assert type(chunk) is CHUNK_TYPES[data["type"]]
        assert chunk.type == data["type"]
        assert chunk.to_dict() == data
        read_all(chunk)


def test_every_recorded_part_is_of_the_class_of_its_type() -> None:
    for data in PARTS:
        part = parse_part(data)
        assert type(part).__name__ == document.member("ConversationPart", data)
        assert part.to_dict() == data
        read_all(part)


def test_every_recorded_snapshot_reads_as_views_all_the_way_down() -> None:
    for data in exchanges.snapshots():
        one = ConversationSnapshot.from_dict(data)
        read_all(one)
        assert all(isinstance(message, ConversationMessage) for message in one.messages)
        assert all(isinstance(ended, ConversationSettlement) for ended in one.settlements)
        assert [message.to_dict() for message in one.messages] == data["messages"]
        assert [ended.to_dict() for ended in one.settlements] == data["settlements"]


def test_there_is_one_class_for_each_type_that_the_contract_knows() -> None:
    for types, union in ((CHUNK_TYPES, "ConversationChunk"), (PART_TYPES, "ConversationPart")):
        assert {wire: cls.__name__ for wire, cls in types.items()} == document.kinds(union)
        assert all(cls.type == wire.removesuffix("-") for wire, cls in types.items())


def test_the_parts_of_a_message_are_told_apart_by_class() -> None:
    message = snapshot("history-tool").messages[1]
    reasoning, text, tool, data, answer_text = message.parts
    assert isinstance(reasoning, ReasoningPart) and reasoning.text == "let me think harder"
    assert isinstance(text, TextPart) and (text.text, text.state) == ("calling ", "done")
    assert isinstance(tool, ToolPart) and tool.input == {"expression": "7*6"}
    assert (tool.tool_name, tool.tool_call_id, tool.state) == (
        "calculator",
        "call_calculator",
        "output-available",
    )
    assert (tool.output, tool.duration_ms, tool.error_text) == ("7*6=42", 19, None)
    assert isinstance(data, DataPart) and data.data == {"pct": 100}
    assert isinstance(answer_text, TextPart)
    assert message.metadata is not None
    assert message.metadata["model"] == "m1"


def test_a_file_part_tells_the_attachment() -> None:
    part = snapshot("history-attachment").messages[0].parts[1]
    assert isinstance(part, FilePart)
    assert (part.media_type, part.size, part.filename) == ("image/png", 70, "dot.png")
    assert (part.id or "").startswith("att_direct_sub_")
    assert part.url is None


def test_a_data_part_has_a_name_its_type_a_prefix() -> None:
    part = parse_part({"type": "data-a-b", "data": None})
    assert isinstance(part, DataPart)
    assert (part.type, part.wire_type, part.name, part.data) == ("data", "data-a-b", "a-b", None)
    nameless = parse_part({"type": "data-", "data": 1})
    assert isinstance(nameless, DataPart)
    assert nameless.name == ""
    with pytest.raises(AttributeError, match=r"DataPart.*'type'"):
        _ = DataPart({"data": 1}).name


def test_messages_tell_signals_and_ends() -> None:
    signal = snapshot("history-signal").messages[0]
    assert signal.signal == MessageSignal({"tagName": "slack", "attributes": {"user": "U1"}})
    assert (signal.role, signal.purpose, signal.display) == ("system", "dispatch", "diagnostic")
    notice = snapshot("history-aborted").messages[-1]
    assert notice.settlement == MessageSettlement({"outcome": "aborted"})
    assert (notice.submission_id, notice.turn_id, notice.timestamp) == (None, None, None)


def test_settlements_tell_errors_and_who_answered() -> None:
    joined, host = snapshot("history-joined").settlements
    assert joined.answered_by_submission_id == host.submission_id != joined.submission_id
    assert (host.outcome, host.error, host.timestamp) == ("completed", None, None)
    (failed,) = snapshot("history-provider-error-settled").settlements
    assert isinstance(failed.error, SubmissionError)
    assert (failed.outcome, failed.error.type) == ("failed", "operation_failed")
    assert failed.error.meta is not None
    assert failed.error.meta["reason"].startswith("400")
    assert ConversationSettlement({"error": "in a word"}).error == "in a word"  # type: ignore[comparison-overlap]


def test_a_reset_brings_a_snapshot_without_incarnation() -> None:
    data = next(data for data in CHUNKS if data["type"] == "conversation-reset")
    chunk = parse_chunk(data)
    assert isinstance(chunk, ConversationResetChunk)
    assert chunk.snapshot.incarnation is None
    assert chunk.snapshot.offset == data["snapshot"]["offset"]
    assert chunk.position == ChunkPosition({"batch": 0, "index": 0})


def test_a_checkpoint_has_neither_position_nor_conversation() -> None:
    chunk = parse_chunk({"type": "stream-checkpoint", "incarnation": "inc_1"})
    assert isinstance(chunk, StreamCheckpointChunk)
    assert (chunk.incarnation, chunk.position, chunk.conversation_id) == ("inc_1", None, None)
    with pytest.raises(AttributeError, match=r"MessageDeltaChunk.*'position'"):
        _ = MessageDeltaChunk({}).position


def test_an_admission_reads_what_the_server_said() -> None:
    first = AgentAdmission.from_dict(answer("send-idempotency-first").json())
    again = AgentAdmission.from_dict(answer("send-idempotency-replay").json())
    assert (first.submission_id, first.uid) == (again.submission_id, again.uid)
    assert (first.deduplicated, again.deduplicated, again.offset) == (None, True, "-1")


def test_a_page_of_earlier_messages_has_a_cursor_or_none() -> None:
    message = answer("history-200").json()["messages"][0]
    page = ConversationPage({"v": 1, "conversationId": "c", "messages": [message], "before": None})
    assert page.messages == [ConversationMessage(message)]
    assert page.before is None
    assert snapshot("history-200").before is None


@pytest.mark.parametrize("wire_type", ["new-type", "unknown", "", "Text", "data", "text "])
def test_an_unlisted_type_is_unknown_and_knows_its_wire_type(wire_type: str) -> None:
    data = {"type": wire_type, "extra": 1}
    for view, cls in ((parse_chunk(data), UnknownChunk), (parse_part(data), UnknownPart)):
        assert type(view) is cls
        assert isinstance(view, UnknownChunk | UnknownPart)
        assert (view.type, view.wire_type, view["extra"]) == ("unknown", wire_type, 1)
        assert view.to_dict() == data


@pytest.mark.parametrize(
    "data", [{}, {"type": None}, {"type": 5}, {"type": ["data-"]}, {"type": {}}]
)
def test_what_has_no_proper_type_is_unknown(data: dict[str, Any]) -> None:
    for view in (parse_chunk(data), parse_part(data)):
        assert isinstance(view, UnknownChunk | UnknownPart)
        assert view.wire_type is None
        assert view.to_dict() == data


@pytest.mark.parametrize("data", [None, 5, "text", True, [], ["type"], [{"type": "text"}], 1.5])
def test_a_value_that_is_no_object_is_still_delivered(data: Any) -> None:
    for view in (parse_chunk(data), parse_part(data)):
        assert isinstance(view, UnknownChunk | UnknownPart)
        assert view["value"] == data
    message = ConversationMessage({"parts": [data, {"type": "text"}]})
    assert message.parts == [parse_part(data), TextPart({"type": "text"})]


@pytest.mark.parametrize("value", [None, "text", 5, {"type": "text"}])
def test_where_a_list_of_parts_is_expected_another_value_is_kept(value: Any) -> None:
    assert ConversationMessage({"parts": value}).parts == value


class Watched(dict[str, Any]):
    """An object that tells which of its fields were read."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__(data)
        self.read: list[str] = []

    def __getitem__(self, name: str) -> Any:
        self.read.append(name)
        return super().__getitem__(name)


def test_nothing_but_the_type_is_read_when_a_view_is_made() -> None:
    for data in CHUNKS:
        watched = Watched(data)
        parse_chunk(watched)
        assert watched.read == ["type"]
    for data in exchanges.snapshots():
        watched = Watched(data)
        ConversationSnapshot.from_dict(watched)
        assert watched.read == []


@pytest.mark.parametrize("data", CHUNKS[::9] + PARTS[::9], ids=lambda data: data["type"])
def test_views_survive_pickle_and_copy(data: dict[str, Any]) -> None:
    for view in (parse_chunk(data), parse_part(data)):
        again = pickle.loads(pickle.dumps(view))
        assert again == view == copy.deepcopy(view)
        assert type(again) is type(view)
        assert hash(again) == hash(view)
        assert len(repr(view)) < 4000


def test_chunks_of_one_object_and_two_classes_differ() -> None:
    data = next(data for data in CHUNKS if data["type"] == "message-appended")
    assert parse_chunk(data) == MessageAppendedChunk(copy.deepcopy(data))
    assert parse_chunk(data) != UnknownChunk(data)


def test_a_message_to_send_says_what_it_was_made_of() -> None:
    told = {"kind": "user", "body": "", "uid": None}
    message = AgentUserMessage.from_dict(told)
    assert message.to_dict() == told
    assert "uid" in message
    assert "idempotencyKey" not in message


def test_every_attribute_of_every_view_is_documented() -> None:
    for name in models.__all__:
        cls = getattr(models, name)
        if isinstance(cls, type):
            for attribute in attributes(cls):
                assert getattr(cls, attribute).__doc__, f"{name}.{attribute}"
