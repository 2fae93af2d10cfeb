"""Finds the span that an event is about, or that it happens in, by the ids that the event names."""

from __future__ import annotations

from collections import deque
from typing import Any

from .reading import amount_at, as_error, text_at, time_at
from .span import Kind, MessageKind, Span, Status, Usage

Json = dict[str, Any]
AnyKind = Kind | MessageKind

#: What an event happens in, the nearest first, and the id that names it.
_HOMES: tuple[tuple[AnyKind, str], ...] = (
    ("turn", "turnId"),
    ("operation", "operationId"),
    ("task", "taskId"),
    ("submission", "submissionId"),
)
#: Which of these a span of a kind can be in. An event about a task or a turn names that one itself.
_FIRST_HOME: dict[AnyKind, int] = {"operation": 2, "turn": 1, "compaction": 1, "submission": 4}
_DELEGATES = "task"
"""The tool by which a model starts a task."""


class OpenSpans:
    """The spans below `root`, by kind and id."""

    def __init__(self, root: Span) -> None:
        self._root = root
        self._latest: dict[tuple[AnyKind, str], Span] = {}
        self._delegating: dict[str, deque[Span]] = {}

    def begin(self, event: Json, kind: AnyKind, key: str | None) -> Span:
        """Return the span that an event begins: a new one, unless it has begun already."""
        span = self._latest.get((kind, key or ""))
        if span is None or span.status != "unfinished":
            span = Span(kind, start=time_at(event, "timestamp"), status="unfinished")
            self._home(event, kind).children.append(span)
            self._latest[kind, key or ""] = span
            if kind == "tool" and event.get("toolName") == _DELEGATES:
                operation = text_at(event, "operationId") or ""
                self._delegating.setdefault(operation, deque()).append(span)
        return span

    def end(self, event: Json, kind: AnyKind, key: str | None) -> Span:
        """Return the span that an event ends. Without a beginning it has only what the end says."""
        span = self._latest.get((kind, key or ""))
        if span is None or span.status != "unfinished":
            span = self.begin(event, kind, key)
            span.start = None
        span.end = time_at(event, "timestamp")
        span.duration = amount_at(event, "durationMs")
        span.status = "failed" if event.get("isError") is True else "completed"
        span.usage = Usage.read(event.get("usage"))
        if event.get("error") is not None:
            span.say("Error", as_error(event["error"]), "error")
        return span

    def nearest(self, event: Json, above_turns: bool = False) -> Span:
        """Return the nearest span that an event happens in."""
        for kind, name in _HOMES[above_turns:]:
            key = text_at(event, name)
            span = None if key is None else self._latest.get((kind, key))
            if span is not None:
                return span
        return self._submission(event)

    def session(self, event: Json) -> str:
        """Return the name of the session that an event is about."""
        return f"{text_at(event, 'conversationId') or ''} {text_at(event, 'session') or ''}"

    def abandon(self, status: Status) -> None:
        """Say of what has not ended that it goes on, or that no end is known."""
        for span in self._latest.values():
            if span.status == "unfinished":
                span.status = status

    def _home(self, event: Json, kind: AnyKind) -> Span:
        if kind == "task":
            tools = self._delegating.get(text_at(event, "operationId") or "")
            while tools:
                tool = tools.popleft()
                if tool.status == "unfinished":
                    return tool
            return self.nearest({**event, "taskId": None})
        if kind == "turn" and (text_at(event, "purpose") or "").startswith("compaction"):
            compaction = self._latest.get(("compaction", self.session(event)))
            if compaction is not None and compaction.status == "unfinished":
                return compaction
        unnamed = {name: None for _, name in _HOMES[: _FIRST_HOME.get(kind, 0)]}
        return self.nearest({**event, **unnamed})

    def _submission(self, event: Json) -> Span:
        """Return the submission that an event of an agent belongs to, the root for a run's."""
        key = text_at(event, "submissionId")
        if key is None:
            return self._root
        span = self._latest[("submission", key)] = Span("submission", status="unfinished")
        span.label = "submission"
        span.note("submission", key)
        self._root.children.append(span)
        return span
