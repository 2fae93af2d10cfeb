"""What each chunk of a conversation does to the snapshot, and what comes of strange ones."""

from __future__ import annotations

import tracemalloc
from copy import deepcopy
from typing import Any

import pytest

from flue_client_ext import FlueProtocolError
from flue_client_ext._flue.fold import Fold

from .conversation import Json
from .recorded import RECORDED, Recorded

CHECKPOINT = {"type": "stream-checkpoint", "incarnation": "i1"}


def text(words: str, state: str = "done", type: str = "text") -> Json:
    return {"type": type, "text": words, "state": state}


def tool(state: str = "input-available", call: str = "c1", **more: Any) -> Json:
    ids = {"type": "dynamic-tool", "toolName": "t", "toolCallId": call, "input": {"n": 1}}
    return {**ids, "state": state, **more}


def message(*parts: Json, id: str = "m1", **more: Any) -> Json:
    return {"id": id, "role": "assistant", "submissionId": "s1", "parts": [*parts], **more}


def snapshot(*messages: Json, settlements: tuple[Json, ...] = (), **more: Any) -> Json:
    return {
        "v": 1,
        "conversationId": "c",
        "offset": "o1",
        "incarnation": "i1",
        "messages": [*messages],
        "settlements": [*settlements],
        **more,
    }


def chunk(type: str, batch: int = 1, index: int = 0, **fields: Any) -> Json:
    position = {"batch": batch, "index": index}
    return {"type": type, "conversationId": "c", **fields, "position": position}


def delta(words: str, kind: str = "text", **more: Any) -> Json:
    return chunk("message-delta", messageId="m1", kind=kind, delta=words, **more)


