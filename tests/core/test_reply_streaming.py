"""Asking and showing the reply as it comes: what is followed, and when the history is wanted."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import (
    DataUpdate,
    FlueConnectionError,
    FlueExecutionError,
    FlueProtocolError,
    InvokeOutcomeUnknownError,
    Retracted,
    StreamResetError,
    TextDelta,
)
from flue_client_ext._flue.conversation_api import ConversationApi
from flue_client_ext._flue.dialects import Outgoing
from flue_client_ext._flue.reply_delivery import ReplyDelivery
from flue_client_ext._flue.reply_streaming import Answer, ask_stream
from flue_client_ext._stream.stats import Counters
from flue_client_ext._values.steps import Emit, Flow

from .conversing import ID, ConversationPlay, checkpoint, message, operation, reset, settled
from .conversing import snapshot as history
from .play import CUT

HISTORY: tuple[str, str, Any] = ("GET", "", {})

OWN = {"answeredBySubmissionId": ID}
HOST = {"answeredBySubmissionId": "sub_0"}


class Streamed(ConversationPlay):
    """A reply under way; `shown` is what has been handed over of it."""

    answer_: Answer
    delivery: ReplyDelivery
    shown: list[Any]

    def show(self) -> list[Any]:
        """Take what is handed over now; return it."""
        taken: list[Any] = []
        while isinstance(self.step, Emit):
            self.delivery.load(self.step.batch)
            taken += self.delivery.pending
            self.taken()
        self.shown += taken
        return taken

    def admit(self, **fields: Any) -> Any:
        admitted = {"submissionId": ID, "offset": "o1", "uid": "uid_1", **fields}
        return self.json(202, admitted)


def asking(key: str | None = "key-1", live: Any = "long-poll") -> Streamed:
    """A message that is about to be sent."""
    body = {"kind": "user", "body": "hi"} | ({} if key is None else {"idempotencyKey": key})
    outgoing = Outgoing(body)
    answer = Answer(outgoing)

    def begin(api: ConversationApi) -> Flow[None]:
        return ask_stream(api, outgoing, answer, Counters(lambda: 0.0), live)

    play = operation(begin, play=Streamed)
    assert isinstance(play, Streamed)
    play.answer_, play.delivery, play.shown = answer, ReplyDelivery(answer), []
    return play


def admitted(**fields: Any) -> Streamed:
    play = asking()
    play.admit(**fields)
    return play


class Chunks:
    """Numbers chunks as a server does."""

    def __init__(self) -> None:
        self.batch = 0

    def __call__(self, type: str, **fields: Any) -> Any:
        self.batch += 1
        position = {"batch": self.batch, "index": 0}
        return {"type": type, "conversationId": "c1", "position": position, **fields}

    def said(self, id: str = ID, **more: Any) -> Any:
        return self("message-appended", message=message(id, "user", "hi", **more))

    def started(self, id: str = ID) -> Any:
        return self("message-started", messageId=f"m_{id}", submissionId=id)

    def delta(self, text: str, id: str = ID) -> Any:
        return self("message-delta", messageId=f"m_{id}", kind="text", delta=text)

    def settled(self, outcome: str = "completed", **more: Any) -> Any:
        return self("submission-settled", submissionId=ID, outcome=outcome, **more)


@pytest.fixture
def chunks() -> Chunks:
    return Chunks()


def reply(id: str, *texts: str) -> Any:
    return message(id, "assistant", *texts)


def test_the_reply_is_shown_as_it_comes_without_the_history(chunks: Any) -> None:
    play = asking()
    assert play.asked == ("POST", "", {})
    assert play.answer_.admission is None
    play.admit()
    assert play.answer_.admission is not None
    assert play.asked == ("GET", "", {"view": "updates", "offset": "o1", "live": "long-poll"})
    play.updates(chunks.said(), chunks.started(), chunks.delta("he"), offset="o4")
    assert play.show() == [TextDelta("he")]
    assert (play.delivery.text, play.answer_.reply) == ("he", None)
    more = chunks.delta("llo"), chunks("data-part", messageId=f"m_{ID}", name="mood", data=1)
    play.updates(*more, chunks.settled(**OWN), offset="o7")
    assert play.show() == [TextDelta("llo"), DataUpdate("mood", 1)]
    assert play.ended
    whole = play.answer_.reply
    assert whole is not None
    assert (whole.text, whole.data, whole.uid) == ("hello", {"mood": [1]}, "uid_1")
    assert whole.submission_id == ID
    assert whole.message is not None
    assert whole.message.purpose == "assistant"


def test_others_that_run_before_are_not_shown(chunks: Any) -> None:
    play = admitted()
    play.updates(chunks.delta("other", "sub_0"), chunks("submission-settled", submissionId="sub_0",
        outcome="completed", answeredBySubmissionId="sub_0"))  # fmt: skip
    play.updates(chunks.said(), chunks.started(), chunks.delta("own"), offset="o3")
    assert play.show() == [TextDelta("own")]


def test_a_message_that_joins_shows_the_whole_response_from_the_history(chunks: Any) -> None:
    play = admitted()
    play.updates(chunks.delta("never begun", "sub_0"), chunks.said(turnId="turn_2"), offset="o3")
    assert play.show() == []
    assert play.asked == HISTORY
    said = [message("sub_0", "user", "first"), reply("sub_0", "one")]
    play.json(200, history(*said, message(ID, "user", "hi", turnId="turn_2"), offset="o7"))
    assert play.show() == [TextDelta("one")]
    assert play.asked[2]["offset"] == "o7"
    play.updates(
        chunks("message-delta", messageId="assistant_sub_0", kind="text", delta="two"),
        chunks.settled(**HOST),
        offset="o9",
    )
    assert play.show() == [TextDelta("\n\ntwo")]
    assert play.ended
    assert play.answer_.reply is not None
    assert play.answer_.reply.text == play.delivery.text == "one\n\ntwo"


def test_a_settlement_by_another_response_is_read_from_the_history(chunks: Any) -> None:
    play = admitted()
    play.updates(chunks.started("sub_0"), chunks.delta("half", "sub_0"), chunks.settled(**HOST))
    assert play.show() == []
    play.json(200, history(reply("sub_0", "whole"), settled(**HOST)))
    assert play.show() == [TextDelta("whole")]
    assert play.ended
    assert play.answer_.reply is not None
    assert play.answer_.reply.text == "whole"


def test_a_retried_attempt_takes_its_text_back(chunks: Any) -> None:
    play = admitted()
    play.updates(chunks.said(), chunks.started(), chunks.delta("first"), offset="o4")
    play.show()
    again = history(message(ID, "user", "hi"), {**reply(ID), "id": f"m_{ID}"})
    play.updates(chunks("conversation-reset", snapshot=again), offset="o5")
    assert play.show() == [Retracted()]
    assert play.delivery.text == ""
    play.updates(chunks.delta("second"), chunks.settled(**OWN), offset="o7")
    assert play.show() == [TextDelta("second")]
    assert play.answer_.reply is not None
    assert play.answer_.reply.text == "second"


@pytest.mark.parametrize("outcome", ["failed", "aborted"])
def test_what_did_not_complete_is_shown_and_then_an_error(chunks: Any, outcome: str) -> None:
    play = admitted()
    error = {"message": "boom", "type": "operation_failed"}
    play.updates(chunks.said(), chunks.started(), chunks.delta("half"),
                 chunks.settled(outcome, error=error), offset="o5")  # fmt: skip
    with pytest.raises(FlueExecutionError) as caught:
        play.show()
    assert play.delivery.text == "half"
    assert (caught.value.failure, caught.value.target_id, caught.value.error) == (
        outcome,
        ID,
        error,
    )
    assert play.answer_.reply is None


def test_a_failure_without_any_reply_needs_no_history(chunks: Any) -> None:
    play = admitted()
    with pytest.raises(FlueExecutionError):
        play.updates(chunks.settled("aborted"))


def test_a_completion_without_a_reply_is_looked_up_once(chunks: Any) -> None:
    play = admitted()
    play.updates(chunks.said(), chunks.settled(**OWN))
    assert play.asked == HISTORY
    play.json(200, history(message(ID, "user", "hi"), settled(**OWN)))
    assert play.ended
    assert play.answer_.reply is not None
    assert (play.answer_.reply.text, play.answer_.reply.message) == ("", None)


def test_a_replayed_message_is_read_from_the_history() -> None:
    play = admitted(offset="-1", deduplicated=True)
    assert play.asked == HISTORY
    play.json(200, history(message(ID, "user", "hi"), reply(ID, "known"), settled(**OWN)))
    assert play.show() == [TextDelta("known")]
    assert play.ended


def test_a_cut_connection_repeats_nothing(chunks: Any) -> None:
    play = admitted()
    first = [chunks.said(), chunks.started(), chunks.delta("he")]
    play.updates(*first, offset="o4")
    play.show()
    play.fail(CUT)
    play.slept()
    play.updates(*first, chunks.delta("llo"), offset="o5")
    assert play.show() == [TextDelta("llo")]


def test_a_lost_store_that_knows_the_message_goes_on(chunks: Any) -> None:
    play = admitted()
    play.updates(chunks.said(), chunks.started(), chunks.delta("first"), offset="o4")
    play.show()
    play.error(416, "stream_offset_gone")
    play.json(200, history(message(ID, "user", "hi"), reply(ID, "other"), incarnation="i2"))
    assert play.show() == [Retracted(), TextDelta("other")]
    assert play.asked[2]["offset"] == "o5"


def test_a_lost_store_without_the_message_is_a_reset(chunks: Any) -> None:
    play = admitted()
    play.updates(chunks.said(), chunks.started(), chunks.delta("first"), offset="o4")
    play.show()
    play.page([checkpoint("i2")], "o4")
    with pytest.raises(StreamResetError) as caught:
        play.json(200, history(incarnation="i2"))
    assert caught.value.submission_id == ID
    assert caught.value.idempotency_key == "key-1"


def silence(play: Streamed, offset: str) -> None:
    for _ in range(3):
        play.clock.now += 30
        play.updates(offset=offset)
    assert play.asked == HISTORY


def test_a_conversation_that_is_gone_at_the_end_is_a_reset(chunks: Any) -> None:
    play = admitted()
    play.updates(chunks.said(), chunks.settled(**OWN), offset="o7")
    play.show()
    with pytest.raises(StreamResetError) as caught:
        play.error(404, "stream_not_found")
    assert (caught.value.submission_id, caught.value.offset) == (ID, "o7")


def test_a_store_that_was_lost_before_the_first_update_is_a_reset() -> None:
    play = admitted()
    silence(play, "o9")
    play.json(200, history(message("sub_9", "user", "x"), settled("sub_9"), offset="o9"))
    with pytest.raises(StreamResetError) as caught:
        play.json(200, history(message("sub_9", "user", "x"), settled("sub_9"), offset="o9"))
    assert (caught.value.submission_id, caught.value.offset) == (ID, "o9")


def test_a_long_silence_in_mid_reply_changes_nothing(chunks: Any) -> None:
    play = admitted()
    play.updates(chunks.said(), chunks.started(), chunks.delta("he"), offset="o4")
    play.show()
    silence(play, "o4")
    play.json(200, history(message(ID, "user", "hi"), reply(ID, "he"), offset="o4"))
    assert (play.show(), play.asked[2]["offset"]) == ([], "o4")
    play.updates(chunks.delta("llo"), chunks.settled(**OWN), offset="o7")
    assert play.show() == [TextDelta("llo")]
    assert play.ended


def test_a_settlement_that_is_found_in_a_silence_completes_the_reply(chunks: Any) -> None:
    play = admitted()
    play.updates(chunks.said(), chunks.started(), chunks.delta("he"), offset="o4")
    play.show()
    silence(play, "o4")
    whole = {**reply(ID, "hello"), "id": f"m_{ID}"}
    play.json(200, history(message(ID, "user", "hi"), whole, settled(**OWN), offset="o4"))
    assert play.show() == [TextDelta("llo")]
    assert play.ended


def test_a_send_is_repeated_with_its_key_and_never_without() -> None:
    play = asking()
    play.fail(CUT)
    play.slept()
    assert play.asked[0] == "POST"
    with pytest.raises(InvokeOutcomeUnknownError):
        asking(key=None).fail(CUT)


def test_a_reset_inside_the_stream_may_bring_the_settlement(chunks: Any) -> None:
    play = admitted()
    whole = history(message(ID, "user", "hi"), reply(ID, "all"), settled(**OWN))
    play.updates({**chunks("x"), **reset(whole)}, offset="o2")
    assert play.show() == [TextDelta("all")]
    assert play.ended


@pytest.mark.parametrize("error", [FlueConnectionError, FlueProtocolError])
def test_errors_name_the_submission(chunks: Any, error: Any) -> None:
    play = admitted()
    with pytest.raises(error) as caught:
        if error is FlueProtocolError:
            play.updates(chunks("message-delta"))
        for _ in range(40):
            play.fail(CUT)
            play.slept()
    assert caught.value.submission_id == ID
