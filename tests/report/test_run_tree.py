"""What the tree of a run looks like, from events as servers send them and as they might."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flue_client.models import EVENT_TYPES
from flue_client_ext._report.run_tree import run_tree
from flue_client_ext._report.span import Usage, walk
from tests.contract_spec.samples import sample, sse_payloads

from .events import (
    Json,
    at,
    deep,
    event,
    of_kind,
    outline,
    run_end,
    run_start,
    said,
    text,
    tree,
    turn,
    usage,
)

#: The tree of `wire/run-sse-model-events.http`: a prompt with a tool, a shell, a task.
RECORDED = """\
log start - -
operation compute 7*6 30 completed
  turn m1 10 completed
    tool calculator 2 completed
  turn m1 12 completed
operation - 7 completed
  tool bash 6 completed
operation - 22 completed
  task what is 2+2? 21 completed
    operation what is 2+2? 11 completed
      turn m1 8 completed
operation - 1 completed
  log [flue:compaction] Nothing to compact (no valid cut point found) - -
"""


def recorded() -> list[Json]:
    batches = sse_payloads(sample("run-sse-model-events"), "data")
    return [each for batch in batches for each in batch]


def test_a_recorded_run_is_the_tree_of_its_operations() -> None:
    root = tree(*recorded())
    assert outline(root) == RECORDED.splitlines()
    assert (root.name, root.status, root.duration) == ("research", "completed", 77)
    assert root.usage == Usage(30, 15, 0, 0, 45, 0)
    assert said(of_kind(root, "turn")) == [
        ("Reasoning", "let me think harder"),
        ("Text", "calling "),
    ]
    tool = of_kind(root, "tool")
    assert said(tool)[:2] == [("Input", '{\n  "expression": "7*6"\n}'), ("Output", '"7*6=42"')]


@pytest.mark.parametrize("cut", range(1, 64, 7))
def test_a_recorded_run_that_is_cut_has_the_same_steps(cut: int) -> None:
    """Whatever is missing at the end, what is there stands where it stood."""
    events = recorded()
    whole = [each.split()[0] for each in RECORDED.splitlines()]
    part = tree(*events[:cut])
    assert [span.kind for _, span in walk(part)] == whole[: len(list(walk(part)))]
    assert part.status == "unfinished"


def test_a_run_without_events_is_what_its_record_says() -> None:
    record = {"runId": "run_1", "workflowName": "echo", "status": "active", "startedAt": at(0)}
    root = tree(record={**record, "input": {"a": 1}})
    assert (root.name, root.status, root.duration) == ("echo", "running", None)
    assert said(root) == [("Input", '{\n  "a": 1\n}')]


@pytest.mark.parametrize(
    ("end", "status", "blocks"),
    [
        (run_end(9, result="done"), "completed", [("Result", "done")]),
        (run_end(9, result=None), "completed", [("Result", "null")]),
        (run_end(9), "completed", []),
        (
            run_end(9, isError=True, error={"name": "TypeError", "message": "kaput"}),
            "failed",
            [("Error", "TypeError: kaput")],
        ),
        (
            run_end(9, isError=True, error={"type": "x", "message": "m", "details": "d"}),
            "failed",
            [("Error", 'x: m\n{\n  "details": "d"\n}')],
        ),
        (run_end(9, isError=True, error="a string"), "failed", [("Error", "a string")]),
    ],
)
def test_the_end_of_a_run_is_its_status(end: Json, status: str, blocks: list[Any]) -> None:
    root = tree(run_start(), end, record={"status": "active", "workflowName": "research"})
    assert (root.status, said(root)) == (status, blocks)


def test_what_has_not_ended_runs_if_the_run_does() -> None:
    events = [
        run_start(),
        event("operation_start", 1, operationId="o", operationKind="prompt"),
        event("turn_start", 2, operationId="o", turnId="t", purpose="agent"),
        event("tool_start", 3, operationId="o", turnId="t", toolName="dig", toolCallId="c"),
    ]
    lines = ["operation - - {0}", "  turn - - {0}", "    tool dig - {0}"]
    running = tree(*events, record={"status": "active"})
    assert outline(running) == [line.format("running") for line in lines]
    ended = tree(*events, run_end(9))
    assert outline(ended) == [line.format("unfinished") for line in lines]


def test_an_end_without_a_beginning_is_a_step_of_the_stated_length() -> None:
    root = tree(
        event("tool", 90, operationId="o", toolName="dig", toolCallId="c", durationMs=20, result=1),
        event("operation", 100, operationId="o", operationKind="prompt", durationMs=60),
    )
    assert outline(root) == ["tool dig 20 completed", "operation - 60 completed"]
    assert [span.end - span.start for _, span in walk(root) if span.start and span.end] == [20, 60]


def test_deltas_alone_are_the_text_of_their_turn() -> None:
    inside = {"operationId": "o", "turnId": "t"}
    root = tree(
        event("turn_start", 0, **inside, purpose="agent"),
        event("thinking_delta", 1, **inside, delta="hm"),
        event("text_delta", 2, **inside, text="The \ud83d"),
        event("text_delta", 3, **inside, text="\ude00"),
    )
    assert said(of_kind(root, "turn")) == [("Reasoning", "hm"), ("Text", "The \ud83d\ude00")]


def test_deltas_of_nothing_known_are_the_text_of_the_run() -> None:
    root = tree(event("text_delta", 0, turnId="t", text="a"), event("text_delta", 1, text="b"))
    assert said(root) == [("Text", "ab")]


def test_a_whole_message_replaces_its_deltas() -> None:
    root = tree(
        event("turn_start", 0, turnId="t", purpose="agent"),
        event("text_delta", 1, turnId="t", text="The an"),
        turn(5, "t", 5, text("The answer.")),
        event("message_end", 6, turnId="t", message={"role": "assistant", "content": "again"}),
    )
    assert said(of_kind(root, "turn")) == [("Text", "The answer.")]


def test_a_turn_that_fails_says_why() -> None:
    failure = {"error": {"name": "APIError", "message": "overloaded"}}
    root = tree(
        event("turn_start", 0, turnId="t", purpose="agent"),
        turn(5, "t", 5, isError=True, response=failure, request={"requestedModel": "m1"}),
    )
    assert outline(root) == ["turn m1 5 failed"]
    assert said(of_kind(root, "turn")) == [("Error", "APIError: overloaded")]


def test_a_call_id_that_is_used_again_is_another_call() -> None:
    call = {"toolName": "dig", "toolCallId": "call_1"}
    root = tree(
        event("turn_start", 0, turnId="a", purpose="agent"),
        event("tool_start", 1, turnId="a", **call),
        event("tool", 2, turnId="a", **call, durationMs=1, isError=True, result="no"),
        event("turn_start", 3, turnId="b", purpose="agent"),
        event("tool_start", 4, turnId="b", **call),
    )
    tools = ["  tool dig 1 failed", "  tool dig - unfinished"]
    assert [line for line in outline(root) if "tool" in line] == tools


def test_parallel_tasks_of_a_model_are_in_the_calls_that_began_them() -> None:
    inside: Json = {"operationId": "o", "turnId": "t"}
    root = tree(
        event("operation_start", 0, operationId="o"),
        event("turn_start", 0, **inside, purpose="agent"),
        event("tool_start", 1, **inside, toolName="task", toolCallId="c1"),
        event("tool_start", 1, **inside, toolName="task", toolCallId="c2"),
        event("task_start", 2, operationId="o", taskId="a", prompt="first"),
        event("task_start", 2, operationId="o", taskId="b", prompt="second"),
        event("task", 9, operationId="o", taskId="a", durationMs=7, result="r", isError=False),
        event("task", 9, operationId="o", taskId="b", durationMs=7, result="r", isError=True),
    )
    assert outline(root) == [
        "operation - - unfinished",
        "  turn - - unfinished",
        "    tool task - unfinished",
        "      task first 7 completed",
        "    tool task - unfinished",
        "      task second 7 failed",
    ]


def test_the_turns_of_a_compaction_are_in_it() -> None:
    inside: Json = {"operationId": "o", "conversationId": "c", "session": "default"}
    root = tree(
        event("operation_start", 0, **inside, operationKind="compact"),
        event("compaction_start", 1, **inside, reason="manual", estimatedTokens=1200),
        event("turn_start", 2, **inside, turnId="t", purpose="compaction_prefix"),
        turn(4, "t", 2, text("In short ..."), **inside, purpose="compaction_prefix"),
        event("compaction", 5, **inside, durationMs=4, messagesBefore=9, messagesAfter=2),
    )
    assert outline(root) == [
        "operation - - unfinished",
        "  compaction manual 4 completed",
        "    turn compaction_prefix 2 completed",
    ]


def test_events_of_an_agent_are_under_their_submissions() -> None:
    inside: Json = {"submissionId": "s", "operationId": "o"}
    settled = event("submission_settled", 3, submissionId="s", outcome="failed", error="no")
    root = tree(
        event("operation_start", 1, **inside),
        event("operation", 2, **inside, durationMs=1),
        settled,
        event("log", 4, submissionId="s2", level="info", message="hi"),
    )
    assert outline(root) == [
        "submission - - failed",
        "  operation - 1 completed",
        "submission - - unfinished",
        "  log hi - -",
    ]


def test_an_event_of_an_unknown_type_is_shown_as_it_came() -> None:
    root = tree(event("quantum_leap", 1, far=True), {"no": "type"})
    assert outline(root) == ["other quantum_leap - -", "other event without a type - -"]
    assert '"far": true' in said(of_kind(root, "other"))[0][1]


@pytest.mark.parametrize(
    ("operation", "turns", "total"),
    [
        (usage(20, 10), [usage(10, 5), usage(10, 5)], 30),  # the same, said twice
        (usage(10, 5), [usage(10, 5), usage(10, 5)], 30),  # it leaves a task out
        (usage(20, 10), [usage(10, 5)], 30),  # a turn is missing
        (None, [usage(10, 5)], 15),
        (usage(20, 10), [], 30),
        ("much", [{"input": "many"}], None),
    ],
)
def test_usage_is_the_larger_of_what_is_said_and_the_sum(
    operation: Any, turns: list[Any], total: float | None
) -> None:
    events = [event("operation_start", 0, operationId="o")]
    for number, used in enumerate(turns):
        told = {"response": {"usage": used}, "operationId": "o"}
        events.append(turn(1, f"t{number}", 1, **told))
    events.append(event("operation", 2, operationId="o", durationMs=2, usage=operation))
    used = tree(*events).usage
    assert (used and used.total) == total


def test_tasks_within_tasks_without_end_are_a_tree() -> None:
    root = tree(*deep(5_000))
    assert max(depth for depth, _ in walk(root)) == 9_999


def test_ids_that_name_each_other_make_no_circle() -> None:
    events = [
        event("operation_start", 0, operationId="o", taskId="t"),
        event("task_start", 1, operationId="o", taskId="t"),
        event("operation_start", 2, operationId="o", taskId="t"),
        event("task_start", 3, operationId="o", taskId="t"),
    ]
    assert outline(tree(*events)) == ["operation - - unfinished", "  task - - unfinished"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
FIELDS: tuple[str, ...] = (
    "timestamp",
    "operationId",
    "turnId",
    "taskId",
    "toolCallId",
    "message",
    "durationMs",
)
FIELDS += (
    "response",
    "result",
    "usage",
    "isError",
    "error",
    "text",
    "delta",
    "submissionId",
    "args",
)
EVENTS = st.fixed_dictionaries(
    {"type": st.sampled_from([*EVENT_TYPES, "new", None])},
    optional={name: JSON | st.sampled_from([at(0), "x", 7]) for name in FIELDS},
)


@settings(max_examples=40)
@given(st.lists(EVENTS, max_size=12), st.dictionaries(st.text(max_size=3), JSON))
def test_events_of_any_shape_make_a_tree(events: list[Json], record: Json) -> None:
    root = run_tree(record, events)
    assert len(list(walk(root))) <= 2 * len(events)
