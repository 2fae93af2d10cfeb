"""Reports of runs and conversations of genuine servers."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import uuid4

import pytest

from flue_client_ext import FlueClient
from flue_client_ext._report.conversation_tree import conversation_tree
from flue_client_ext._report.run_tree import run_tree
from flue_client_ext._report.span import Span, walk
from flue_client_ext.report import conversation_report, run_report
from tests.servers.flue import FlueServer
from tests.servers.flue2 import Flue2Server

from .events import outline

#: Workflow, input, and how many spans of each kind its run has.
RUNS = {
    "research": {"log": 1, "operation": 1, "turn": 2, "tool": 2},
    "operations": {"operation": 8, "turn": 5, "tool": 3, "task": 2, "log": 1},
    "compaction": {"compaction": 4, "operation": 12},
}


def genuine_tree(server: FlueServer, workflow: str) -> Span:
    with FlueClient(server.url) as client:
        given: Any = {"input": {}} if workflow == "operations" else {}
        run_id = client.workflows.run(workflow, **given).run_id
        record, events = client.runs.get(run_id), client.runs.events(run_id)
    assert workflow in run_report(record, events)
    return run_tree(record.to_dict(), [event.to_dict() for event in events])


@pytest.mark.parametrize("workflow", list(RUNS))
def test_each_step_of_a_genuine_run_has_its_end(genuine: FlueServer, workflow: str) -> None:
    root = genuine_tree(genuine, workflow)
    assert root.status == "completed"
    spans = [span for _, span in walk(root)]
    assert [line for line in outline(root) if "unfinished" in line] == []
    assert all(span.duration is not None for span in spans if span.kind not in ("log", "other"))
    kinds = Counter[str](span.kind for span in spans)
    assert {kind: kinds[kind] for kind in RUNS[workflow]} == RUNS[workflow]
    assert "other" not in kinds


def test_a_task_of_a_models_tool_is_in_the_call(genuine: FlueServer) -> None:
    root = genuine_tree(genuine, "operations")
    calls = [span for _, span in walk(root) if (span.kind, span.name) == ("tool", "task")]
    assert [[child.kind for child in call.children] for call in calls] == [["task"]]


def test_a_genuine_conversation_has_the_times_of_its_updates(genuine2: Flue2Server) -> None:
    with FlueClient(genuine2.url) as client:
        conversation = client.agents.conversation("tools", uuid4().hex)
        conversation.ask("6/3")
        snapshot, updates = conversation.history(), [*conversation.updates(live=False)]
    assert "divide" in conversation_report(snapshot, updates=updates)
    root = conversation_tree(snapshot.to_dict(), [chunk.to_dict() for chunk in updates])
    timed = [span for _, span in walk(root) if span.start is not None and span.end is not None]
    assert [span.label for span in timed] == ["assistant", "tool"]
