"""What travels between processes: every public value and every public error pickles and copies."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import attrs
import pytest

import flue_client_ext
from flue_client.models import ConversationMessage, ConversationSettlement
from flue_client_ext import (
    UNSET,
    Admission,
    AgentCheckpoint,
    Attachment,
    BackoffOptions,
    Batch,
    Checkpoint,
    ConversationState,
    DataUpdate,
    EventBatch,
    FailedAttempt,
    FlueAbortError,
    FlueApiError,
    FlueConnectionError,
    FlueError,
    FlueExecutionError,
    FlueProtocolError,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
    ReasoningDelta,
    Reply,
    ReplyOutcome,
    Retracted,
    RunNotReadableError,
    RunOutcome,
    StreamResetError,
    StreamStats,
    TextDelta,
    ToolCall,
    ToolResult,
    UnsupportedByServerError,
    UnsupportedFlueEventVersionError,
    UpdateBatch,
    UpdateCheckpoint,
    WorkflowApiNotFoundError,
    WorkflowRunResult,
)
from flue_client_ext._values.http import Response
from flue_client_ext.errors._base import Names

ENVELOPE = b'{"error": {"type": "t", "message": "m", "details": "d", "meta": {"a": [1]}}}'
RESPONSE = Response(409, {"x-request-id": "7"}, ENVELOPE)
MESSAGE = ConversationMessage({"id": "m", "role": "assistant", "parts": [{"type": "text"}]})
SETTLEMENT = ConversationSettlement({"submissionId": "s", "outcome": "completed"})
REPLY = Reply("text", {"a": [1]}, {"model": "x"}, MESSAGE, "s", "u", {"input": 1}, {"id": "x"})
KNOWN: Names = {
    "run_id": "run_1",
    "conversation_url": "http://h/agents/a/1",
    "submission_id": "sub_1",
    "idempotency_key": "key",
}

VALUES: list[Any] = [
    Admission("s", "5", "u", True, "key"),
    AgentCheckpoint("/agents/a/1", "5", "s", 7, 2),
    Attachment(b"\0\xff", "image/png", "dot.png"),
    BackoffOptions(max_retries=None, on_failed_attempt=print),
    Batch([{"a": 1}], "5", True, True),
    Checkpoint("run_1", "5", 7),
    ConversationState((MESSAGE,), (SETTLEMENT,), "5", "live", ("s",)),
    DataUpdate("progress", {"percent": 5}),
    EventBatch([], "5"),
    FailedAttempt(1, 0.5, "refused", 503),
    REPLY,
    ReasoningDelta("hm"),
    ReplyOutcome(1, "id", "s", REPLY),
    Retracted(),
    RunOutcome(1, "run_1", {"a": [1]}),
    StreamStats("waiting", "sse", 1, 2, 3, 0.5),
    TextDelta("a"),
    ToolCall("calculator", "c", {"a": 1}),
    ToolResult("c", {"a": 1}, "error", 1.5),
    UpdateBatch([], "5"),
    UpdateCheckpoint("/agents/a/1", "5", 1, 2, "incarnation"),
    WorkflowRunResult("run_1", {"a": [1]}),
]
ERRORS: list[FlueError] = [
    FlueAbortError({"why": "late"}, **KNOWN),
    FlueApiError(RESPONSE, explanation="why", **KNOWN),
    FlueConnectionError("lost", cause="reset", offset="5", **KNOWN),
    FlueError("words"),
    FlueExecutionError(target="workflow", target_id="run_1", failure="failed", error={"a": [1]}),
    FlueProtocolError("no JSON", url="http://h/runs/1", offset="5", proxy="http://p", **KNOWN),
    FlueTimeoutError("late", cause="silence", offset="5", **KNOWN),
    InvokeOutcomeUnknownError("unknown", cause="reset", **KNOWN),
    RunNotReadableError(RESPONSE, read=False, **KNOWN),
    StreamResetError(offset="5", tail="3", **KNOWN),
    UnsupportedByServerError("history", versions="1", generation="beta.3", instead="x", **KNOWN),
    UnsupportedFlueEventVersionError(received={"v": 4}, supported=3, **KNOWN),
    WorkflowApiNotFoundError(RESPONSE, **KNOWN),
]


def pickled(protocol: int) -> Callable[[Any], Any]:
    return lambda value: pickle.loads(pickle.dumps(value, protocol))


WAYS: list[Callable[[Any], Any]] = [
    copy.copy,
    copy.deepcopy,
    *(pickled(protocol) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)),
]


def named(value: object) -> str:
    return type(value).__name__


@pytest.mark.parametrize("value", VALUES, ids=named)
def test_a_value_is_the_same_in_another_process(value: Any) -> None:
    for way in WAYS:
        again = way(value)
        assert type(again) is type(value)
        assert again == value
        assert repr(again) == repr(value)


def test_what_is_left_out_is_left_out_in_another_process_too() -> None:
    assert [way(UNSET) is UNSET for way in WAYS] == [True] * len(WAYS)


@pytest.mark.parametrize("error", ERRORS, ids=named)
def test_an_error_is_the_same_in_another_process(error: FlueError) -> None:
    error.add_note("a note")
    for way in WAYS:
        again = way(error)
        assert type(again) is type(error)
        assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))
        assert again.__notes__ == error.__notes__


@pytest.mark.parametrize(
    ("good", "value"),
    [(ReplyOutcome(1, "id", "s", REPLY), REPLY), (RunOutcome(1, "run_1", None), None)],
)
def test_an_outcome_returns_its_value_or_raises_its_error(good: Any, value: object) -> None:
    assert good.unwrap() is value
    error = ERRORS[1]
    with pytest.raises(FlueApiError) as raised:
        attrs.evolve(good, error=error).unwrap()
    assert raised.value is error


@pytest.mark.parametrize("kind", [ReplyOutcome, RunOutcome])
def test_an_outcome_takes_its_error_along(kind: type[Any]) -> None:
    outcome = kind(1, "id", None, error=ERRORS[1])
    for way in WAYS:
        again = way(outcome)
        assert (again.index, again.ok, type(again.error)) == (1, False, FlueApiError)
        assert vars(again.error) == vars(ERRORS[1])


def test_every_public_value_and_error_is_in_these_lists() -> None:
    public = [getattr(flue_client_ext, name) for name in dir(flue_client_ext)]
    plain = {
        kind.__name__
        for kind in public
        if isinstance(kind, type)
        and not kind.__module__.startswith("flue_client.models")
        and (attrs.has(kind) or issubclass(kind, tuple | FlueError))
    }
    assert plain == {named(one) for one in (*VALUES, *ERRORS)}