TOOL_INPUT: Json = {"messageId": "m1", "toolCallId": "c1", "toolName": "t", "input": {"n": 1}}
STARTED: Json = {
    "id": "m1",
    "role": "assistant",
    "purpose": "assistant",
    "display": "visible",
    "parts": [],
}
OPEN = text("a", "streaming")
#: What it is about, the message before, the chunk, the message after.
EFFECTS: list[tuple[str, Json, Json, Json]] = [
    ("a delta goes on", message(OPEN), delta("b"), message(text("ab", "streaming"))),
    ("a delta begins a part", message(), delta("b"), message(text("b", "streaming"))),
    ("an empty delta begins a part", message(), delta(""), message(text("", "streaming"))),
    (
        "a delta of the other kind closes the text",
        message(OPEN),
        delta("b", "reasoning"),
        message(text("a"), text("b", "streaming", "reasoning")),
    ),
    (
        "a delta behind a text that is done begins a part",
        message(text("a")),
        delta("b"),
        message(text("a"), text("b", "streaming")),
    ),
    (
        "a delta behind a data part leaves the text before it open",
        message(OPEN, {"type": "data-d", "data": 1}),
        delta("b"),
        message(OPEN, {"type": "data-d", "data": 1}, text("b", "streaming")),
    ),
    (
        "a kind of the future is kept and closes no part when it ends",
        message(text("a", "streaming", "nova")),
        delta("b"),
        message(text("a", "streaming", "nova"), text("b", "streaming")),
    ),
    (
        "half a character waits for the other one",
        message(text("\ud83c", "streaming")),
        delta("\udf89"),
        message(text("🎉", "streaming")),
    ),
    ("a call", message(OPEN), chunk("tool-input", **TOOL_INPUT), message(text("a"), tool())),
    (
        "an output",
        message(tool(), text("b")),
        chunk("tool-output", toolCallId="c1", output=[1], durationMs=3, timestamp="t"),
        message(tool("output-available", output=[1], durationMs=3), text("b")),
    ),
    (
        "the output null",
        message(tool()),
        chunk("tool-output", toolCallId="c1", output=None),
        message(tool("output-available", output=None)),
    ),
    (
        "no output at all",
        message(tool()),
        chunk("tool-output", toolCallId="c1"),
        message(tool("output-available")),
    ),
    (
        "an error in the place of an output",
        message(tool("output-available", output=1, durationMs=2)),
        chunk("tool-output-error", toolCallId="c1", errorText="no"),
        message(tool("output-error", errorText="no", durationMs=2)),
    ),
    (
        "an output in the place of an error",
        message(tool("output-error", errorText="no")),
        chunk("tool-output", toolCallId="c1", output=1, durationMs=2),
        message(tool("output-available", output=1, durationMs=2)),
    ),
    (
        "data behind an open text",
        message(OPEN),
        chunk("data-part", messageId="m1", name="d", data={"a": 1}),
        message(OPEN, {"type": "data-d", "data": {"a": 1}}),
    ),
    (
        "data in its place",
        message({"type": "data-d", "data": {"a": 1}}, OPEN),
        chunk("data-part", messageId="m1", name="d", data=None),
        message({"type": "data-d", "data": None}, OPEN),
    ),
    (
        "metadata where there is none",
        message(),
        chunk("message-metadata", messageId="m1", metadata={"a": {"b": 1}}),
        message(metadata={"a": {"b": 1}}),
    ),
    (
        "metadata merged into what there is",
        message(metadata={"a": {"b": 1, "c": {"d": 1}}, "e": [1], "f": {"g": 1}}),
        chunk(
            "message-metadata",
            messageId="m1",
            metadata={"a": {"c": {"x": 2}}, "e": {"y": 1}, "f": 3, "__proto__": 1, "prototype": 2},
        ),
        message(metadata={"a": {"b": 1, "c": {"d": 1, "x": 2}}, "e": {"y": 1}, "f": 3}),
    ),
    (
        "all open parts are done when a message completes",
        message(OPEN, {"type": "data-d", "data": 1}, text("b", "streaming", "reasoning"), tool()),
        chunk("message-completed", messageId="m1", timestamp="t"),
        message(text("a"), {"type": "data-d", "data": 1}, text("b", "done", "reasoning"), tool()),
    ),
    (
        "an appended message in the place of its earlier self",
        message(text("a"), tool()),
        chunk("message-appended", message=message(text("z"), role="user")),
        message(text("z"), role="user"),
    ),
]
#: Chunks that change nothing of `snapshot(message(tool(), OPEN))`.
NO_EFFECT = {
    "a delta of an unknown message": delta("x") | {"messageId": "m2"},
    "an empty delta": delta(""),
    "a message that is there and begins its next step": chunk("message-started", messageId="m1"),
    "a call that is there": chunk("tool-input", **TOOL_INPUT),
    "a call of an unknown message": chunk("tool-input", **{**TOOL_INPUT, "messageId": "m2"}),
    "an output of an unknown call": chunk("tool-output", toolCallId="c2", output=1),
    "an error of an unknown call": chunk("tool-output-error", toolCallId="c2", errorText="1"),
    "data of an unknown message": chunk("data-part", messageId="m2", name="d", data=1),
    "metadata of an unknown one": chunk("message-metadata", messageId="m2", metadata={"a": 1}),
    "the end of an unknown message": chunk("message-completed", messageId="m2"),
    "a type of the future": chunk("nova", messageId="m1"),
    "a type of the future without a position": {"type": "nova"},
    "the checkpoint": CHECKPOINT,
}
#: Chunks of known types that are not what the protocol says.
MALFORMED: list[Any] = [
    None,
    [],
    {},
    {"type": ["message-delta"]},
    {"type": "stream-checkpoint"},
    {key: value for key, value in delta("x").items() if key != "position"},
    {key: value for key, value in delta("x").items() if key != "conversationId"},
    {key: value for key, value in delta("x").items() if key != "delta"},
    {**delta("x"), "position": {"batch": None, "index": 0}},
    {**delta("x"), "messageId": []},
    {**delta("x"), "delta": 5},
    {**delta("x", "reasoning"), "delta": None},
    {**delta("x"), "kind": None},
    chunk("data-part", messageId="m1", name=None, data=1),
    chunk("message-appended", message={"id": "m2", "parts": [{"text": "a"}]}),
    chunk("message-appended", message={"parts": []}),
    chunk("message-appended", message={"id": "m2"}),
    chunk("message-appended", message={"id": "m2", "parts": ["a"]}),
    chunk("message-started"),
    chunk("message-metadata", messageId="m1", metadata=None),
    chunk("conversation-reset", snapshot={"v": 1}),
    chunk("submission-settled", outcome="completed"),
    chunk("tool-output", output=1),
]


@pytest.mark.parametrize(
    ("before", "chunk", "after"),
    [case[1:] for case in EFFECTS],
    ids=[case[0] for case in EFFECTS],
)
def test_the_effect_of_a_chunk(before: Json, chunk: Json, after: Json) -> None:
    given = deepcopy((before, chunk))
    fold = Fold(snapshot(before))
    assert fold.apply(chunk)
    assert fold.snapshot() == snapshot(after)
    assert (before, chunk) == given


@pytest.mark.parametrize("chunk", NO_EFFECT.values(), ids=list(NO_EFFECT))
def test_a_chunk_without_effect(chunk: Json) -> None:
    fold = Fold(snapshot(message(tool(), OPEN)))
    before = fold.snapshot()
    assert not fold.apply(chunk)
    assert fold.snapshot() == before
    assert fold.snapshot()["messages"][0] is before["messages"][0]


