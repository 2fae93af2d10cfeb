"""What one conversation holds at a point of its stream: messages, parts, settlements.

Pure: it takes chunks in their order, as the wire has them, and says the snapshot that a server
answers to a read of the history. Text is kept in pieces, since it comes in many.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, cast

Chunk = dict[str, Any]
Part = dict[str, Any]
_OPENED = ("submissionId", "turnId", "parts", "metadata")
_REFUSED = frozenset({"__proto__", "constructor", "prototype"})
_TOOL = ("output", "errorText", "durationMs")


def opened(chunk: Chunk) -> dict[str, Any]:
    """Return the message that begins with a `message-started`, as Flue 2.x shows it."""
    sort = {"role": "assistant", "purpose": "assistant", "display": "visible"}
    told: dict[str, Any] = {**chunk, "id": chunk["messageId"], **sort, "parts": []}
    return {name: deepcopy(told[name]) for name in ("id", *sort, *_OPENED) if name in told}


class Transcript:
    """The state of one conversation; `opening` makes a message of a `message-started`."""

    def __init__(
        self, conversation_id: str, opening: Callable[[Chunk], dict[str, Any]] = opened
    ) -> None:
        self.conversation_id = conversation_id
        self._opening = opening
        self._answers: dict[str, str] = {}
        self._messages: dict[str, dict[str, Any]] = {}
        self._settlements: dict[str, dict[str, Any]] = {}
        self._effects: dict[str, Callable[[Chunk], None]] = {
            "conversation-reset": self._reset,
            "message-appended": lambda chunk: self._put(chunk["message"]),
            "message-started": self._start,
            "message-delta": self._delta,
            "tool-input": self._tool_input,
            "tool-output": self._tool_output,
            "tool-output-error": self._tool_output,
            "data-part": self._data,
            "message-metadata": self._metadata,
            "message-completed": self._complete,
            "submission-settled": self._settle,
        }

    def apply(self, chunk: Chunk) -> None:
        """Take the next chunk; of an unknown type, or about an unknown message, it does nothing."""
        about = chunk.get("messageId")
        if about is None or about in self._messages or chunk["type"] == "message-started":
            self._effects.get(chunk["type"], _nothing)(chunk)

    def snapshot(self, offset: str) -> dict[str, Any]:
        """Return the conversation as it stands, which is at `offset`."""
        return {
            "v": 1,
            "conversationId": self.conversation_id,
            "offset": offset,
            "messages": [_shown(message) for message in self._messages.values()],
            "settlements": deepcopy(list(self._settlements.values())),
        }

    def message(self, message_id: str) -> dict[str, Any] | None:
        """Return a message, if it is there."""
        found = self._messages.get(message_id)
        return None if found is None else _shown(found)

    def answers_to(self, submission_id: str) -> list[str]:
        """Return the ids of the messages that answer a submission."""
        return [
            message_id
            for message_id, message in self._messages.items()
            if self._answers.get(message_id, _answered(message)) == submission_id
        ]

    def size(self, message_id: str) -> int:
        """Return how many parts a message has."""
        return len(self._messages[message_id]["parts"])

    def cut(self, message_id: str, size: int) -> None:
        """Take back a message's parts but the first `size`."""
        del self._messages[message_id]["parts"][size:]

    def settlement(self, submission_id: str) -> dict[str, Any] | None:
        """Return how a submission has ended, if it has."""
        return deepcopy(self._settlements.get(submission_id))

    def _reset(self, chunk: Chunk) -> None:
        self._messages.clear()
        self._settlements.clear()
        for message in chunk["snapshot"]["messages"]:
            self._put(message)
        for settlement in chunk["snapshot"]["settlements"]:
            self._settlements[settlement["submissionId"]] = deepcopy(settlement)

    def _put(self, message: dict[str, Any]) -> None:
        parts = [{**part, **_pieces(part)} for part in deepcopy(message["parts"])]
        self._messages[message["id"]] = {**deepcopy(message), "parts": parts}

    def _start(self, chunk: Chunk) -> None:
        if chunk["messageId"] not in self._messages:
            self._answers[chunk["messageId"]] = chunk.get("submissionId", "")
            self._messages[chunk["messageId"]] = self._opening(chunk)

    def _parts(self, chunk: Chunk) -> list[Part]:
        parts: list[Part] = self._messages[chunk["messageId"]]["parts"]
        return parts

    def _close(self, parts: list[Part]) -> None:
        for part in parts:
            if part.get("state") == "streaming":
                part["state"] = "done"

    def _complete(self, chunk: Chunk) -> None:
        self._close(self._parts(chunk))
        if "usage" in chunk:
            message = self._messages[chunk["messageId"]]
            message["metadata"] = {**message.get("metadata", {}), "usage": chunk["usage"]}

    def _delta(self, chunk: Chunk) -> None:
        parts, kind = self._parts(chunk), chunk["kind"]
        if not parts or parts[-1]["type"] != kind or parts[-1]["state"] != "streaming":
            self._close(parts)
            parts.append({"type": kind, "text": [], "state": "streaming"})
        parts[-1]["text"].append(chunk["delta"])

    def _tool_input(self, chunk: Chunk) -> None:
        parts = self._parts(chunk)
        self._close(parts)
        told = {name: chunk[name] for name in ("toolName", "toolCallId", "input")}
        parts.append({"type": "dynamic-tool", "state": "input-available", **deepcopy(told)})

    def _tool_output(self, chunk: Chunk) -> None:
        """Find the call in the latest message that has it."""
        state = "output-available" if chunk["type"] == "tool-output" else "output-error"
        told = {name: deepcopy(chunk[name]) for name in _TOOL if name in chunk}
        for message in reversed(self._messages.values()):
            for part in message["parts"]:
                if part.get("toolCallId") == chunk["toolCallId"]:
                    part.update(state=state, **told)
                    return

    def _data(self, chunk: Chunk) -> None:
        parts, kind, data = self._parts(chunk), f"data-{chunk['name']}", deepcopy(chunk["data"])
        for part in parts:
            if part["type"] == kind:
                part["data"] = data
                return
        parts.append({"type": kind, "data": data})

    def _metadata(self, chunk: Chunk) -> None:
        message = self._messages[chunk["messageId"]]
        message["metadata"] = merged(message.get("metadata", {}), chunk["metadata"])

    def _settle(self, chunk: Chunk) -> None:
        told = ("submissionId", "outcome", "result", "error", "answeredBySubmissionId")
        settlement = {name: deepcopy(chunk[name]) for name in told if name in chunk}
        self._settlements[chunk["submissionId"]] = settlement


def _answered(message: dict[str, Any]) -> str:
    return str(message.get("submissionId", "")) if message.get("role") == "assistant" else ""


def _nothing(chunk: Chunk) -> None:
    """Have no effect."""


def merged(base: object, more: object) -> Any:
    """Merge objects deeply, the later one winning; keys that reach a prototype are dropped."""
    if not isinstance(more, dict):
        return deepcopy(more)
    known = cast("dict[str, Any]", base) if isinstance(base, dict) else {}
    given = cast("dict[str, Any]", more)
    added = {k: merged(known.get(k), v) for k, v in given.items() if k not in _REFUSED}
    return {**known, **added}


def _pieces(part: Part) -> Part:
    return {"text": [part["text"]]} if "text" in part else {}


def _shown(message: dict[str, Any]) -> dict[str, Any]:
    parts = [{**p, "text": "".join(p["text"])} if "text" in p else p for p in message["parts"]]
    return deepcopy({**message, "parts": parts})
