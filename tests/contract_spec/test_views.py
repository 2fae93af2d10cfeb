"""The generated views: typed attributes over exactly the JSON object that was received."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import attrs
import pytest

from flue_client import models
from flue_client.models import (
    EVENT_TYPES,
    ContentBlock,
    ErrorEnvelope,
    EventBase,
    LogEvent,
    Message,
    RunEndEvent,
    RunRecord,
    RunStartEvent,
    TextDeltaEvent,
    ThinkingDeltaEvent,
    TurnEvent,
    UnknownEvent,
    Usage,
    View,
    WorkflowInvokeResult,
    parse_event,
    parse_events,
)
from tests.contract_spec import document, samples
from tests.contract_spec.samples import sample

EVENTS = samples.events()


def by_type(wire_type: str) -> dict[str, Any]:
    return next(event for event in EVENTS if event["type"] == wire_type)


def attributes(cls: type[View]) -> list[str]:
    return [name for name in dir(cls) if isinstance(getattr(cls, name), property)]


def test_every_recorded_event_has_the_class_of_its_type_and_its_object() -> None:
    for data in EVENTS:
        event = parse_event(data)
        assert type(event) is EVENT_TYPES[data["type"]]
        assert event.type == data["type"]
        assert event.to_dict() == data
        for name in attributes(type(event)):
            getattr(event, name)


def test_there_is_one_class_for_each_event_type_of_the_spec() -> None:
    assert {wire: cls.__name__ for wire, cls in EVENT_TYPES.items()} == document.kinds("FlueEvent")
    assert all(cls.type == wire for wire, cls in EVENT_TYPES.items())


def test_attributes_are_flat_and_in_snake_case() -> None:
    event = parse_event(by_type("run_start"))
    assert isinstance(event, RunStartEvent)
    assert event.run_id == event["runId"]
    assert event.workflow_name == "summarize"
    assert event.input == {"text": "hello big wide world"}
    assert (event.v, event.event_index, event.timestamp) == (3, 0, "2026-11-22T05:29:47.125Z")


def test_optional_fields_that_are_absent_or_null_read_as_none() -> None:
    record = RunRecord.from_dict(sample("run-meta-active").json())
    assert (record.ended_at, record.is_error, record.result, record.error) == (None,) * 4
    assert RunEndEvent({"result": None}).result is None
    assert ThinkingDeltaEvent({"contentIndex": 0}).content_index == 0


def test_a_required_field_that_is_left_out_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match=r"LogEvent.*'level'"):
        _ = LogEvent({}).level
    assert getattr(LogEvent({}), "level", "none") == "none"
    match parse_event({"type": "log"}):
        case LogEvent(level=_):
            pytest.fail("there is no level to match")
        case LogEvent(operation_id=None):
            pass
        case _:
            pytest.fail("an absent optional field matches None")


def test_nested_objects_and_lists_of_objects_read_as_views() -> None:
    turn = next(e for e in EVENTS if e["type"] == "turn" and "toolCall" in json.dumps(e))
    event = TurnEvent(turn)
    assert event.request.requested_model == "m1"
    assert isinstance(event.response.usage, Usage)
    assert event.response.usage.cost.total == 0
    assert isinstance(event.response.output, Message)
    content = event.response.output.content
    assert isinstance(content, list)
    assert [block.type for block in content] == ["thinking", "text", "toolCall"]
    assert content[2] == ContentBlock(turn["response"]["output"]["content"][2])
    assert content[2].arguments == {"expression": "7*6"}


@pytest.mark.parametrize("value", [None, "text", 5, [1], True])
def test_where_a_view_is_expected_another_value_reads_as_it_is(value: Any) -> None:
    assert TurnEvent({"request": value}).request == value
    assert Message({"content": value}).content == value
    assert Message({"usage": value}).usage == value


def test_a_mixed_list_keeps_what_is_not_an_object() -> None:
    assert Message({"content": [{"type": "text"}, None, "x"]}).content == [
        ContentBlock({"type": "text"}),
        None,
        "x",
    ]


def test_unknown_fields_are_kept_and_can_be_read_by_their_wire_name() -> None:
    event = parse_event({"type": "log", "newField": {"deep": [1]}})
    assert event["newField"] == {"deep": [1]}
    assert "newField" in event
    assert "level" not in event
    assert event.to_dict() == {"type": "log", "newField": {"deep": [1]}}


def test_to_dict_gives_a_dict_of_its_own() -> None:
    event = parse_event({"type": "log", "message": "a"})
    event.to_dict()["message"] = "b"
    assert event["message"] == "a"


@pytest.mark.parametrize("wire_type", ["new_type", "unknown", "", "Log", "log "])
def test_an_event_of_another_type_is_an_unknown_event_that_knows_its_wire_type(
    wire_type: str,
) -> None:
    event = parse_event({"type": wire_type, "eventIndex": 7, "extra": 1})
    assert isinstance(event, UnknownEvent)
    assert (event.type, event.wire_type, event.event_index) == ("unknown", wire_type, 7)
    assert event["extra"] == 1


@pytest.mark.parametrize("data", [{}, {"type": None}, {"type": 5}, {"type": ["log"]}, {"type": {}}])
def test_an_event_without_a_proper_type_is_an_unknown_event(data: dict[str, Any]) -> None:
    event = parse_event(data)
    assert isinstance(event, UnknownEvent)
    assert event.wire_type is None
    assert event.to_dict() == data


@pytest.mark.parametrize("data", [None, 5, "log", True, [], ["type"], [{"type": "log"}], 1.5])
def test_a_value_that_is_no_object_is_still_delivered(data: Any) -> None:
    event = parse_event(data)
    assert isinstance(event, UnknownEvent)
    assert event["value"] == data
    assert event.run_id is None


STRANGE: list[Any] = [None, 5, "log", [], {}, {"type": None}, {"type": ["log"]}, {"type": "new"}]


@pytest.mark.parametrize("strange", [[], *([each] for each in STRANGE)])
def test_many_events_are_typed_as_each_of_them_is(strange: list[Any]) -> None:
    items = [*EVENTS, *strange, *EVENTS]
    events = parse_events(items)
    assert events == list(map(parse_event, items))
    assert parse_events([]) == []


@pytest.mark.parametrize("value", [None, 5, "x", [], [{}]])
def test_from_dict_refuses_what_is_no_object(value: Any) -> None:
    with pytest.raises(TypeError, match="RunRecord"):
        RunRecord.from_dict(value)


def test_views_are_equal_if_class_and_object_are_equal() -> None:
    data = by_type("turn")
    assert parse_event(data) == parse_event(copy.deepcopy(data))
    assert parse_event(data) != parse_event({**data, "turnId": "other"})
    assert parse_event(data) != UnknownEvent(data)
    other: object = data
    assert parse_event(data) != other


def test_equal_views_have_equal_hashes_whatever_their_fields_hold() -> None:
    assert hash(LogEvent({"a": 1, "b": [1]})) == hash(LogEvent({"b": [1.0], "a": 1.0}))
    assert hash(LogEvent({"v": True})) == hash(LogEvent({"v": 1}))
    assert len({parse_event(copy.deepcopy(e)) for e in EVENTS + EVENTS}) == len(
        {json.dumps(e, sort_keys=True) for e in EVENTS}
    )


def test_views_cannot_be_changed() -> None:
    event = parse_event(by_type("log"))
    for name in ("message", "_data", "type", "novelty"):
        with pytest.raises(AttributeError):
            setattr(event, name, 1)
        with pytest.raises(AttributeError):
            delattr(event, name)
    assert not hasattr(event, "__dict__")


@pytest.mark.parametrize("data", EVENTS[:40], ids=lambda data: data["type"])
def test_views_survive_pickle_and_copy(data: dict[str, Any]) -> None:
    event = parse_event(data)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(event, protocol))
        assert again == event
        assert type(again) is type(event)
    assert copy.copy(event) == event
    deep = copy.deepcopy(event)
    assert deep == event
    assert deep["timestamp"] == event["timestamp"]


def test_a_view_is_an_attrs_value() -> None:
    assert RunRecord({"runId": "run_1"}) == RunRecord.from_dict({"runId": "run_1"})
    assert attrs.has(RunRecord)


def test_repr_shows_class_and_fields() -> None:
    event = LogEvent({"type": "log", "message": "it's", "n": None})
    assert repr(event) == """LogEvent({'type': 'log', 'message': "it's", 'n': None})"""
    assert eval(repr(event)) == event


def deep(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    ["x" * 10**7, ["y" * 1000] * 1000, {str(n): "z" * 1000 for n in range(1000)}, deep(50_000)],
    ids=["text", "list", "object", "deep"],
)
def test_repr_is_cut_at_a_sane_length(value: Any) -> None:
    assert len(repr(LogEvent({"message": value}))) < 300
    assert len(repr(LogEvent(dict.fromkeys(map(str, range(10_000)), value)))) < 10_000


def test_repr_shows_lone_surrogates_escaped() -> None:
    assert r"\ud83d" in repr(TextDeltaEvent({"text": "\ud83d"}))


def test_error_envelopes_and_invocation_results_are_views_as_well() -> None:
    error = ErrorEnvelope.from_dict(sample("invoke-wait-bad-input-500").json()).error
    assert (error.type, error.details, error.dev) == ("action_input_validation", "", None)
    assert error.meta is not None
    assert error.meta["issues"][0]["path"] == ["text"]
    assert WorkflowInvokeResult.from_dict(sample("invoke-202").json()).run_id.startswith("run_")


def test_everything_that_is_exported_exists_and_is_documented() -> None:
    for name in models.__all__:
        thing = getattr(models, name)
        if isinstance(thing, type):
            assert thing.__doc__, name
    for cls in EventBase.__subclasses__():
        for name in attributes(cls):
            assert getattr(cls, name).__doc__, f"{cls.__name__}.{name}"
