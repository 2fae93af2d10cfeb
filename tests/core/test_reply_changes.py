"""What a reply that comes in pieces shows, whatever the pieces are."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flue_client_ext._flue.fold import Fold
from flue_client_ext._flue.reply import (
    find_settlement,
    parts_of,
    read_reply,
    running_reply,
    text_of,
)
from flue_client_ext._flue.reply_change import (
    DataUpdate,
    ReasoningDelta,
    ReplyChange,
    Retracted,
    TextDelta,
    ToolCall,
    ToolResult,
)
from flue_client_ext._flue.reply_changes import ReplyChanges

from .conversation import Conversation, Json, random_deeds
from .recorded import RECORDED


def text(words: str, state: str = "streaming", type: str = "text") -> Json:
    return {"type": type, "text": words, "state": state}


def call(id: Any = "c1", **more: Any) -> Json:
    named = {"type": "dynamic-tool", "toolName": "t", "toolCallId": id, "input": [1]}
    return {**named, "state": "input-available", **more}


def written(data: Any) -> Json:
    return {"type": "data-d", "data": data}


def reply(*parts: Json, by: str = "s1") -> Json:
    return {"id": f"m {by}", "role": "assistant", "submissionId": by, "parts": [*parts]}


def snapshot(*messages: Json, settlements: tuple[Json, ...] = ()) -> Json:
    return {"v": 1, "messages": [*messages], "settlements": [*settlements]}


def shown(*states: Sequence[Json]) -> list[ReplyChange]:
    """What each of these states of the reply shows after the one before."""
    changes = ReplyChanges("s1")
    return [each for parts in states for each in changes.advance(snapshot(reply(*parts)))]


DONE: Json = {"state": "output-available", "output": {"a": 1}, "durationMs": 3}
SHOWN = ToolCall("t", "c1", [1])
STATES: dict[str, tuple[list[list[Json]], list[ReplyChange]]] = {
    "text that grows": (
        [[text("a")], [text("ab")], [text("ab", "done")]],
        [TextDelta("a"), TextDelta("b")],
    ),
    "a new part brings the blank line": (
        [[text("a")], [text("a", "done"), text("")], [text("a", "done"), text("b")]],
        [TextDelta("a"), TextDelta("\n\n"), TextDelta("b")],
    ),
    "several parts at once, in their order": (
        [
            [
                text("r", "done", "reasoning"),
                text("a", "done"),
                call(**DONE),
                written(1),
                text("s", "done", "reasoning"),
                text("b"),
            ]
        ],
        [
            ReasoningDelta("r"),
            TextDelta("a"),
            SHOWN,
            ToolResult("c1", {"a": 1}, None, 3),
            DataUpdate("d", 1),
            ReasoningDelta("\n\ns"),
            TextDelta("\n\nb"),
        ],
    ),
    "a call and later its result": (
        [[call()], [call(), text("a")], [call(**DONE), text("a")]],
        [SHOWN, TextDelta("a"), ToolResult("c1", {"a": 1}, None, 3)],
    ),
    "a call that fails": (
        [[call()], [call(state="output-error", errorText="no")]],
        [SHOWN, ToolResult("c1", None, "no", None)],
    ),
    "two calls of one id": (
        [[call(), call()], [call(**DONE), call()], [call(**DONE), call(**DONE)]],
        [SHOWN, SHOWN, *[ToolResult("c1", {"a": 1}, None, 3)] * 2],
    ),
    "data that is written again": (
        [[written(1)], [written(1)], [written(True)], [written([])], [written([])]],
        [DataUpdate("d", 1), DataUpdate("d", True), DataUpdate("d", [])],
    ),
    "text that is taken back": (
        [[text("ab")], [], [text("x")]],
        [TextDelta("ab"), Retracted(), TextDelta("x")],
    ),
    "text that is replaced": (
        [[text("ab")], [text("ax")]],
        [TextDelta("ab"), Retracted(), TextDelta("ax")],
    ),
    "reasoning that is taken back: what holds of the text comes again": (
        [
            [text("a", "done"), text("r", "done", "reasoning")],
            [text("a", "done"), text("s", "done", "reasoning")],
        ],
        [TextDelta("a"), ReasoningDelta("r"), Retracted(), TextDelta("a"), ReasoningDelta("s")],
    ),
    "a retraction repeats no calls and data that are still there": (
        [
            [call(**DONE), written(1), text("ab")],
            [call(**DONE), written(1), text("x")],
        ],
        [
            SHOWN,
            ToolResult("c1", {"a": 1}, None, 3),
            DataUpdate("d", 1),
            TextDelta("ab"),
            Retracted(),
            TextDelta("x"),
        ],
    ),
    "a call that was taken back and comes again": ([[call()], [], [call()]], [SHOWN, SHOWN]),
    "nothing that could be taken back": ([[text("")], []], []),
    "half a character waits": (
        [[text("a\ud83c")], [text("a🎉")]],
        [TextDelta("a"), TextDelta("🎉")],
    ),
    "half a character that stays half": (
        [[text("a\ud83c")], [text("a\ud83c", "done"), text("b")]],
        [TextDelta("a"), TextDelta("\ud83c"), TextDelta("\n\nb")],
    ),
    "what is not shown": ([[{"type": "file", "mediaType": "m"}, {"type": "nova"}]], []),
    "parts that break the protocol": (
        [[{}, {"type": 5}, {"type": ["text"]}, {"type": "dynamic-tool"}, call(["c1"]), text("a")]],
        [TextDelta("a")],
    ),
}


@pytest.mark.parametrize(("states", "changes"), STATES.values(), ids=list(STATES))
def test_what_is_shown(states: list[list[Json]], changes: list[ReplyChange]) -> None:
    assert shown(*deepcopy(states)) == changes


def test_half_a_character_at_the_end_of_a_settled_reply_is_shown() -> None:
    changes = ReplyChanges("s1")
    half = reply(text("a\ud83c", "done"))
    assert changes.advance(snapshot(half)) == [TextDelta("a")]
    settled = {"submissionId": "s1", "outcome": "completed"}
    assert changes.advance(snapshot(half, settlements=(settled,))) == [TextDelta("\ud83c")]
    assert changes.text == "a\ud83c"


def test_the_replies_of_others_are_not_shown() -> None:
    changes = ReplyChanges("s1")
    asked = {"id": "u", "role": "user", "submissionId": "s1", "parts": [text("?")]}
    assert changes.advance(snapshot(reply(text("x"), by="s0"), asked)) == []
    aborted = {"submissionId": "s1", "outcome": "aborted"}
    end = snapshot(reply(text("x"), by="s0"), asked, settlements=(aborted,))
    assert changes.advance(end) == []


def test_a_submission_that_joins_shows_the_response_of_its_host() -> None:
    recorded = RECORDED["flue2-joined"]
    ids = [each["submissionId"] for each in recorded.snapshot["settlements"]]
    for id in ids:
        fold, changes = Fold(), ReplyChanges(id)
        every = [
            change
            for chunk in recorded.chunks
            for change in changes.apply_batch(fold, [chunk], "o")
        ]
        assert all(isinstance(change, TextDelta) for change in every)
        assert len(every) > 3
        assert changes.text == read_reply(recorded.snapshot, id).text


def test_each_value_of_a_data_part_is_shown_even_in_one_batch() -> None:
    recorded = RECORDED["flue2-tool"]
    changes = ReplyChanges(recorded.snapshot["settlements"][0]["submissionId"])
    assert changes.apply_batch(Fold(), recorded.chunks, "o") == [
        ReasoningDelta("let me think harder"),
        TextDelta("calling "),
        ToolCall("calculator", "call_calculator", {"expression": "7*6"}),
        DataUpdate("progress", {"pct": 50}),
        DataUpdate("progress", {"pct": 100}),
        ToolResult("call_calculator", "7*6=42", None, 19),
        TextDelta("\n\nThe answer is 42 é世界🎉"),
    ]


def test_on_the_betas_the_text_of_a_step_is_taken_back_by_the_next() -> None:
    recorded = RECORDED["beta9-tool"]
    changes = ReplyChanges(recorded.snapshot["settlements"][0]["submissionId"])
    fold = Fold()
    every = [c for chunk in recorded.chunks for c in changes.apply_batch(fold, [chunk], "o")]
    assert TextDelta("calling ") in every
    last = len(every) - every[::-1].index(Retracted())
    assert "".join(c.text for c in every[last:] if isinstance(c, TextDelta)) == changes.text
    assert changes.text == recorded.snapshot["settlements"][0]["result"]["text"]


def expected_text(snapshot: Json, submission: str) -> str:
    settlement = find_settlement(snapshot, submission)
    if settlement is not None and settlement["outcome"] == "completed":
        return read_reply(snapshot, submission).text
    text = text_of(parts_of(running_reply(snapshot, submission)))
    return text.removesuffix("\ud83c") if settlement is None else text


@pytest.mark.parametrize("beta", [False, True])
@given(st.integers(), st.integers(1, 9))
def test_the_deltas_since_the_last_retraction_are_the_text_of_the_reply(
    beta: bool, seed: int, size: int
) -> None:
    """Of every submission, at every point, however the chunks are dealt out in batches."""
    server = Conversation(beta=beta).do(random_deeds(seed, 100))
    chunks = [*server.checkpoint(), *(c for batch in server.batches for c in batch.chunks)]
    end = server.batches[-1].snapshot
    for submission in {each["submissionId"] for each in end["settlements"]} | {*server.unsettled}:
        fold, changes = Fold(), ReplyChanges(submission)
        on_screen = ""
        for start in range(0, len(chunks), size):
            for change in changes.apply_batch(fold, chunks[start : start + size], "o"):
                if isinstance(change, Retracted):
                    on_screen = ""
                elif isinstance(change, TextDelta):
                    assert change.text
                    on_screen += change.text
            assert on_screen == changes.text
            assert changes.text == expected_text(fold.snapshot(), submission)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_values_are_compared_however_deeply_they_are_nested() -> None:
    deep, other = nested(2000), [nested(2000)]
    done = call(state="output-available", output=deep)
    changes = ReplyChanges("s1")
    changes.advance(snapshot(reply(done, written(deep))))
    again = call(state="output-available", output=nested(2000))
    assert changes.advance(snapshot(reply(again, written(nested(2000))))) == []
    (update,) = changes.advance(snapshot(reply(again, written(other))))
    assert isinstance(update, DataUpdate)


@pytest.mark.timeout(60)  # seconds; in quadratic time it would take many minutes
@pytest.mark.parametrize("part", [call(), written(1)], ids=lambda part: part["type"])
def test_parts_of_one_name_are_shown_in_time_linear_in_their_number(part: Json) -> None:
    assert len(shown([part] * 100_000)) == 100_000
