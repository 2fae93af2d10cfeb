"""When things happened in a conversation: the updates say it, the snapshot mostly does not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .reading import text_at, time_at

Json = dict[str, Any]
Times = tuple[float | None, float | None]


class UpdateTimes:
    """The start and the end of messages and tool calls, and the ends of submissions."""

    def __init__(self, updates: Iterable[Json]) -> None:
        self._starts: dict[tuple[str, ...], float | None] = {}
        self._ends: dict[tuple[str, ...], float | None] = {}
        self._message_of: dict[str, str] = {}
        for chunk in updates:
            self._take(chunk)

    def message(self, id: str) -> Times:
        return self._starts.get((id,)), self._ends.get((id,))

    def call(self, message: str, id: str) -> Times:
        return self._starts.get((message, id)), self._ends.get((message, id))

    def settled(self, submission: str) -> float | None:
        return self._ends.get(("", submission))

    def _take(self, chunk: Json) -> None:
        kind, time = text_at(chunk, "type"), time_at(chunk, "timestamp")
        message, call = text_at(chunk, "messageId") or "", text_at(chunk, "toolCallId") or ""
        if kind == "message-started":
            self._starts.setdefault((message,), time)
        elif kind == "message-completed":
            self._ends[message,] = time
        elif kind == "tool-input":
            self._starts.setdefault((message, call), time)
            self._message_of[call] = message
        elif kind in ("tool-output", "tool-output-error"):
            self._ends[self._message_of.get(call, ""), call] = time
        elif kind == "submission-settled":
            self._ends["", text_at(chunk, "submissionId") or ""] = time
