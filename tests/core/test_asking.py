"""The reply to a submission: which requests it takes, and what it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flue_client_ext import (
    BackoffOptions,
    FlueApiError,
    FlueExecutionError,
    InvokeOutcomeUnknownError,
    StreamResetError,
)
from flue_client_ext._flue.conversation_results import Reply
from flue_client_ext._flue.dialects import Outgoing

from .conversing import (
    ADMISSION,
    ID,
    REPLAYED,
    URL,
    ConversationPlay,
    message,
    replying,
    reset,
    settled,
    snapshot,
    waiting,
)
from .play import CUT

ADMITTED = {
    "streamUrl": "http://internal:9999/elsewhere",
    "offset": "o1",
    "submissionId": ID,
    "uid": "uid_1",
}
BODY = {"kind": "user", "body": "hi", "idempotencyKey": "key-1"}


def asking(body: dict[str, Any] = BODY, **options: Any) -> ConversationPlay:
    return waiting(lambda waiting: waiting.ask(Outgoing(body)), **options)


def read(play: ConversationPlay, *content: Any) -> Reply:
    """Let the submission settle, answer the one request for the history, return the reply."""
    play.updates(settled(answeredBySubmissionId=ID))
    assert play.asked == ("GET", "", {})
    play.json(200, snapshot(*content))
    assert play.ended
    assert isinstance(play.result, Reply)
    return play.result


def test_the_reply_is_read_with_one_request_after_the_settlement() -> None:
    play = replying()
    reply = read(
        play,
        message(ID, "user", "hi"),
        message(ID, "assistant", "calling", "done", metadata={"model": "m1"}),
        settled(answeredBySubmissionId=ID),
    )
    assert reply.text == "calling\n\ndone"
    assert (reply.metadata, reply.data) == ({"model": "m1"}, {})
    assert (reply.submission_id, reply.uid) == (ID, "uid_1")
    assert reply.message is not None
    assert reply.message.role == "assistant"
    assert play.opened == 2


def test_a_settlement_that_brings_the_conversation_needs_no_request() -> None:
    play = replying()
    play.updates(reset(snapshot(message(ID, "assistant", "done"), settled())))
    assert (play.result.text, play.opened) == ("done", 1)


def test_a_bare_id_that_has_settled_takes_one_request() -> None:
    play = replying(ID)
    play.json(200, snapshot(message(ID, "assistant", "done"), settled()))
    assert (play.result.text, play.result.uid, play.opened) == ("done", None, 1)


def test_a_replayed_send_that_has_settled_takes_one_request() -> None:
    play = replying(REPLAYED)
    play.json(200, snapshot(message(ID, "assistant", "done"), settled()))
    assert (play.result.text, play.result.uid, play.opened) == ("done", "uid_1", 1)


def test_a_message_that_joined_another_has_the_reply_of_that() -> None:
    play = replying()
    play.updates(settled(answeredBySubmissionId="sub_0"))
    play.json(
        200,
        snapshot(
            message("sub_0", "assistant", "for both"),
            message(ID, "user", "hi"),
            settled(answeredBySubmissionId="sub_0"),
        ),
    )
    assert play.result.text == "for both"


def test_data_parts_are_given_by_name() -> None:
    parts = [{"type": "data-score", "data": 1}, {"type": "data-tags", "data": ["a"]}]
    reply = read(replying(), message(ID, "assistant") | {"parts": parts}, settled())
    assert reply.data == {"score": [1], "tags": [["a"]]}
    assert reply.text == ""


def test_a_submission_without_an_answer_has_an_empty_reply() -> None:
    other = settled(answeredBySubmissionId=ID)
    reply = read(replying(), message(ID, "user", "hi"), other)
    assert (reply.text, reply.message, reply.metadata, reply.data) == ("", None, None, {})


def test_a_conversation_that_has_lost_the_submission_by_then_is_a_reset() -> None:
    play = replying()
    play.updates(settled())
    with pytest.raises(StreamResetError) as caught:
        play.json(200, snapshot(message("sub_9", "assistant", "of another life")))
    assert caught.value.submission_id == ID


def test_a_conversation_that_is_gone_by_then_is_a_reset() -> None:
    play = replying()
    play.updates(settled(), offset="o7")
    with pytest.raises(StreamResetError) as caught:
        play.error(404, "stream_not_found")
    assert (caught.value.submission_id, caught.value.offset) == (ID, "o7")


def test_a_failed_submission_is_not_read() -> None:
    play = replying()
    with pytest.raises(FlueExecutionError):
        play.updates(settled(outcome="failed"))
    assert play.opened == 1


def test_asking_is_one_POST_then_the_updates_then_the_reply() -> None:
    play = asking()
    assert play.asked == ("POST", "", {})
    assert json.loads(play.request.body or b"") == BODY
    play.json(202, ADMITTED)
    assert play.request.url.startswith(f"{URL}?offset=o1&view=updates")
    assert read(play, message(ID, "assistant", "done"), settled()).text == "done"
    assert play.opened == 3


def test_a_send_whose_answer_was_lost_is_repeated_and_its_reply_read_at_once() -> None:
    play = asking()
    first = play.request.body
    play.fail(CUT)
    play.slept()
    assert (play.asked[0], play.request.body) == ("POST", first)
    play.json(202, {**ADMITTED, "offset": "-1", "deduplicated": True})
    assert play.asked == ("GET", "", {})
    play.json(200, snapshot(message(ID, "assistant", "done"), settled()))
    assert play.result.text == "done"


def test_an_error_before_the_admission_names_the_key_and_no_submission() -> None:
    play = asking(backoff=BackoffOptions(max_retries=0))
    with pytest.raises(InvokeOutcomeUnknownError) as caught:
        play.fail(CUT)
    assert (caught.value.idempotency_key, caught.value.submission_id) == ("key-1", None)
    assert caught.value.conversation_url == URL


def test_an_error_behind_the_admission_names_both() -> None:
    play = asking()
    play.json(202, ADMITTED)
    with pytest.raises(FlueApiError) as caught:
        play.answer(403)
    assert (caught.value.idempotency_key, caught.value.submission_id) == ("key-1", ID)


def test_a_send_without_a_key_is_one_POST() -> None:
    play = asking({"kind": "user", "body": "hi"})
    with pytest.raises(InvokeOutcomeUnknownError) as caught:
        play.fail(CUT)
    assert (play.opened, caught.value.idempotency_key) == (1, None)


def test_an_admission_says_nothing_of_who_else_may_be_waited_for() -> None:
    play = replying(ADMISSION)
    play.updates(settled("sub_0"), offset="o2")
    assert play.asked[2]["offset"] == "o2"