@pytest.mark.parametrize("chunk", MALFORMED)
def test_a_malformed_chunk_is_an_error_of_the_protocol(chunk: Any) -> None:
    fold = Fold(snapshot(message(text("a", "streaming"))))
    before = fold.snapshot()
    with pytest.raises(FlueProtocolError):
        fold.apply(chunk)
    assert fold.snapshot() == before


@pytest.mark.parametrize("given", [[], {}, {"messages": []}, snapshot({"parts": []})])
def test_a_malformed_snapshot_is_an_error_of_the_protocol(given: Any) -> None:
    with pytest.raises(FlueProtocolError):
        Fold(given)


def test_a_message_that_starts_has_what_the_snapshot_of_a_server_has() -> None:
    fold = Fold(snapshot())
    ids: Json = {"messageId": "m1", "submissionId": "s1", "turnId": "t1"}
    fold.apply(chunk("message-started", **ids, metadata={"a": 1}, timestamp="t"))
    fold.apply(chunk("message-started", 2, messageId="m2", submissionId=""))
    first = {**STARTED, "submissionId": "s1", "turnId": "t1", "metadata": {"a": 1}}
    assert fold.snapshot()["messages"] == [first, {**STARTED, "id": "m2"}]


def test_a_message_that_starts_on_the_betas_has_their_metadata() -> None:
    """Servers without an incarnation."""
    fold = Fold()
    told: Json = {"timestamp": "t", "model": {"id": "m"}}
    fold.apply(chunk("message-started", 1, messageId="m1", submissionId="s1", **told))
    fold.apply(chunk("message-completed", 2, messageId="m1", usage={"input": 1}))
    fold.apply(chunk("message-started", 3, messageId="m2"))
    metadata = {**told, "usage": {"input": 1}}
    assert fold.snapshot()["messages"] == [
        message(metadata=metadata),
        {"id": "m2", "role": "assistant", "parts": []},
    ]


def test_a_message_completes_once() -> None:
    """Parts that something else has closed are done already; usage is a matter of the betas."""
    fold = Fold(snapshot(message({"type": "data-d", "data": 1})))
    fold.apply(chunk("data-part", 1, messageId="m1", name="d", data=2))
    fold.apply(delta("a", batch=2))
    fold.apply(chunk("tool-input", 3, **TOOL_INPUT))
    before = fold.snapshot()
    assert not fold.apply(chunk("message-completed", 4, messageId="m1", usage={"input": 1}))
    assert fold.snapshot() == before


def test_a_message_that_is_replaced_loses_what_was_appended() -> None:
    fold = Fold(snapshot(message(OPEN)))
    fold.apply(delta("b"))
    fold.apply(chunk("message-appended", 2, message=message(text("z"))))
    assert fold.snapshot()["messages"] == [message(text("z"))]


def test_of_two_messages_with_one_id_the_first_one_changes() -> None:
    fold = Fold(snapshot(message(), message(text("z"))))
    fold.apply(delta("a"))
    assert fold.snapshot()["messages"] == [message(text("a", "streaming")), message(text("z"))]


def test_an_output_goes_to_the_latest_message_that_has_the_call() -> None:
    fold = Fold(snapshot(message(tool()), message(tool(), id="m2"), message(id="m3")))
    fold.apply(chunk("tool-output", toolCallId="c1", output=1))
    done = tool("output-available", output=1)
    expected = [message(tool()), message(done, id="m2"), message(id="m3")]
    assert fold.snapshot()["messages"] == expected


def test_a_settlement_is_appended_or_replaces_the_earlier_one() -> None:
    earlier, other = ({"submissionId": id, "outcome": "failed"} for id in ("s1", "s2"))
    fold = Fold(snapshot(settlements=(earlier, other)))
    settled: Json = {"outcome": "completed", "answeredBySubmissionId": "s3", "nova": 1}
    fold.apply(chunk("submission-settled", submissionId="s1", **settled, timestamp="t"))
    fold.apply(chunk("submission-settled", 2, submissionId="s3", outcome="aborted"))
    assert fold.snapshot()["settlements"] == [
        {"submissionId": "s1", **settled},
        other,
        {"submissionId": "s3", "outcome": "aborted"},
    ]


def test_a_reset_replaces_everything_but_the_incarnation() -> None:
    fold = Fold(snapshot(message(text("a")), settlements=({"submissionId": "s1"},), before="b"))
    fresh = snapshot(message(OPEN), offset="o9", nova=1)
    del fresh["incarnation"]
    assert fold.apply(chunk("conversation-reset", 9, snapshot=fresh))
    assert fold.snapshot() == {**fresh, "incarnation": "i1"}
    assert fold.apply(delta("b", batch=10))
    assert fold.snapshot()["messages"] == [message(text("ab", "streaming"))]
    assert fresh["messages"] == [message(OPEN)]


