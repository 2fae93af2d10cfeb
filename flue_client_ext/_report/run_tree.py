"""Makes the tree of a run out of its record and its events.

Events may be missing at either end, come without their beginnings or ends, and be of any shape. A
span is placed when it begins, below the nearest one that its event names: so the tree has no
circles, whatever the events say. PROTOCOL, Events, lists what they hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from .._values.jsoncodec import as_object
from .open_spans import AnyKind, OpenSpans
from .reading import as_error, as_text, count_at, text_at, time_at
from .run_record import RunFacts
from .span import Span, settle
from .turn_output import Outputs, preview, tool_output

Json = dict[str, Any]


def run_tree(record: Json, events: Iterable[Json]) -> Span:
    """Return the run as a span; `record` is empty where there is none, as for an agent's events."""
    tree = _RunTree(record)
    for event in events:
        tree.add(event)
    return tree.finished()


class _RunTree:
    def __init__(self, record: Json) -> None:
        self._root = Span("run")
        self._run = RunFacts(record)
        self._spans = OpenSpans(self._root)
        self._outputs = Outputs()

    def add(self, event: Json) -> None:
        kind = text_at(event, "type") or "event without a type"
        effect = self._effects.get(kind)
        if effect is not None:
            effect(self, event)
        elif kind not in _WITHOUT_NEWS:
            self._moment(event, "other", kind).say("Event", as_text(event), "data")

    def finished(self) -> Span:
        """Describe the run itself, and end what has no end."""
        self._run.describe(self._root)
        self._outputs.finish()
        running = self._root.status == "running"
        self._spans.abandon("running" if running else "unfinished")
        return settle(self._root)

    def _run_start(self, event: Json) -> None:
        self._run.started(event)

    def _run_resume(self, event: Json) -> None:
        self._run.started(event)
        self._moment(event, "other", "the run was resumed")

    def _run_end(self, event: Json) -> None:
        self._run.ended(event)

    def _operation_start(self, event: Json) -> None:
        span = self._spans.begin(event, "operation", text_at(event, "operationId"))
        span.label = text_at(event, "operationKind") or "operation"
        session = text_at(event, "session")
        span.note("session", None if session == "default" else session)
        span.note("operation", text_at(event, "operationId"))

    def _operation(self, event: Json) -> None:
        span = self._spans.end(event, "operation", text_at(event, "operationId"))
        span.label = text_at(event, "operationKind") or "operation"
        result = event.get("result")
        text = as_object(result).get("text")
        if isinstance(text, str):
            span.say("Result", text)
        elif result is not None:
            span.say("Result", as_text(result), "data")

    def _turn_start(self, event: Json) -> None:
        span = self._spans.begin(event, "turn", text_at(event, "turnId"))
        span.label = "turn"
        purpose = text_at(event, "purpose") or ""
        span.name = "" if purpose == "agent" else purpose

    def _turn(self, event: Json) -> None:
        span = self._spans.end(event, "turn", text_at(event, "turnId"))
        span.label = "turn"
        self._outputs.turn(span, as_object(event.get("request")), as_object(event.get("response")))

    def _message_end(self, event: Json) -> None:
        message = as_object(event.get("message"))
        if message.get("role") == "user":
            self._outputs.prompt(self._spans.nearest(event, above_turns=True), message)
        elif message.get("role") == "assistant":
            self._outputs.whole(self._spans.nearest(event), message)

    def _text_delta(self, event: Json) -> None:
        self._outputs.part(self._spans.nearest(event), "Text", event.get("text"))

    def _thinking_delta(self, event: Json) -> None:
        self._outputs.part(self._spans.nearest(event), "Reasoning", event.get("delta"))

    def _tool_start(self, event: Json) -> None:
        home, call = self._spans.nearest(event), text_at(event, "toolCallId") or ""
        span = self._spans.begin(event, "tool", f"{id(home)} {call}")
        span.label, span.name = "tool", text_at(event, "toolName") or ""
        span.note("call", call)
        arguments = event.get("args", self._outputs.arguments(home, call))
        if arguments is not None:
            span.say("Input", as_text(arguments), "data")

    def _tool(self, event: Json) -> None:
        call = text_at(event, "toolCallId") or ""
        span = self._spans.end(event, "tool", f"{id(self._spans.nearest(event))} {call}")
        span.label, span.name = "tool", span.name or text_at(event, "toolName") or ""
        for block in tool_output(event.get("result"), span.status == "failed"):
            span.say(*block)

    def _task_start(self, event: Json) -> None:
        span = self._spans.begin(event, "task", text_at(event, "taskId"))
        prompt = text_at(event, "prompt") or ""
        span.label, span.name = "task", preview(prompt)
        span.note("agent", text_at(event, "agent"))
        span.note("folder", text_at(event, "cwd"))
        span.note("task", text_at(event, "taskId"))
        span.say("Prompt", prompt)

    def _task(self, event: Json) -> None:
        span = self._spans.end(event, "task", text_at(event, "taskId"))
        span.label, span.name = "task", span.name or text_at(event, "agent") or ""
        result = event.get("result")
        if result is not None and span.status == "failed":
            span.say("Error", as_error(result), "error")
        elif result is not None:
            span.say("Result", as_text(result))

    def _compaction_start(self, event: Json) -> None:
        span = self._spans.begin(event, "compaction", self._spans.session(event))
        span.label, span.name = "compaction", text_at(event, "reason") or ""
        span.note("estimated tokens", count_at(event, "estimatedTokens"))

    def _compaction(self, event: Json) -> None:
        span = self._spans.end(event, "compaction", self._spans.session(event))
        span.label = "compaction"
        span.note("messages before", count_at(event, "messagesBefore"))
        span.note("messages after", count_at(event, "messagesAfter"))

    def _log(self, event: Json) -> None:
        name, level = text_at(event, "message") or "", text_at(event, "level") or "log"
        span = self._moment(event, "log", name, level)
        if event.get("attributes"):
            span.say("Attributes", as_text(event["attributes"]), "data")

    def _submission_settled(self, event: Json) -> None:
        span = self._spans.end(event, "submission", text_at(event, "submissionId"))
        span.label, outcome = "submission", text_at(event, "outcome")
        if outcome in ("failed", "aborted"):
            span.status = "failed" if outcome == "failed" else "aborted"
        span.note("outcome", outcome)

    def _moment(self, event: Json, kind: AnyKind, name: str, label: str = "event") -> Span:
        """Add what has happened at one time."""
        span = Span(kind, preview(name), label, start=time_at(event, "timestamp"))
        if span.name != name:
            span.say("Text", name)
        self._spans.nearest(event).children.append(span)
        return span

    _effects: ClassVar[dict[str, Callable[[_RunTree, Json], None]]] = {
        "run_start": _run_start,
        "run_resume": _run_resume,
        "run_end": _run_end,
        "operation_start": _operation_start,
        "operation": _operation,
        "turn_start": _turn_start,
        "turn": _turn,
        "message_end": _message_end,
        "text_delta": _text_delta,
        "thinking_delta": _thinking_delta,
        "tool_start": _tool_start,
        "tool": _tool,
        "task_start": _task_start,
        "task": _task,
        "compaction_start": _compaction_start,
        "compaction": _compaction,
        "log": _log,
        "submission_settled": _submission_settled,
    }


#: The rest repeats what these say: `agent_end` the messages, `turn_messages` the turn.
_REPEATED = ("agent_start", "agent_end", "idle", "turn_messages", "message_start")
_WITHOUT_NEWS = frozenset((*_REPEATED, "thinking_start", "thinking_end"))
