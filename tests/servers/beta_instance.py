"""A conversation in memory, as Flue 1.0.0-beta.8 keeps it, or an agent instance of 1.0.0-beta.3."""

from __future__ import annotations

import base64
from typing import Any

Json = dict[str, Any]

COST = {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0, "total": 0}
USAGE = {"input": 10, "output": 5, "cacheRead": 0, "cacheWrite": 0, "totalTokens": 15, "cost": COST}
MODEL = {"provider": "fake", "id": "m1"}
ERROR = {"name": "FlueError", "message": "boom", "details": "", "type": "operation_failed"}


class Instance:
    """The batches of its stream, updates or events, and what a snapshot holds."""

    def __init__(self, number: int, *, has_events: bool) -> None:
        self.id = f"conv_{number}"
        self.has_events = has_events
        self.batches: list[list[Json]] = []
        self.messages: list[Json] = []
        self.settlements: list[Json] = []
        self.files: dict[str, tuple[str, bytes]] = {}

    @property
    def offset(self) -> str:
        return f"{len(self.batches):016d}"

    @property
    def pending(self) -> list[str]:
        sent = [said["submissionId"] for said in self.messages if "submissionId" in said]
        settled = {one["submissionId"] for one in self.settlements}
        return [id for id in sent if id not in settled]

    def snapshot(self) -> Json:
        return {
            "v": 1,
            "conversationId": self.id,
            "offset": self.offset,
            "messages": list(self.messages),
            "settlements": list(self.settlements),
        }

    def admit(self, id: str, body: Json) -> None:
        """Take up a message."""
        parts: list[Json] = [{"type": "text", "text": body["message"], "state": "done"}]
        for place, image in enumerate(body.get("images", [])):
            name = f"att_{id}_{place}"
            self.files[name] = (image["mimeType"], base64.b64decode(image["data"]))
            parts.append({"type": "file", "id": name, "mediaType": image["mimeType"]})
        said = {"id": f"said_{id}", "role": "user", "submissionId": id, "parts": parts}
        self.messages.append(said)
        if self.has_events:
            self._append(event(id, 0, "operation_start", operationKind="prompt"))
        else:
            self._append({"type": "message-appended", "message": said})

    def settle(self, id: str, text: str | None, outcome: str = "failed") -> Json:
        """Answer a submission and settle it as completed; without a text, as `outcome`."""
        settlement: Json = {"submissionId": id, "outcome": outcome, "error": ERROR}
        if text is not None:
            result = {"text": text, "usage": USAGE, "model": MODEL}
            settlement = {"submissionId": id, "outcome": "completed", "result": result}
            self._say(id, text)
        self.settlements.append(settlement)
        if self.has_events:
            self._append(event(id, 9, "submission_settled", **settlement))
        else:
            self._append({"type": "submission-settled", **settlement})
        return settlement

    def _say(self, id: str, text: str) -> None:
        if self.has_events:
            words = [event(id, 1 + at, "text_delta", text=part) for at, part in enumerate(text)]
            self._append(*words[:7])
            return
        name, parts = f"reply_{id}", [{"type": "text", "text": text, "state": "done"}]
        metadata = {"usage": USAGE, "model": MODEL}
        message = {"id": name, "role": "assistant", "parts": parts, "metadata": metadata}
        self.messages.append(message)
        delta = {"type": "message-delta", "messageId": name, "kind": "text", "delta": text}
        begun = {"type": "message-started", "messageId": name, "submissionId": id, "model": MODEL}
        self._append(begun, delta)
        self._append({"type": "message-completed", "messageId": name, "usage": USAGE})

    def _append(self, *items: Json) -> None:
        batch = len(self.batches)
        if not self.has_events:
            items = tuple(
                {**item, "conversationId": self.id, "position": {"batch": batch, "index": at}}
                for at, item in enumerate(items)
            )
        self.batches.append([*items])


def event(submission_id: str, index: int, type: str, **fields: Any) -> Json:
    own = {"v": 3, "eventIndex": index, "submissionId": submission_id, "agentName": "support"}
    own |= {"timestamp": "2026-05-06T07:08:09.012Z", "operationId": f"op_{submission_id}"}
    return {"type": type, **own, **fields}