def test_a_chunk_at_an_earlier_or_equal_position_is_a_redelivery() -> None:
    fold = Fold(snapshot(message()))
    assert fold.apply(delta("a", batch=5, index=7))
    for batch, index in ((5, 7), (5, 6), (4, 99)):
        assert not fold.apply(delta("x", batch=batch, index=index))
    reset = chunk("conversation-reset", 5, 7, snapshot=snapshot())
    assert not fold.apply(reset)
    assert fold.apply(delta("b", batch=5, index=9))
    assert fold.apply(delta("c", batch=8, index=0))
    assert fold.snapshot()["messages"] == [message(text("abc", "streaming"))]


def test_a_strange_incarnation_is_told_and_nothing_changes_after_it() -> None:
    fold = Fold(snapshot(message()))
    other = {**CHECKPOINT, "incarnation": "i2"}
    assert not fold.apply_batch([other, delta("x"), CHECKPOINT, delta("y", batch=2)], "o2")
    assert fold.superseded
    assert fold.snapshot() == snapshot(message())


def test_a_strange_conversation_supersedes_where_no_incarnation_is_named() -> None:
    given = snapshot(message())
    del given["incarnation"]
    fold = Fold(given)
    assert not fold.apply({**delta("x"), "conversationId": "c2"})
    assert fold.superseded
    assert fold.snapshot() == given


def test_a_reset_may_lead_to_another_conversation() -> None:
    fold = Fold(snapshot(message()))
    assert fold.apply(delta("a", batch=9))
    fresh = snapshot(conversationId="c2", offset="o3")
    reset = {**chunk("conversation-reset", 3, snapshot=fresh), "conversationId": "c2"}
    assert fold.apply(reset)
    assert not fold.superseded
    assert fold.snapshot() == fresh


def test_an_empty_fold_is_an_empty_conversation() -> None:
    fold = Fold()
    assert fold.snapshot() == {"v": 1, "messages": [], "settlements": []}
    assert (fold.offset, fold.pending, fold.busy, fold.superseded) == (None, (), False, False)


def test_the_offset_moves_past_whole_batches() -> None:
    fold = Fold(snapshot(message()))
    assert not fold.apply_batch([CHECKPOINT], "o2")
    assert fold.offset == fold.snapshot()["offset"] == "o2"
    fold.apply(delta("a"))
    assert fold.offset == "o2"


def test_a_submission_is_pending_until_it_settles() -> None:
    user = message(text("?"), id="m0", role="user")
    joined = message(text("?"), id="m2", role="user", submissionId="s2")
    fold = Fold(snapshot(user, settlements=({"submissionId": "s0", "outcome": "completed"},)))
    assert [*fold.pending, fold.busy] == ["s1", True]
    fold.apply(chunk("message-started", 1, messageId="m1", submissionId="s1"))
    fold.apply(chunk("message-appended", 2, message=joined))
    assert list(fold.pending) == ["s1", "s2"]
    fold.apply(chunk("submission-settled", 3, submissionId="s1", outcome="completed"))
    assert list(fold.pending) == ["s2"]
    settled = ({"submissionId": "s2", "outcome": "aborted"},)
    fold.apply(chunk("conversation-reset", 4, snapshot=snapshot(joined, settlements=settled)))
    assert [*fold.pending, fold.busy] == [False]


@pytest.mark.parametrize("id", [None, "", 5, ["s1"], {}])
def test_a_submission_id_that_is_none_is_not_pending(id: Any) -> None:
    assert Fold(snapshot(message(submissionId=id))).pending == ()


def test_a_snapshot_that_was_given_out_never_changes() -> None:
    fold = Fold(snapshot(message(OPEN), message(tool("input-available", "c2"), id="m2")))
    first = fold.snapshot()
    kept = deepcopy(first)
    fold.apply(delta("b", batch=1))
    second = fold.snapshot()
    fold.apply(delta("c", batch=2))
    fold.apply(chunk("tool-output", 3, toolCallId="c2", output=1))
    fold.apply(chunk("submission-settled", 4, submissionId="s1", outcome="completed"))
    assert first == kept
    assert second["messages"][0]["parts"] == [text("ab", "streaming")]
    assert second["messages"][1] is first["messages"][1]
    assert second["settlements"] == []


