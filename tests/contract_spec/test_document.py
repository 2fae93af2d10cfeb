"""openapi.yaml is valid, forward compatible by construction, and true of the recorded answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.contract_spec import document, samples
from tests.contract_spec.samples import Sample, sample
from tests.contract_spec.validation import (
    ContractViolation,
    validate_member,
    validate_response,
)

EVENT_TYPES = {
    *("run_start", "run_resume", "run_end", "log", "submission_settled"),
    *("agent_start", "agent_end", "idle", "operation_start", "operation"),
    *("turn_start", "turn_messages", "turn", "message_start", "message_end", "text_delta"),
    *("thinking_start", "thinking_delta", "thinking_end", "compaction_start", "compaction"),
    *("tool_start", "tool", "task_start", "task"),
}

TICK = {"type": "log", "v": 3, "eventIndex": 1, "timestamp": "2026-11-22T05:29:48.000Z"}


def nodes(node: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the document with its place."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            yield from nodes(value, f"{path}/{key}")
    elif isinstance(node, list):
        for position, value in enumerate(node):
            yield from nodes(value, f"{path}/{position}")


def check(one: Sample, **changes: Any) -> None:
    values = {"status": one.status, "headers": one.headers, "body": one.body, **changes}
    validate_response(one.method, one.path, **values)


def test_the_document_is_valid_openapi_3_1() -> None:
    assert not list(OpenAPIV31SpecValidator(document.document()).iter_errors())


def test_the_document_knows_the_25_event_types() -> None:
    assert document.kinds("FlueEvent").keys() >= EVENT_TYPES  # more may be added at any time


@pytest.mark.parametrize("union", document.UNIONS)
def test_each_member_of_a_union_is_excluded_from_the_unknown_one(union: str) -> None:
    schemas = document.document()["components"]["schemas"]
    suffix = union.removeprefix("Flue").removeprefix("Conversation")
    named = {name for name in schemas if name.endswith(suffix) and name != union}
    assert named == set(document.members(union))
    assert named == {f"Unknown{suffix}", *document.kinds(union).values()}
    unknown = schemas[f"Unknown{suffix}"]
    own = unknown["allOf"][1] if "allOf" in unknown else unknown
    excluded = own["properties"]["type"]["not"]
    options = excluded.get("anyOf", [excluded])
    types = [kind for each in options for kind in each.get("enum", [each.get("pattern")])]
    assert sorted(kind.removeprefix("^") for kind in types) == sorted(document.kinds(union))


def test_no_object_is_closed() -> None:
    closed = ("additionalProperties", "unevaluatedProperties")
    found = [path for path, node in nodes(document.document()) for key in closed if key in node]
    assert found
    assert all(
        node.get(key, True) is True for _, node in nodes(document.document()) for key in closed
    )


def test_no_enumeration_that_a_server_fills_is_closed() -> None:
    enumerations = [path for path, node in nodes(document.document()) if "enum" in node]
    assert [path for path in enumerations if "/not" not in path] == [
        "#/components/schemas/LiveMode",
        "#/components/schemas/AgentAttachmentType",
    ]


def test_every_schema_and_every_property_is_described() -> None:
    schemas = document.document()["components"]["schemas"]
    bare = [
        path
        for path, node in nodes(schemas)
        if path.rpartition("/")[0].endswith(("#", "/properties"))
        and not {"description", "$ref", "const"} & node.keys()
    ]
    assert bare == []


@pytest.mark.parametrize("name", samples.REQUESTS)
def test_a_recorded_answer_fits_the_contract(name: str) -> None:
    check(sample(name))


def test_every_recorded_file_is_checked() -> None:
    assert sorted(path.stem for path in samples.WIRE.glob("*.http")) == sorted(samples.REQUESTS)


def test_every_recorded_event_fits_the_schema_of_its_own_type() -> None:
    events = samples.events()
    for event in events:
        validate_member("FlueEvent", event)
    assert len({event["type"] for event in events}) == 21


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("run-catchup", {"status": 299}),
        ("run-catchup", {"headers": {"content-type": "application/json"}}),
        ("run-catchup", {"headers": {"Stream-Next-Offset": "1", "content-type": "text/html"}}),
        ("run-catchup", {"body": b"[{}]"}),
        ("run-catchup", {"body": b"{}"}),
        ("run-catchup", {"body": b"[tru"}),
        ("run-longpoll-closed", {"headers": {"Stream-Next-Offset": "1"}}),
        ("run-longpoll-closed", {"body": b"[]"}),
        ("run-head", {"body": b"x"}),
        ("run-meta", {"body": b'{"runId": "run_1"}'}),
        ("run-meta", {"body": b"null"}),
        ("invoke-202", {"body": b"{}"}),
        ("error-run-not-found", {"body": b'{"error": "run_not_found"}'}),
        ("error-method-not-allowed", {"headers": {"content-type": "application/json"}}),
        ("run-sse", {"body": b"event: control\ndata:{}\n\n"}),
        ("run-sse", {"body": b"event: data\ndata:[]\n\nevent: data\ndata:[]\n\n"}),
        ("run-sse", {"body": b"event: data\ndata:[{}]\n\n"}),
    ],
)
def test_an_answer_that_breaks_the_contract_is_found(name: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ContractViolation):
        check(sample(name), **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {"Stream-Next-Offset": "1", "content-type": "application/json; charset=utf-8"}},
        {"headers": {"stream-next-offset": "1", "CONTENT-TYPE": "Application/JSON", "x-new": "1"}},
        {"body": json.dumps([{**TICK, "type": "new"}]).encode()},
    ],
)
def test_an_answer_of_a_newer_server_fits_the_contract(changes: dict[str, Any]) -> None:
    check(sample("run-catchup"), **changes)


def test_a_cut_event_stream_fits_the_contract_up_to_the_cut() -> None:
    one = sample("run-sse-model-events")
    check(one, body=one.body[:1000])


@pytest.mark.parametrize(
    "event",
    [
        {**TICK, "level": "info"},
        {**TICK, "level": 3, "message": "x"},
        {**TICK, "level": "info", "message": "x", "v": 4},
        {**TICK, "level": "info", "message": "x", "eventIndex": "1"},
        {**TICK, "level": "info", "message": "x", "timestamp": "yesterday"},
        {**TICK, "type": 5},
        {"type": "new"},
        {},
        None,
        [],
    ],
)
def test_an_event_that_breaks_the_contract_is_found(event: Any) -> None:
    with pytest.raises(ContractViolation):
        validate_member("FlueEvent", event)


@pytest.mark.parametrize(
    "event",
    [
        {**TICK, "level": "debug", "message": "a new level"},
        {**TICK, "level": "info", "message": "a new field", "novelty": {"a": [1]}},
        {**TICK, "type": "new"},
        {**TICK, "type": "new", "message": {"any": "shape"}, "level": None},
    ],
)
def test_an_event_of_a_newer_server_fits_the_contract(event: Any) -> None:
    validate_member("FlueEvent", event)


REQUIRED_UPSTREAM = {
    "run_start": "runId workflowName startedAt",  # and `input`, which may be undefined: then absent
    "run_resume": "runId workflowName startedAt",
    "run_end": "runId isError durationMs",
    "agent_start": "",
    "agent_end": "messages",
    "turn_start": "turnId purpose",
    "turn_messages": "turnId purpose message toolResults",
    "turn": "turnId purpose durationMs request response isError",
    "message_start": "message turnId",
    "message_end": "message turnId",
    "text_delta": "text",
    "thinking_start": "",
    "thinking_delta": "delta",
    "thinking_end": "content",
    "tool_start": "toolName toolCallId",
    "tool": "toolName toolCallId isError durationMs",
    "task_start": "taskId prompt",
    "task": "taskId isError durationMs",
    "operation_start": "operationId operationKind",
    "operation": "operationId operationKind durationMs isError",
    "compaction_start": "reason estimatedTokens",
    "compaction": "messagesBefore messagesAfter durationMs isError",
    "data": "name data",  # from beta.7 on
    "log": "level message",
    "idle": "",
    "submission_settled": "submissionId outcome",
}
"""What type `FlueEvent` of `@flue/sdk` 1.0.0-beta.7 requires beside the fields of all events."""


def test_an_event_requires_what_upstream_s_types_require() -> None:
    required = {}
    schemas = document.document()["components"]["schemas"]
    for kind, name in document.kinds("FlueEvent").items():
        required[kind] = set(schemas[name]["allOf"][1]["required"]) - {"type"}
    assert required == {kind: set(fields.split()) for kind, fields in REQUIRED_UPSTREAM.items()}
