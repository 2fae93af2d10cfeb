"""Makes the tree of a conversation out of its snapshot, and of its updates for their times.

Messages of one submission are together, where the first of them stands. The order is that of the
snapshot; a duration is shown only where the server tells it, or both its times.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._values.jsoncodec import as_array, as_object
from .reading import amount_at, as_error, as_text, text_at, time_at
from .span import Span, Status, Usage, settle
from .turn_output import preview
from .update_times import UpdateTimes

Json = dict[str, Any]
_OUTCOMES: dict[str | None, Status] = {
    "completed": "completed",
    "failed": "failed",
    "aborted": "aborted",
}
_DATA = "data-"


def conversation_tree(snapshot: Json, updates: Iterable[Json]) -> Span:
    """Return the conversation as a span."""
    return _ConversationTree(snapshot, UpdateTimes(updates)).root()


class _ConversationTree:
    def __init__(self, snapshot: Json, times: UpdateTimes) -> None:
        self._snapshot = snapshot
        self._times = times
        self._root = Span("conversation")
        self._submissions: dict[str, Span] = {}
        self._settlements: dict[str, Json] = {}
        for each in map(as_object, as_array(snapshot.get("settlements"))):
            self._settlements[text_at(each, "submissionId") or ""] = each

    def root(self) -> Span:
        root = self._root
        root.note("conversation", text_at(self._snapshot, "conversationId"))
        root.note("offset", text_at(self._snapshot, "offset"))
        for message in map(as_object, as_array(self._snapshot.get("messages"))):
            home = self._submission(message)
            home.children.append(self._message(message))
            if home.kind == "submission" and not home.name and message.get("role") != "assistant":
                home.name = home.children[-1].name
        for id in self._settlements:
            self._submission({"submissionId": id})
        if any(span.status == "running" for span in self._submissions.values()):
            root.status = "running"
        return settle(root)

    def _submission(self, message: Json) -> Span:
        """Return the span that a message belongs to."""
        id = text_at(message, "submissionId")
        if id is None:
            return self._root
        if id not in self._submissions:
            settlement = self._settlements.get(id, {})
            outcome = text_at(settlement, "outcome")
            status = _OUTCOMES.get(outcome, "" if settlement else "running")
            span = Span("submission", label="submission", status=status)
            span.end = time_at(settlement, "timestamp") or self._times.settled(id)
            span.note("submission", id)
            host = text_at(settlement, "answeredBySubmissionId")
            span.note("answered by", host if host != id else None)
            if settlement.get("error") is not None:
                span.say("Error", as_error(settlement["error"]), "error")
            self._submissions[id] = span
            self._root.children.append(span)
        return self._submissions[id]

    def _message(self, message: Json) -> Span:
        id, metadata = text_at(message, "id") or "", as_object(message.get("metadata"))
        span = Span("message", label=text_at(message, "role") or "message")
        span.start, span.end = self._times.message(id)
        said = time_at(message, "timestamp") or time_at(metadata, "timestamp")
        span.start = said if span.start is None else span.start
        span.usage = Usage.read(metadata.get("usage"))
        span.note("message", id)
        purpose = text_at(message, "purpose")
        span.note("purpose", purpose if purpose != span.label else None)
        display = text_at(message, "display")
        span.note("display", display if display != "visible" else None)
        for name in ("signal", "settlement"):
            if message.get(name):
                span.say(name.capitalize(), as_text(message[name]), "data")
        if metadata:
            span.say("Metadata", as_text(metadata), "data")
        parts = [self._part(id, as_object(part)) for part in as_array(message.get("parts"))]
        if [part.kind for part in parts] == ["text"]:
            span.blocks[:0] = parts[0].blocks
            span.name, span.status, span.open = parts[0].name, parts[0].status, True
        else:
            span.children = parts
        return span

    def _part(self, message: str, part: Json) -> Span:
        kind = text_at(part, "type") or "part without a type"
        if kind in ("text", "reasoning"):
            text = as_text(part.get("text"))
            span = Span("text" if kind == "text" else "reasoning", preview(text), kind)
            span.open = kind == "text"
            span.say("", text)
            span.status = "unfinished" if part.get("state") == "streaming" else ""
        elif kind == "dynamic-tool":
            span = self._tool(message, part)
        elif kind.startswith(_DATA):
            span = Span("other", kind.removeprefix(_DATA), "data")
            span.say("Data", as_text(part.get("data")), "data")
        else:
            span = Span("other", text_at(part, "filename") or "", kind)
            span.say("Part", as_text({**part, "type": kind}), "data")
        return span

    def _tool(self, message: str, part: Json) -> Span:
        call, state = text_at(part, "toolCallId") or "", part.get("state")
        span = Span("tool", text_at(part, "toolName") or "", "tool", status="unfinished")
        span.start, span.end = self._times.call(message, call)
        span.duration = amount_at(part, "durationMs")
        span.note("call", call)
        if part.get("input") is not None:
            span.say("Input", as_text(part["input"]), "data")
        if state == "output-error":
            span.status = "failed"
            span.say("Error", as_error(part.get("errorText")), "error")
        elif state == "output-available":
            span.status = "completed"
            span.say("Output", as_text(part.get("output")), "data")
        return span