def test_a_long_text_takes_memory_by_its_length_not_by_its_deltas() -> None:
    count = 20_000
    fold = Fold(snapshot(message()))
    tracemalloc.start()
    try:
        for batch in range(count):
            fold.apply(delta(f"{batch:06d}", batch=batch))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 5 * 6 * count  # each delta kept would take 55 bytes
    assert len(fold.snapshot()["messages"][0]["parts"][0]["text"]) == 6 * count


def test_metadata_of_any_depth_is_merged() -> None:
    deep: Json = {"end": 1}
    update: Json = {"more": 2}
    for _ in range(5000):
        deep, update = {"a": deep}, {"a": update}
    fold = Fold(snapshot(message(metadata=deep)))
    assert fold.apply(chunk("message-metadata", messageId="m1", metadata=update))
    merged = fold.snapshot()["messages"][0]["metadata"]
    for _ in range(5000):
        merged = merged["a"]
    assert merged == {"end": 1, "more": 2}


@pytest.mark.parametrize("recorded", RECORDED.values(), ids=list(RECORDED))
def test_a_recorded_conversation_folds_to_what_the_server_said(recorded: Recorded) -> None:
    fold = Fold()
    fold.apply_batch(recorded.chunks, recorded.snapshot["offset"])
    assert recorded.seen(fold.snapshot()) == recorded.snapshot


@pytest.mark.parametrize("recorded", RECORDED.values(), ids=list(RECORDED))
def test_a_recorded_conversation_is_not_busy_once_all_have_settled(recorded: Recorded) -> None:
    fold = Fold()
    fold.apply_batch(recorded.chunks, "o")
    settled = {each["submissionId"] for each in recorded.snapshot["settlements"]}
    asked = {id for each in recorded.snapshot["messages"] if (id := each.get("submissionId"))}
    assert set(fold.pending) == asked - settled


def outputs_of(fold: Fold) -> list[Any]:
    messages = fold.snapshot()["messages"]
    return [part.get("output") for message in messages for part in message["parts"]]


def test_an_output_goes_to_the_message_that_has_the_call_now() -> None:
    """A message that is replaced may lose a call, or get one."""
    fold = Fold(snapshot(message(tool()), message(tool(), id="m2"), message(id="m3")))
    lost = message(text("x"), id="m2")
    fold.apply(chunk("message-appended", 2, 0, message=lost))
    fold.apply(chunk("tool-output", 2, 1, toolCallId="c1", output=1))
    assert outputs_of(fold) == [1, None]
    fold.apply(chunk("message-appended", 2, 2, message=message(tool(), id="m3")))
    fold.apply(chunk("tool-output", 2, 3, toolCallId="c1", output=2))
    assert outputs_of(fold) == [1, None, 2]
    fold.apply(chunk("tool-input", 2, 4, messageId="m2", toolCallId="c2", toolName="t"))
    fold.apply(chunk("tool-output", 2, 5, toolCallId="c2", output=3))
    assert outputs_of(fold) == [1, None, 3, 2]


@pytest.mark.timeout(60)  # seconds; in quadratic time it would take many minutes
def test_outputs_of_unknown_calls_take_time_linear_in_their_number() -> None:
    count = 50_000
    fold = Fold(snapshot(*(message(id=f"m{at}") for at in range(count))))
    for at in range(count):
        assert not fold.apply(chunk("tool-output", 2, at, toolCallId="none", output=1))


@pytest.mark.timeout(60)  # seconds; in quadratic time it would take many minutes
def test_metadata_is_merged_in_time_linear_in_its_updates() -> None:
    fold = Fold(snapshot(message()))
    for at in range(100_000):
        update = {f"k{at}": {"n": at}}
        fold.apply(chunk("message-metadata", 2, at, messageId="m1", metadata=update))
    (merged,) = fold.snapshot()["messages"]
    assert len(merged["metadata"]) == 100_000


def test_metadata_that_was_taken_or_given_out_never_changes() -> None:
    given = {"a": {"b": {"c": 1}}}
    fold = Fold(snapshot(message(metadata=given)))
    update = {"a": {"d": {"e": 2}}}
    fold.apply(chunk("message-metadata", 2, 0, messageId="m1", metadata=update))
    (first,) = fold.snapshot()["messages"]
    later = {"a": {"b": {"c": 3}, "d": {"e": 4}}}
    fold.apply(chunk("message-metadata", 2, 1, messageId="m1", metadata=later))
    assert first["metadata"] == {"a": {"b": {"c": 1}, "d": {"e": 2}}}
    assert (given, update) == ({"a": {"b": {"c": 1}}}, {"a": {"d": {"e": 2}}})
    (second,) = fold.snapshot()["messages"]
    assert second["metadata"] == later
