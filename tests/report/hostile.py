"""Runs and conversations in which every string that a server chooses is an attack, keys too."""

from __future__ import annotations

from typing import Any

from flue_client.models import ConversationSnapshot, RunRecord, parse_chunk, parse_event
from flue_client_ext.report import conversation_report, run_report
from tests.contract_spec.samples import events
from tests.core.recorded import RECORDED

from .events import Json, event, run_end, run_start

ATTACK = (
    "\"'></script></style></title></pre></textarea>-->]]>"
    '<script>window.attacked = 1</script><img src="http://127.0.0.1:9/x" onerror="attacked=1">'
    '<svg onload="attacked=1"><a href="javascript:attacked=1">&lt;x&#x3c;\u202e\x00\ud800'
)
HARMLESS = "x" * len(ATTACK)
#: What the words of these fields are decides what is shown where.
_KEPT = {"type", "timestamp", "startedAt", "status", "role", "state", "outcome", "display"}


def poisoned(value: Any, poison: str) -> Any:
    """Add `poison` to every string in a JSON value, the keys of objects included."""
    if isinstance(value, dict):
        changed = {k: v if k in _KEPT else poisoned(v, poison) for k, v in value.items()}
        return {**changed, poison: poison}
    if isinstance(value, list):
        return [poisoned(each, poison) for each in value]
    return poison + value if isinstance(value, str) else value


def run_page(poison: str) -> str:
    """A page of one event of each type that was recorded, and of failures and unknown types."""
    failure = {"name": "Error", "message": "m", "meta": {"a": "b"}}
    inside = {"operationId": "o", "turnId": "t"}
    more: list[Json] = [
        run_start(input="in"),
        event("operation_start", 1, operationId="o", operationKind="k", session="s"),
        event("turn_start", 2, **inside, purpose="p"),
        event("thinking_delta", 3, **inside, delta="d"),
        event("text_delta", 3, **inside, text="d"),
        event("tool_start", 4, **inside, toolName="n", toolCallId="c", args={"a": ["b"]}),
        event("tool", 5, **inside, toolName="n", toolCallId="c", isError=True, result="r"),
        event("operation", 6, operationId="o", isError=True, error=failure),
        event("task_start", 7, taskId="k", prompt="p", agent="a", cwd="/"),
        event("task", 8, taskId="k", isError=True, result="r"),
        event("log", 8, level="warn", message="m", attributes={"a": "b"}),
        event("new", 8, a="b"),
        event("submission_settled", 9, submissionId="u", outcome="failed", error="e"),
        run_end(9, isError=True, error=failure),
    ]
    record = {"runId": "r", "workflowName": "w", "status": "errored", "startedAt": "2026"}
    parsed = [parse_event(poisoned(each, poison)) for each in [*events(), *more]]
    parsed += [parse_event({**run_start(), "type": poison})]
    return run_report(RunRecord(poisoned(record, poison)), parsed, title=poison)


def conversation_page(poison: str) -> str:
    """A page of all messages that were recorded, and of unknown parts."""
    snapshot: Json = {"conversationId": "c", "offset": "o", "messages": [], "settlements": []}
    for recorded in RECORDED.values():
        snapshot["messages"] += recorded.snapshot["messages"]
        snapshot["settlements"] += recorded.snapshot["settlements"]
    parts = [
        {"type": poison},
        {"type": f"data-{poison}", "data": 1},
        {"type": "file", "filename": "f"},
    ]
    strange = {"role": poison, "signal": {"tagName": "s"}, "display": poison, "parts": parts}
    snapshot["messages"].append(strange)
    chunks = [chunk for recorded in RECORDED.values() for chunk in recorded.chunks]
    return conversation_report(
        ConversationSnapshot(poisoned(snapshot, poison)),
        updates=[parse_chunk(poisoned(chunk, poison)) for chunk in chunks],
        title=poison,
    )


PAGES = {"run": run_page, "conversation": conversation_page}
