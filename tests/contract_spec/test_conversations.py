"""What openapi.yaml says of agents is true of the recorded answers, and open to newer servers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract_spec import document, exchanges
from tests.contract_spec.exchanges import answer, exchange
from tests.contract_spec.samples import Sample
from tests.contract_spec.validation import (
    ContractViolation,
    schema_problems,
    validate_member,
    validate_response,
)

PLACE = {"conversationId": "conv_1", "position": {"batch": 1, "index": 0}}
DELTA = {**PLACE, "type": "message-delta", "messageId": "entry_1", "kind": "text", "delta": "a"}
SETTLED = {**PLACE, "type": "submission-settled", "submissionId": "sub_1", "outcome": "completed"}
TOOL = {"type": "dynamic-tool", "toolName": "t", "toolCallId": "1", "state": "s", "input": None}

REQUIRED_UPSTREAM = {
    "stream-checkpoint": "incarnation",
    "conversation-reset": "conversationId position snapshot",
    "message-appended": "conversationId position message",
    "message-started": "conversationId position messageId",
    "message-delta": "conversationId position messageId kind delta",
    "tool-input": "conversationId position messageId toolCallId toolName input",
    "tool-output": "conversationId position toolCallId output",
    "tool-output-error": "conversationId position toolCallId errorText",
    "data-part": "conversationId position messageId name data",
    "message-metadata": "conversationId position messageId metadata",
    "message-completed": "conversationId position messageId",
    "submission-settled": "conversationId position submissionId outcome",
}
"""What type `ConversationStreamChunk` of `@flue/sdk` 2.0.3 requires beside `type`."""


def check(one: Sample, **changes: Any) -> None:
    values = {"status": one.status, "headers": one.headers, "body": one.body, **changes}
    validate_response(one.method, one.path, **values)


@pytest.mark.parametrize("name", exchanges.NAMES)
def test_a_recorded_answer_fits_the_contract(name: str) -> None:
    check(answer(name))


def test_the_recorded_answers_are_many_and_of_every_kind() -> None:
    found = [answer(name) for name in exchanges.NAMES]
    assert len(found) >= 116
    statuses = {200, 202, 400, 401, 404, 405, 409, 415, 416, 500}
    assert {one.status for one in found} == statuses
    conversation = "/agents/{name}/{id}"
    paths = {"", "#updates", "/abort", "/attachments/{attachmentId}"}
    assert {one.path for one in found} >= {conversation + path for path in paths}


def test_the_recorded_chunks_and_parts_are_of_every_known_type() -> None:
    chunks, parts = exchanges.chunks(), exchanges.parts()
    for chunk in chunks:
        validate_member("ConversationChunk", chunk)
    for part in parts:
        validate_member("ConversationPart", part)
    assert {chunk["type"] for chunk in chunks} == document.kinds("ConversationChunk").keys()
    names = {document.member("ConversationPart", part) for part in parts}
    assert names == set(document.members("ConversationPart")) - {"UnknownPart"}


def test_a_chunk_requires_what_upstream_s_types_require() -> None:
    schemas = document.document()["components"]["schemas"]
    required = {
        kind: set(schemas[name]["allOf"][1]["required"]) - {"type"}
        for kind, name in document.kinds("ConversationChunk").items()
    }
    assert required == {kind: set(fields.split()) for kind, fields in REQUIRED_UPSTREAM.items()}


def sends() -> list[str]:
    return [name for name in exchanges.NAMES if exchange(name).method == "POST"]


def message_problems(body: Any, generation: str = "2") -> list[str]:
    return list(schema_problems(document.named_validator("AgentMessage", generation), body))


def test_every_message_that_was_admitted_fits_the_contract() -> None:
    admitted = [exchange(name) for name in sends() if answer(name).status == 202]
    assert len(admitted) == 22
    for one in admitted:
        assert message_problems(one.json()) == []


@pytest.mark.parametrize(
    "name",
    [
        "attachment-bad-type-400",
        "send-bad-shape-400",
        "send-idempotency-empty-400",
        "send-idempotency-too-long-400",
        "send-signal-bad-tag-400",
        "send-string-400",
        "send-uid-bad-type-400",
    ],
)
def test_a_message_that_was_refused_for_its_shape_breaks_the_contract(name: str) -> None:
    assert answer(name).status == 400
    assert message_problems(exchange(name).json())


def test_a_document_of_2_2_may_be_attached() -> None:
    attached = {"type": "document", "data": "JVBERi0=", "mimeType": "application/pdf"}
    assert message_problems({"kind": "user", "body": "", "attachments": [attached]}) == []


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("send-202", {"status": 201}),
        ("send-202", {"headers": {"content-type": "application/json"}}),
        ("send-202", {"body": b'{"submissionId": "sub_1"}'}),
        ("history-200", {"body": b'{"v": 1}'}),
        ("history-200", {"body": b"[]"}),
        ("updates-from-start", {"headers": {"content-type": "application/json"}}),
        ("updates-from-start", {"body": b'[{"type": "message-delta"}]'}),
        ("updates-from-start", {"body": b'{"type": "stream-checkpoint"}'}),
        ("head-200", {"body": b"x"}),
        ("abort-200-true", {"body": b'{"aborted": "yes"}'}),
        ("updates-offset-beyond-head-416", {"body": b'{"error": "gone"}'}),
        ("unknown-agent-mount-get", {"headers": {"content-type": "text/html"}}),
        ("sse-at-head-idle", {"body": b"event: data\ndata:[]\n\nevent: data\ndata:[]\n\n"}),
        ("sse-at-head-idle", {"body": b'event: data\ndata:[{"type":"tool-input"}]\n\n'}),
        ("sse-at-head-idle", {"body": b'event: control\ndata:{"upToDate":true}\n\n'}),
    ],
)
def test_an_answer_that_breaks_the_contract_is_found(name: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ContractViolation):
        check(answer(name), **changes)


@pytest.mark.parametrize(
    ("union", "value"),
    [
        ("ConversationChunk", {**DELTA, "delta": None}),
        ("ConversationChunk", {**DELTA, "position": {"batch": 1}}),
        ("ConversationChunk", {"type": "message-delta", "delta": "a"}),
        ("ConversationChunk", {"type": "stream-checkpoint"}),
        ("ConversationChunk", {**SETTLED, "timestamp": "yesterday"}),
        ("ConversationChunk", {}),
        ("ConversationChunk", [DELTA]),
        ("ConversationPart", {"type": "text", "text": "a"}),
        ("ConversationPart", {"type": "data-a"}),
        ("ConversationPart", {**TOOL, "durationMs": "long"}),
        ("ConversationPart", {"type": 5}),
        ("ConversationPart", None),
    ],
)
def test_a_chunk_or_part_that_breaks_the_contract_is_found(union: str, value: Any) -> None:
    with pytest.raises(ContractViolation):
        validate_member(union, value)


@pytest.mark.parametrize(
    ("union", "value"),
    [
        ("ConversationChunk", {**DELTA, "kind": "a new kind", "novelty": {"a": [1]}}),
        ("ConversationChunk", {**SETTLED, "outcome": "a new outcome", "error": "in a word"}),
        ("ConversationChunk", {**DELTA, "type": "new", "delta": 5}),
        ("ConversationChunk", {"type": "new"}),
        ("ConversationPart", {"type": "data-", "data": None}),
        ("ConversationPart", {"type": "data", "text": 5}),
        ("ConversationPart", {"type": "citation", "text": {"any": "shape"}}),
        ("ConversationPart", {**TOOL, "state": "a new state", "output": [1]}),
    ],
)
def test_a_chunk_or_part_of_a_newer_server_fits_the_contract(union: str, value: Any) -> None:
    validate_member(union, value)


def test_a_snapshot_of_a_newer_server_fits_the_contract() -> None:
    one = answer("history-200")
    snapshot = one.json()
    snapshot["before"] = None
    snapshot["messages"][0] |= {"role": "tool", "timestamp": "2026-11-25T19:09:01.698Z"}
    snapshot["messages"][1]["parts"].append({"type": "citation"})
    snapshot["settlements"][0]["outcome"] = "expired"
    check(one, body=json.dumps(snapshot))


def test_a_cut_event_stream_fits_the_contract_up_to_the_cut() -> None:
    one = answer("live-sse-during-answer")
    for end in range(0, len(one.body), 97):
        check(one, body=one.body[:end])
