"""What type checkers know about chunks and parts; checked by mypy and pyright, never run."""

from __future__ import annotations

from typing import Any, Literal, assert_never, assert_type

from flue_client.api.agents import get_attachment, read_conversation_updates, send_message
from flue_client.client import Client
from flue_client.models import (
    CHUNK_TYPES,
    PART_TYPES,
    AgentAdmission,
    AgentPromptResult,
    AgentUserMessage,
    ChunkBase,
    ChunkPosition,
    ConversationChunk,
    ConversationMessage,
    ConversationPart,
    ConversationResetChunk,
    ConversationSettlement,
    ConversationSnapshot,
    DataPart,
    ErrorEnvelope,
    FilePart,
    MessageDeltaChunk,
    MessageSignal,
    ReasoningPart,
    StreamCheckpointChunk,
    SubmissionError,
    SubmissionSettledChunk,
    TextPart,
    ToolOutputChunk,
    ToolPart,
    UnknownChunk,
    UnknownPart,
    parse_chunk,
    parse_part,
)


def the_literal_type_of_a_chunk_narrows(chunk: ConversationChunk) -> None:
    assert_type(chunk.conversation_id, str | None)
    assert_type(chunk.position, ChunkPosition | None)
    if chunk.type == "message-delta":
        assert_type(chunk, MessageDeltaChunk)
        assert_type(chunk.delta, str)
        assert_type(chunk.position, ChunkPosition)
        assert_type(chunk.position.batch, int)
    elif chunk.type == "stream-checkpoint":
        assert_type(chunk, StreamCheckpointChunk)
        assert_type(chunk.incarnation, str)
    elif chunk.type == "unknown":
        assert_type(chunk, UnknownChunk)
        assert_type(chunk.wire_type, str | None)
    elif chunk.type == "conversation-reset":
        assert_type(chunk, ConversationResetChunk)
        assert_type(chunk.snapshot, ConversationSnapshot)


def matching_the_type_of_a_chunk_narrows(chunk: ConversationChunk) -> str:
    match chunk.type:
        case "submission-settled":
            assert_type(chunk, SubmissionSettledChunk)
            assert_type(chunk.error, SubmissionError | None)
            return chunk.outcome
        case "tool-output":
            assert_type(chunk, ToolOutputChunk)
            assert_type(chunk.output, Any)
            assert_type(chunk.duration_ms, float | None)
            return chunk.tool_call_id
        case _:
            return chunk.type


def matching_the_class_of_a_chunk_narrows(chunk: ConversationChunk) -> str:
    match chunk:
        case MessageDeltaChunk(kind="text", delta=delta):
            assert_type(delta, str)
            return delta
        case UnknownChunk(wire_type=wire_type):
            assert_type(wire_type, str | None)
            return wire_type or ""
        case _:
            return chunk.type


def the_literal_type_of_a_part_narrows_to_the_last(part: ConversationPart) -> str | None:
    if part.type == "text":
        assert_type(part, TextPart)
        return part.text
    elif part.type == "reasoning":
        assert_type(part, ReasoningPart)
        return part.state
    elif part.type == "data":
        assert_type(part, DataPart)
        assert_type(part.wire_type, str)
        assert_type(part.data, Any)
        return part.name
    elif part.type == "file":
        assert_type(part, FilePart)
        assert_type(part.size, int | None)
        return part.id
    elif part.type == "dynamic-tool":
        assert_type(part, ToolPart)
        assert_type(part.error_text, str | None)
        return part.tool_name
    else:
        assert_type(part, UnknownPart)
        return part.wire_type


def every_class_of_part_is_told_apart(part: ConversationPart) -> str:
    match part:
        case TextPart(text=text) | ReasoningPart(text=text):
            return text
        case DataPart() | FilePart() | ToolPart() | UnknownPart():
            return part.type
        case _:
            assert_never(part)


def snapshots_are_typed(snapshot: ConversationSnapshot, message: ConversationMessage) -> None:
    assert_type(snapshot.messages, list[ConversationMessage])
    assert_type(snapshot.settlements, list[ConversationSettlement])
    assert_type(snapshot.incarnation, str | None)
    assert_type(snapshot.before, str | None)
    assert_type(message.parts, list[ConversationPart])
    assert_type(message.signal, MessageSignal | None)
    assert_type(message.metadata, dict[str, Any] | None)
    assert_type(message.role, str)


def operations_are_typed(client: Client) -> None:
    body = AgentUserMessage.from_dict({"kind": "user", "body": "Hello"})
    sent = send_message.sync("support", "1", client=client, body=body)
    assert_type(sent, AgentAdmission | AgentPromptResult | ErrorEnvelope | None)
    read = read_conversation_updates.sync("support", "1", client=client, offset="-1", live="sse")
    assert_type(read, ErrorEnvelope | list[ConversationChunk] | None)
    assert_type(get_attachment.sync("a", "1", "att", client=client), bytes | ErrorEnvelope | None)


def every_chunk_is_a_chunk_base(chunk: ConversationChunk) -> ChunkBase:
    kind: Literal["message-delta"] = MessageDeltaChunk.type
    made: ConversationChunk = CHUNK_TYPES[kind]({})
    assert_type(parse_chunk(made.to_dict()), ConversationChunk)
    part: ConversationPart = PART_TYPES["data-"]({})
    assert_type(parse_part(part.to_dict()), ConversationPart)
    return chunk
