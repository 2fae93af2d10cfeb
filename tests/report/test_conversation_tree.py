"""What the tree of a conversation looks like, with the times of updates and without."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from flue_client_ext._report.conversation_tree import conversation_tree
from flue_client_ext._report.span import walk
from tests.core.recorded import RECORDED

from .events import Json, at, of_kind, outline, said

TOOL = """\
submission please compute 7*6 {0} completed
  message please compute 7*6 - -
  message - {1} -
    reasoning let me think harder - -
    text calling - -
    tool calculator 19 completed
    other progress - -
    text The answer is 42 é世界🎉 - -
"""


def conversation(*messages: Json, settlements: list[Json] | None = None) -> Json:
    found = {"v": 1, "conversationId": "conv_1", "offset": "7"}
    return {**found, "messages": [*messages], "settlements": settlements or []}


def message(role: str, *parts: Json, **fields: object) -> Json:
    return {"id": "m", "role": role, "display": "visible", "parts": [*parts], **fields}


def text(said: str, state: str = "done") -> Json:
    return {"type": "text", "text": said, "state": state}


def test_a_snapshot_is_shown_in_its_order_without_durations() -> None:
    root = conversation_tree(RECORDED["flue2-tool"].snapshot, ())
    assert outline(root) == TOOL.format("-", "-").splitlines()
    assert root.extent is None
    assert root.usage is not None
    assert root.usage.total == 30


def test_updates_say_when_messages_and_tools_began_and_ended() -> None:
    recorded = RECORDED["flue2-tool"]
    root = conversation_tree(recorded.snapshot, recorded.chunks)
    took = [span.duration for _, span in walk(root) if span.label == "assistant"]
    first = next(each for each in recorded.chunks if each["type"] == "message-started")
    last = [each for each in recorded.chunks if each["type"] == "message-completed"][-1]
    times = [datetime.fromisoformat(each["timestamp"]) for each in (first, last)]
    assert took == [(times[1] - times[0]) / timedelta(milliseconds=1)]
    assert outline(root) == TOOL.format("-", f"{took[0]:g}").splitlines()
    assert of_kind(root, "tool").start is not None


@pytest.mark.parametrize("name", list(RECORDED))
def test_every_recorded_conversation_is_a_tree_with_all_its_text(name: str) -> None:
    snapshot = RECORDED[name].snapshot
    shown = {
        block.text for _, span in walk(conversation_tree(snapshot, ())) for block in span.blocks
    }
    parts = [part for each in snapshot["messages"] for part in each["parts"]]
    assert {part["text"] for part in parts if part["type"] == "text"} <= shown


def test_a_joined_submission_names_the_one_that_answered() -> None:
    root = conversation_tree(RECORDED["flue2-joined"].snapshot, ())
    joined = [dict(span.facts).get("answered by") for span in root.children]
    assert [bool(host) for host in joined].count(True) == 1


def test_a_submission_that_has_not_settled_runs() -> None:
    root = conversation_tree(conversation(message("user", text("hi"), submissionId="s")), ())
    assert (root.status, outline(root)[0]) == ("running", "submission hi - running")


def test_a_failed_submission_says_why_even_without_a_message() -> None:
    error = {"name": "Error", "message": "kaput", "type": "internal_error"}
    settled = {"submissionId": "s", "outcome": "failed", "error": error, "timestamp": at(5)}
    root = conversation_tree(conversation(settlements=[settled]), ())
    assert outline(root) == ["submission - - failed"]
    assert said(root.children[0])[0][1].startswith("Error: kaput")


def test_parts_that_nobody_knows_are_shown_as_they_came() -> None:
    parts: list[Json] = [
        {"type": "hologram", "depth": 3},
        {"type": "file", "filename": "a.png", "mediaType": "image/png"},
        {"type": "dynamic-tool", "toolName": "dig", "state": "output-error", "errorText": "no"},
        text("on and on", "streaming"),
    ]
    root = conversation_tree(conversation(message("assistant", *parts)), ())
    assert outline(root) == [
        "message - - -",
        "  other - - -",
        "  other a.png - -",
        "  tool dig - failed",
        "  text on and on - unfinished",
    ]


def test_times_of_messages_alone_make_no_durations() -> None:
    """2.2 says when a message was made, and when a submission ended."""
    messages = [message("user", text("hi"), timestamp=at(0), submissionId="s")]
    settled = {"submissionId": "s", "outcome": "completed", "timestamp": at(50)}
    root = conversation_tree(conversation(*messages, settlements=[settled]), ())
    assert outline(root) == ["submission hi - completed", "  message hi - -"]
    assert root.extent is not None
    assert root.extent[1] - root.extent[0] == 50


@pytest.mark.parametrize(
    "snapshot",
    [
        {},
        {"messages": None, "settlements": 7},
        {"messages": [None, 3, {"parts": "x"}, {"parts": [None, 1, {}]}], "settlements": [None]},
        {"messages": [{"id": {}, "role": [], "metadata": 1, "parts": [{"type": 5, "text": {}}]}]},
    ],
)
def test_snapshots_of_any_shape_make_a_tree(snapshot: Json) -> None:
    conversation_tree(snapshot, [{}, {"type": "message-started"}, {"type": "tool-output"}])
