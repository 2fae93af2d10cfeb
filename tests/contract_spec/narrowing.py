"""What type checkers know about views and events; checked by mypy and pyright, never run."""

from __future__ import annotations

from typing import Any, Literal, assert_never, assert_type

from flue_client.models import (
    EVENT_TYPES,
    ContentBlock,
    EventBase,
    FlueEvent,
    LogEvent,
    Message,
    ModelRequestInfo,
    RunEndEvent,
    RunRecord,
    RunStartEvent,
    TextDeltaEvent,
    TurnEvent,
    UnknownEvent,
    Usage,
    parse_event,
)


def the_literal_type_narrows(event: FlueEvent) -> None:
    assert_type(event.event_index, int)
    assert_type(event.timestamp, str)
    assert_type(event.conversation_id, str | None)
    if event.type == "run_end":
        assert_type(event, RunEndEvent)
        assert_type(event.run_id, str)
        assert_type(event.is_error, bool)
        assert_type(event.duration_ms, float)
        assert_type(event.error, Any)
    elif event.type == "unknown":
        assert_type(event, UnknownEvent)
        assert_type(event.wire_type, str | None)
    elif event.type == "turn":
        assert_type(event, TurnEvent)
        assert_type(event.request, ModelRequestInfo)
        assert_type(event.response.usage, Usage | None)
        assert_type(event.response.output, Message | None)


def matching_the_type_narrows(event: FlueEvent) -> str:
    match event.type:
        case "text_delta":
            assert_type(event, TextDeltaEvent)
            return event.text
        case "log":
            assert_type(event, LogEvent)
            assert_type(event.attributes, dict[str, Any] | None)
            return event.message
        case "unknown":
            assert_type(event, UnknownEvent)
            return event.wire_type or ""
        case _:
            return event.type


def matching_the_class_narrows(event: FlueEvent) -> str | None:
    match event:
        case TextDeltaEvent(text=text):
            assert_type(text, str)
            return text
        case RunEndEvent(is_error=True):
            assert_type(event, RunEndEvent)
            return event.run_id
        case _:
            return event.run_id


def isinstance_narrows(event: LogEvent | RunStartEvent) -> str:
    if isinstance(event, LogEvent):
        return event.level
    elif isinstance(event, RunStartEvent):  # pyright: ignore[reportUnnecessaryIsInstance]
        return event.workflow_name
    else:
        assert_never(event)


def views_are_typed(record: RunRecord, message: Message) -> None:
    assert_type(record.status, str)
    assert_type(record.ended_at, str | None)
    assert_type(record.to_dict(), dict[str, Any])
    assert_type(RunRecord.from_dict({}), RunRecord)
    assert_type(message.content, str | list[ContentBlock] | None)


def every_event_is_an_event_base(event: FlueEvent) -> EventBase:
    kind: Literal["run_start"] = RunStartEvent.type
    made: FlueEvent = EVENT_TYPES[kind]({})
    assert_type(parse_event(made.to_dict()), FlueEvent)
    return event
