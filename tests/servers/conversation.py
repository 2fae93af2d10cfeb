"""A conversation in memory, as a Flue 2.x server keeps it, and the frames and errors of Flue."""

from __future__ import annotations

import json
from typing import Any

from tests.servers.raw import Connection

Json = dict[str, Any]


class Conversation:
    """One conversation: its messages, settlements and updates, of which each batch is an offset."""

    def __init__(self, incarnation: str) -> None:
        self.incarnation = incarnation
        self.batches: list[list[Json]] = []
        self.messages: list[Json] = []
        self.settlements: list[Json] = []
        self.keys: dict[str, tuple[Json, str]] = {}
        self.files: dict[str, tuple[str, bytes]] = {}

    @property
    def offset(self) -> str:
        return f"{len(self.batches):016d}"

    def snapshot(self) -> Json:
        return {
            "v": 1,
            "conversationId": "conv_1",
            "offset": self.offset,
            "messages": list(self.messages),
            "settlements": list(self.settlements),
            "incarnation": self.incarnation,
        }

    def append(self, *chunks: Json) -> None:
        """Append one batch of updates, and nothing to the snapshot."""
        position = len(self.batches)
        self.batches.append(
            [
                {"conversationId": "conv_1", **chunk, "position": {"batch": position, "index": at}}
                for at, chunk in enumerate(chunks)
            ]
        )

    def add(self, message: Json) -> None:
        self.messages.append(message)
        self.append({"type": "message-appended", "message": message})

    def settle(self, submission_id: str, outcome: str = "completed", **more: Any) -> None:
        settlement = {"submissionId": submission_id, "outcome": outcome, **more}
        self.settlements.append(settlement)
        self.append({"type": "submission-settled", **settlement})

    def reply(self, submission_id: str, text: str) -> None:
        """Answer a submission and settle it."""
        self.add(message(submission_id, "assistant", text))
        self.settle(submission_id, answeredBySubmissionId=submission_id)


def begin_reply(conversation: Conversation, submission_id: str, text: str) -> None:
    """Begin an answer that comes in pieces: its message, and its first characters."""
    said = message(submission_id, "assistant", text[:4])
    said["parts"][0]["state"] = "streaming"
    started = {"type": "message-started", "messageId": said["id"], "submissionId": submission_id}
    conversation.append(started)
    conversation.append(_delta(said["id"], text[:4]))
    conversation.messages.append(said)


def end_reply(conversation: Conversation, submission_id: str, text: str) -> None:
    """Say the rest of it in two pieces, and settle the submission."""
    said = message(submission_id, "assistant", text)
    for piece in (text[4:7], text[7:]):
        conversation.append(_delta(said["id"], piece))
    conversation.messages[-1] = said
    conversation.settle(submission_id, answeredBySubmissionId=submission_id)


def _delta(message_id: str, text: str) -> Json:
    return {"type": "message-delta", "messageId": message_id, "kind": "text", "delta": text}


def message(submission_id: str, role: str, *texts: str) -> Json:
    return {
        "id": f"entry_{role}_{submission_id}",
        "role": role,
        "purpose": role,
        "display": "visible",
        "submissionId": submission_id,
        "parts": [{"type": "text", "text": text, "state": "done"} for text in texts],
    }


def frame(name: str, value: Any) -> bytes:
    return f"event: {name}\ndata:{json.dumps(value)}\n\n".encode()


def error(connection: Connection, status: int, type: str, meta: Any = None) -> None:
    found: Json = {"type": type, "message": type, "details": ""}
    if meta is not None:
        found["meta"] = meta
    connection.json(status, {"error": found})
