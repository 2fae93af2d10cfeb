"""What a chunk of a conversation carries, as the snapshot shows it: messages, parts, settlements.

A field that the chunk does not have is absent; none is invented.
"""

from __future__ import annotations

from .growing_message import Json

_ENVELOPE = frozenset({"type", "conversationId", "position", "timestamp"})
_IDS = {"messageId": "id", "submissionId": "submissionId", "turnId": "turnId"}


def started_message(chunk: Json, *, beta: bool) -> Json:
    """Return the assistant message that begins: as 2.x shows it, or as the last betas do."""
    ids = {name: chunk[key] for key, name in _IDS.items() if chunk.get(key)}
    message: Json = {**ids, "role": "assistant", "parts": []}
    metadata: Json | None
    if beta:
        metadata = _taken(chunk, "timestamp", "model") or None
    else:
        message |= {"purpose": "assistant", "display": "visible"}
        metadata = chunk.get("metadata")
    if metadata is not None:
        message["metadata"] = metadata
    return message


def data_part(chunk: Json) -> Json:
    return {"type": "data-" + chunk["name"], **_taken(chunk, "data")}


def tool_call(chunk: Json) -> Json:
    taken = _taken(chunk, "toolName", "toolCallId", "input")
    return {"type": "dynamic-tool", "state": "input-available", **taken}


def tool_output(chunk: Json) -> Json:
    """Return the fields that an output adds to the call's part or replaces in it."""
    return {"state": "output-available", **_taken(chunk, "output", "durationMs")}


def tool_error(chunk: Json) -> Json:
    """Return the fields that an error adds to the call's part or replaces in it."""
    return {"state": "output-error", **_taken(chunk, "errorText", "durationMs")}


def settlement(chunk: Json) -> Json:
    return {key: value for key, value in chunk.items() if key not in _ENVELOPE}


def _taken(chunk: Json, *keys: str) -> Json:
    return {key: chunk[key] for key in keys if key in chunk}
