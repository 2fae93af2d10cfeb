"""The reply of a submission, by upstream's rule."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flue_client_ext._flue.fold import Fold
from flue_client_ext._flue.reply import (
    SubmissionReply,
    find_settlement,
    read_reply,
    reply_message,
    running_reply,
    settlement_in,
)

from .conversation import Conversation, Json, random_deeds
from .recorded import RECORDED


def said(*words: str, by: str = "s1", id: str = "m1", role: str = "assistant", **more: Any) -> Json:
    parts = [{"type": "text", "text": text, "state": "done"} for text in words]
    named = {"submissionId": by} if by else {}
    return {"id": id, "role": role, **named, "parts": parts, **more}


def asked(by: str = "s1", **more: Any) -> Json:
    return said("?", by=by, id=f"ask {by}", role="user", **more)


def settled(id: str = "s1", outcome: str = "completed", **more: Any) -> Json:
    return {"submissionId": id, "outcome": outcome, **more}


def snapshot(*messages: Json, settlements: tuple[Json, ...] = ()) -> Json:
    return {"v": 1, "messages": [*messages], "settlements": [*settlements]}


OWN, LATER = said("own"), said("later", by="s2", id="m2")
NO_ID = said("no id", by="", id="m3")
BETA = settled(result={"text": "r", "usage": {"input": 1}, "model": {"id": "m"}})
#: The snapshot, and the id of the message that is the reply of `s1`.
RULE = {
    "its own": (snapshot(asked(), OWN, LATER), "m1"),
    "the last of its own": (snapshot(OWN, said("x", id="m9"), LATER), "m9"),
    "its own whoever the settlement names": (
        snapshot(OWN, LATER, settlements=(settled(answeredBySubmissionId="s2"),)),
        "m1",
    ),
    "nothing yet": (snapshot(asked(), asked("s2"), LATER), None),
    "the host's": (
        snapshot(asked(), LATER, NO_ID, settlements=(settled(answeredBySubmissionId="s2"),)),
        "m2",
    ),
    "nothing of a host without a reply": (
        snapshot(asked(), NO_ID, settlements=(settled(answeredBySubmissionId="s2"),)),
        None,
    ),
    "the last one where nobody is named": (
        snapshot(asked(), NO_ID, LATER, asked("s4"), settlements=(settled(),)),
        "m2",
    ),
    "the last of its turn on the betas": (
        snapshot(
            asked("s0"),
            said("before", by="", id="m0"),
            asked(),
            said("first step", by="", id="m4"),
            said("last step", by="", id="m5"),
            said("advisory", by="", id="m6", role="user"),
            asked("s2"),
            said("after", by="", id="m7"),
            settlements=(BETA,),
        ),
        "m5",
    ),
}


@pytest.mark.parametrize(("snapshot", "id"), RULE.values(), ids=list(RULE))
def test_the_message_that_is_the_reply(snapshot: Json, id: str | None) -> None:
    message = reply_message(snapshot, "s1")
    assert (message and message["id"]) == id


def test_a_reply_has_text_data_and_metadata() -> None:
    message = said("a", "", "b", metadata={"usage": 1})
    message["parts"][1:1] = [
        {"type": "data-x", "data": 1},
        {"type": "reasoning", "text": "no", "state": "done"},
        {"type": "data-x", "data": None},
        {"type": "text", "state": "streaming"},
        {"type": "data-", "data": [2]},
    ]
    data: dict[str, list[Any]] = {"x": [1, None], "": [[2]]}
    expected = SubmissionReply(message, "a\n\n\n\nb", data, {"usage": 1})
    assert read_reply(snapshot(message), "s1") == expected


def test_no_reply_is_an_empty_one() -> None:
    assert read_reply(snapshot(asked()), "s1") == SubmissionReply(None, "", {}, None)


def test_the_betas_say_the_text_the_usage_and_the_model_in_the_settlement() -> None:
    reply = read_reply(snapshot(asked(), NO_ID, settlements=(BETA,)), "s1")
    expected = SubmissionReply(NO_ID, "r", {}, None, usage={"input": 1}, model={"id": "m"})
    assert reply == expected


def test_a_settlement_is_told_by_its_chunk_and_by_a_reset() -> None:
    chunk = {"type": "submission-settled", **settled()}
    reset = {"type": "conversation-reset", "snapshot": snapshot(settlements=(settled(),))}
    assert settlement_in(chunk, "s1") is chunk
    assert settlement_in(reset, "s1") == settled()
    for other in (chunk, reset, {"type": "nova"}, {"type": "message-delta"}):
        assert settlement_in(other, "s2") is None


def test_a_submission_that_has_joined_is_going_to_get_the_reply_of_its_host() -> None:
    host = said("host", by="s0", id="m0")
    assert running_reply(snapshot(host, asked(turnId="t")), "s1") is host
    assert running_reply(snapshot(host, asked()), "s1") is None
    assert running_reply(snapshot(host), "s1") is None
    assert running_reply(snapshot(host, asked(turnId="t"), OWN), "s1") is OWN


@given(st.integers())
def test_each_completed_submission_gets_the_reply_of_its_turn(seed: int) -> None:
    server = Conversation().do(random_deeds(seed, 120))
    end = server.batches[-1].snapshot
    for settlement in end["settlements"]:
        if settlement["outcome"] == "completed":
            message = reply_message(end, settlement["submissionId"])
            assert message is not None
            assert message["submissionId"] == settlement["answeredBySubmissionId"]


@pytest.mark.parametrize("name", [name for name in RECORDED if name.startswith("beta9")])
def test_the_recorded_betas_give_one_reply_by_updates_and_by_history(name: str) -> None:
    recorded = RECORDED[name]
    fold = Fold()
    fold.apply_batch(recorded.chunks, "o")
    for settlement in recorded.snapshot["settlements"]:
        id = settlement["submissionId"]
        ours, theirs = read_reply(fold.snapshot(), id), read_reply(recorded.snapshot, id)
        if settlement["outcome"] == "completed":
            assert ours.message is not None
            assert theirs.message is not None
            assert ours.message["id"] == theirs.message["id"]
            assert ours.text == theirs.text == settlement["result"]["text"]


def test_the_recorded_replies() -> None:
    answer = "The answer is 42 é世界🎉"
    for name, text in {
        "flue2-answer": answer,
        "flue2-tool": f"calling \n\n{answer}",
        "flue2-joined": f"w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 \n\n{answer}",
    }.items():
        recorded = RECORDED[name].snapshot
        for settlement in recorded["settlements"]:
            assert read_reply(recorded, settlement["submissionId"]).text == text
    tool = RECORDED["flue2-tool"].snapshot
    id = tool["settlements"][0]["submissionId"]
    assert read_reply(tool, id).data == {"progress": [{"pct": 100}]}
    assert find_settlement(tool, id) is tool["settlements"][0]
