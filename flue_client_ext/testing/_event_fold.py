"""What the events of an agent mean for the state of its conversation, in chunks of beta.8. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

from . import _entries as entries
from ._message import received
from ._step_response import appended
from ._stream_format import Sent
from ._transcript import Chunk


def fold(event: Chunk, sent: Sent) -> Iterator[Chunk]:
    """Return the chunks of an event; what was sent is found by `sent`, since no event tells it."""
    message_id = f"entry_{event.get('turnId')}"
    said = _mapping(event.get("message")).get("role") == "assistant"
    match event["type"]:
        case "operation_start":
            yield from _delivered(event, sent)
        case "message_start" if said:
            yield _started(event, message_id)
        case "text_delta":
            yield _delta(message_id, "text", event.get("text"))
        case "thinking_delta":
            yield _delta(message_id, "reasoning", event.get("delta"))
        case "message_end" if said:
            yield from _ended(event["message"], message_id)
        case "tool":
            yield _outcome(event)
        case "submission_settled":
            yield {**event, "type": "submission-settled"}
        case _:
            pass


def _mapping(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _delivered(event: Chunk, sent: Sent) -> Iterator[Chunk]:
    submission_id = str(event.get("submissionId"))
    payload = sent(submission_id)
    if payload is None:
        return
    message = json.loads(payload)["message"]
    files = [one.part for one in received(submission_id, message).attachments]
    moment = str(event.get("timestamp"))
    yield appended(entries.delivered(submission_id, message, files, ""), moment)


def _started(event: Chunk, message_id: str) -> Chunk:
    message = event["message"]
    model = {"provider": message.get("provider"), "id": message.get("model")}
    about = {"submissionId": event.get("submissionId"), "timestamp": event.get("timestamp")}
    return {"type": "message-started", "messageId": message_id, "model": model, **about}


def _delta(message_id: str, kind: str, delta: Any) -> Chunk:
    return {"type": "message-delta", "messageId": message_id, "kind": kind, "delta": str(delta)}


def _ended(message: dict[str, Any], message_id: str) -> Iterator[Chunk]:
    for block in message.get("content", ()):
        if block.get("type") == "toolCall":
            call = {"toolCallId": block["id"], "toolName": block["name"]}
            about = {"messageId": message_id, **call, "input": block["arguments"]}
            yield {"type": "tool-input", **about}
    usage = {"usage": message["usage"]} if "usage" in message else {}
    yield {"type": "message-completed", "messageId": message_id, **usage}


def _outcome(event: Chunk) -> Chunk:
    result = _mapping(event.get("result"))
    text = "".join(block.get("text", "") for block in result.get("content", ()))
    told = {"toolCallId": event.get("toolCallId")}
    if event.get("isError"):
        return {"type": "tool-output-error", **told, "errorText": text}
    return {
        "type": "tool-output",
        **told,
        "output": _mapping(result.get("details")).get("output", text),
    }
