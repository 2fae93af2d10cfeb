"""Waiting for a submission: where it is followed from, what ends it, and what a reset does."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import (
    FlueApiError,
    FlueConnectionError,
    FlueExecutionError,
    FlueProtocolError,
    FlueTimeoutError,
    StreamResetError,
)
from flue_client_ext._stream.backoff import BackoffOptions

from .conversing import (
    ADMISSION,
    ID,
    REPLAYED,
    URL,
    ConversationPlay,
    checkpoint,
    message,
    reset,
    settled,
    settling,
    snapshot,
)
from .play import CUT, control, data

NEVER_AGAIN = BackoffOptions(max_retries=0)
UPDATES = {"view": "updates", "live": "long-poll"}


def reset_by_416(play: ConversationPlay) -> None:
    play.error(416, "stream_offset_gone", offset="o1", nextOffset="o0")


def reset_by_404(play: ConversationPlay) -> None:
    play.error(404, "stream_not_found")


def reset_by_incarnation(play: ConversationPlay) -> None:
    play.updates(message("sub_0", "user", "x"), offset="o2")
    play.page([checkpoint("i2"), message("sub_9", "user", "y")], "o3")


RESETS: dict[str, Any] = {
    "416": reset_by_416,
    "404": reset_by_404,
    "incarnation": reset_by_incarnation,
}


def test_it_is_followed_from_its_admission_to_its_settlement() -> None:
    play = settling()
    assert play.asked == ("GET", "", {**UPDATES, "offset": "o1"})
    play.updates(message(ID, "user", "hi"), offset="o2")
    assert play.asked == ("GET", "", {**UPDATES, "offset": "o2"})
    play.updates(settled("sub_0"), settled(timestamp="2026-11-26T00:00:00Z"), offset="o3")
    assert play.ended
    assert play.result.to_dict() == {
        "submissionId": ID,
        "outcome": "completed",
        "timestamp": "2026-11-26T00:00:00Z",
    }


def test_a_poll_that_brings_its_checkpoint_alone_is_no_progress() -> None:
    play = settling()
    play.updates(message(ID, "user", "hi"), offset="o2")
    play.updates(offset="o2")
    assert play.slept() > 0
    assert play.asked[2]["offset"] == "o2"
    play.updates(settled(), offset="o3")
    assert play.ended


@pytest.mark.parametrize("others", [[], [message("sub_0", "user", "x")]])
def test_a_settlement_that_comes_inside_a_reset_is_found(others: Any) -> None:
    play = settling()
    play.updates(reset(snapshot(*others, settled("sub_0"), settled())), offset="o2")
    assert play.result.submission_id == ID


@pytest.mark.parametrize("outcome", ["failed", "aborted"])
@pytest.mark.parametrize("inside", [False, True])
def test_what_did_not_complete_is_an_error(outcome: str, inside: bool) -> None:
    play = settling()
    error = {"name": "Error", "message": "boom", "type": "operation_failed"}
    end = settled(ID, outcome, error=error)
    with pytest.raises(FlueExecutionError) as caught:
        play.updates(reset(snapshot(end)) if inside else end)
    assert caught.value.target == "agent_submission"
    assert (caught.value.target_id, caught.value.failure) == (ID, outcome)
    assert (caught.value.submission_id, caught.value.run_id) == (ID, None)
    assert caught.value.error == error


def test_an_outcome_that_is_new_is_returned() -> None:
    play = settling()
    play.updates(settled(ID, "postponed"))
    assert play.result.outcome == "postponed"


def test_a_bare_id_that_has_settled_takes_one_request() -> None:
    play = settling(ID)
    assert play.asked == ("GET", "", {})
    play.json(200, snapshot(settled("sub_0"), settled()))
    assert (play.result.outcome, play.opened) == ("completed", 1)


def test_a_bare_id_of_no_conversation_is_an_error_at_once() -> None:
    play = settling(ID)
    with pytest.raises(FlueApiError) as caught:
        play.error(404, "stream_not_found")
    assert (caught.value.type, caught.value.submission_id) == ("stream_not_found", ID)
    assert caught.value.conversation_url == URL
    assert play.opened == 1


def test_a_bare_id_that_is_not_there_may_wait_behind_others() -> None:
    play = settling(ID)
    play.json(200, snapshot(message("sub_0", "user", "x"), offset="o5"))
    assert play.asked[2] == {**UPDATES, "offset": "o5"}
    play.updates(settled(), offset="o6")
    assert play.ended


def test_a_replayed_send_is_looked_up_before_it_is_followed() -> None:
    play = settling(REPLAYED)
    assert play.asked == ("GET", "", {})
    play.json(200, snapshot(settled()))
    assert (play.ended, play.opened) == (True, 1)


def test_whoever_wants_the_updates_of_a_replayed_send_gets_all() -> None:
    seen: list[Any] = []
    play = settling(REPLAYED, on_update=seen.append)
    assert play.asked[2]["offset"] == "-1"
    play.updates(settled())
    play.called()
    assert [chunk.type for chunk in seen] == ["submission-settled"]


@pytest.mark.parametrize("how", RESETS)
def test_after_a_reset_a_known_submission_is_followed_anew(how: str) -> None:
    play = settling()
    RESETS[how](play)
    assert play.asked == ("GET", "", {})
    play.json(200, snapshot(message(ID, "user", "hi"), offset="n1", incarnation="i2"))
    assert play.asked[2] == {**UPDATES, "offset": "n1"}
    play.page([checkpoint("i2"), settled()], "n2")
    assert play.ended


@pytest.mark.parametrize("how", RESETS)
def test_after_a_reset_a_submission_that_has_settled_is_done(how: str) -> None:
    play = settling()
    RESETS[how](play)
    play.json(200, snapshot(settled(), incarnation="i2"))
    assert play.result.submission_id == ID


@pytest.mark.parametrize("how", RESETS)
@pytest.mark.parametrize("vanished", [False, True])
def test_after_a_reset_a_submission_that_nobody_knows_is_lost(how: str, vanished: bool) -> None:
    play = settling()
    RESETS[how](play)
    with pytest.raises(StreamResetError) as caught:
        if vanished:
            play.error(404, "stream_not_found")
        else:
            play.json(200, snapshot(message("sub_9", "user", "y"), incarnation="i2"))
    assert caught.value.offset == ("o2" if how == "incarnation" else "o1")
    assert caught.value.tail == ("o0" if how == "416" else None)
    assert (caught.value.submission_id, caught.value.idempotency_key) == (ID, "key-1")


def test_a_second_reset_is_final() -> None:
    play = settling()
    reset_by_416(play)
    play.json(200, snapshot(message(ID, "user", "hi"), offset="n1", incarnation="i2"))
    with pytest.raises(StreamResetError):
        play.page([checkpoint("i3"), settled()], "n2")


def test_a_failure_of_the_look_after_a_reset_is_its_own_error() -> None:
    play = settling(backoff=NEVER_AGAIN)
    reset_by_416(play)
    with pytest.raises(FlueApiError) as caught:
        play.error(500, "internal_error")
    assert caught.value.status == 500


def test_an_incarnation_that_was_seen_in_the_snapshot_counts() -> None:
    play = settling(ID)
    play.json(200, snapshot(incarnation="i1"))
    play.page([checkpoint("i2"), settled("sub_9")], "o9")
    assert play.asked == ("GET", "", {})


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_answer_that_is_not_a_reset_is_an_api_error(status: int) -> None:
    play = settling()
    with pytest.raises(FlueApiError) as caught:
        play.answer(status, b"Not yours", content_type="text/plain")
    assert (caught.value.status, caught.value.submission_id) == (status, ID)
    assert play.opened == 1


def test_a_cut_poll_is_sent_again_from_where_it_was() -> None:
    play = settling()
    play.updates(message(ID, "user", "hi"), offset="o2")
    play.fail(CUT)
    play.slept()
    assert play.asked[2]["offset"] == "o2"
    play.updates(settled(), offset="o3")
    assert play.ended


def test_the_last_failure_names_the_submission_and_the_offset() -> None:
    play = settling(backoff=NEVER_AGAIN)
    with pytest.raises(FlueConnectionError) as caught:
        play.fail(CUT)
    assert (caught.value.submission_id, caught.value.offset) == (ID, "o1")
    assert (caught.value.idempotency_key, caught.value.conversation_url) == ("key-1", URL)


def test_a_deadline_names_the_submission_and_the_offset() -> None:
    play = settling()
    with pytest.raises(FlueTimeoutError) as caught:
        play.deadline()
    assert (caught.value.submission_id, caught.value.offset) == (ID, "o1")


def test_SSE_is_followed_frame_by_frame() -> None:
    play = settling(live="sse")
    assert play.asked[2] == {**UPDATES, "offset": "o1", "live": "sse"}
    play.head(200, content_type="text/event-stream")
    for part in (
        data([checkpoint("i1")]) + data([message(ID, "user", "hi")]) + control("o2", "up_to_date"),
        b": heartbeat\n\n" + control("o2", "up_to_date"),
        data([settled()]) + control("o3", "up_to_date"),
    ):
        assert not play.ended
        play.reply(part)
    assert play.ended


def test_SSE_that_is_answered_with_another_incarnation_is_a_reset() -> None:
    play = settling(live="sse")
    play.head(200, content_type="text/event-stream")
    play.reply(data([checkpoint("i1")]) + control("o1", "up_to_date"))
    play.fail(CUT)
    play.slept()
    play.head(200, content_type="text/event-stream")
    play.reply(data([checkpoint("i2")]) + control("o1", "up_to_date"))
    assert play.asked == ("GET", "", {})


def test_on_update_sees_each_update_once_up_to_the_settlement() -> None:
    seen: list[Any] = []
    play = settling(on_update=seen.append)
    play.updates({"type": "message-started", "messageId": "m"}, {"type": "new"}, offset="o2")
    play.called()
    play.called()
    play.updates(offset="o2")
    play.slept()
    play.updates(settled(), {"type": "message-completed", "messageId": "m"}, offset="o3")
    play.called()
    assert play.ended
    assert [chunk.to_dict()["type"] for chunk in seen] == [
        "message-started",
        "new",
        "submission-settled",
    ]


def test_what_on_update_raises_ends_the_call() -> None:
    def refuse(_: Any) -> None:
        raise LookupError("enough")

    play = settling(on_update=refuse)
    play.updates(settled())
    with pytest.raises(LookupError):
        play.called()


@pytest.mark.parametrize("body", [b"[1]", b"{}", b'{"v": 1, "offset": 5}', b"[", b""])
def test_a_history_that_is_none_is_a_protocol_error(body: bytes) -> None:
    play = settling(ID)
    with pytest.raises(FlueProtocolError) as caught:
        play.answer(200, body)
    assert caught.value.submission_id == ID


@pytest.mark.parametrize(
    "item", [None, 5, "x", [], {}, {"type": 7}, {"type": "submission-settled"}]
)
def test_items_that_are_no_chunks_are_passed_over(item: Any) -> None:
    play = settling()
    play.updates(item, reset({}), settled())
    assert play.ended


@pytest.mark.parametrize("at_tail", [False, True])
def test_catching_up_goes_on_over_SSE(at_tail: bool) -> None:
    play = settling(ADMISSION)
    play.updates(message(ID, "user", "hi"), offset="o2", at_tail=at_tail)
    assert play.asked[2]["live"] == ("long-poll" if at_tail else "sse")
