"""A stream without news, behind which a submission is waited for: when the conversation is looked
at, and what it proves."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import FlueApiError, StreamResetError
from flue_client_ext._values.limits import LIMITS

from .conversing import (
    ID,
    ConversationPlay,
    message,
    replying,
    reset,
    settled,
    settling,
    snapshot,
)
from .play import CUT, REFUSED, control, data
from .test_settling import NEVER_AGAIN, UPDATES

POLL = 30.0
"""Seconds that a server holds a long-poll."""
HISTORY: Any = ("GET", "", {})
HERE: Any = ("GET", "", {**UPDATES, "offset": "o2"})
OTHER = message("sub_9", "user", "x")
IDLE = snapshot(OTHER, settled("sub_9"), offset="o2")


def idle(play: ConversationPlay, polls: int = 1, offset: str = "o2") -> None:
    for _ in range(polls):
        play.clock.now += POLL
        play.updates(offset=offset)


def silent(**options: Any) -> ConversationPlay:
    """A wait whose stream has been silent for long enough."""
    play = settling(**options)
    idle(play, 3)
    assert play.asked == HISTORY
    return play


def test_the_conversation_is_looked_at_after_two_more_idle_polls() -> None:
    assert LIMITS.silence == 2 * POLL
    play = settling()
    idle(play, 2)
    assert play.asked == HERE
    idle(play)
    assert play.asked == HISTORY


def test_news_end_the_silence() -> None:
    play = settling()
    idle(play, 2)
    play.clock.now += POLL
    play.updates(OTHER, offset="o3")
    idle(play, 2, "o3")
    assert play.asked == ("GET", "", {**UPDATES, "offset": "o3"})
    idle(play, 1, "o3")
    assert play.asked == HISTORY


def test_a_server_that_was_down_is_not_silent() -> None:
    play = settling()
    for _ in range(3):
        play.fail(REFUSED)
        play.slept()
        play.clock.now += LIMITS.silence
    play.updates(offset="o2")
    assert play.asked == HERE


def test_a_page_short_of_the_tail_is_not_silence() -> None:
    play = settling()
    play.clock.now += LIMITS.silence
    play.updates(offset="o2", at_tail=False)
    play.clock.now += LIMITS.silence
    play.updates(offset="o2")
    assert play.opened == 3
    assert play.asked[2]["view"] == "updates"


def test_where_nothing_is_pending_the_submission_is_lost() -> None:
    play = silent()
    play.json(200, IDLE)
    assert play.asked == HISTORY
    with pytest.raises(StreamResetError) as caught:
        play.json(200, IDLE)
    assert (caught.value.offset, caught.value.tail) == ("o2", None)
    assert (caught.value.submission_id, caught.value.idempotency_key) == (ID, "key-1")


def test_a_bare_id_that_no_conversation_knows_is_lost() -> None:
    play = settling(ID)
    play.json(200, IDLE)
    idle(play, 3)
    play.json(200, IDLE)
    with pytest.raises(StreamResetError):
        play.json(200, IDLE)


@pytest.mark.parametrize("pending", [message(ID, "user", "hi"), OTHER])
def test_while_something_is_pending_the_wait_goes_on(pending: Any) -> None:
    play = silent()
    play.json(200, snapshot(pending, offset="o2"))
    assert play.asked == HERE
    idle(play, 2)
    assert play.asked == HERE
    idle(play)
    assert play.asked == HISTORY
    play.json(200, snapshot(pending, offset="o2"))
    play.updates(settled(), offset="o3")
    assert play.ended


def test_a_reply_without_submission_id_is_not_pending() -> None:
    play = silent()
    reply = {"id": "m", "role": "assistant", "parts": []}  # as beta.8 has them
    for _ in range(2):
        assert play.asked == HISTORY
        try:
            play.json(200, snapshot(OTHER, reply, settled("sub_9"), offset="o2"))
        except StreamResetError:
            return
    pytest.fail("no reset")


def test_a_submission_that_begins_between_two_looks_is_not_lost() -> None:
    play = silent()
    play.json(200, IDLE)
    play.json(200, snapshot(message(ID, "user", "hi"), offset="o3"))
    assert play.asked == ("GET", "", {**UPDATES, "offset": "o3"})
    idle(play, 2, "o3")
    assert play.asked == ("GET", "", {**UPDATES, "offset": "o3"})  # it begins anew
    play.updates(settled(), offset="o4")
    assert play.ended


def test_a_settlement_that_is_found_ends_the_wait() -> None:
    play = silent()
    play.json(200, snapshot(message(ID, "user", "hi"), settled(), offset="o2"))
    assert (play.ended, play.result.submission_id) == (True, ID)


def test_a_reply_comes_from_the_look_that_found_its_settlement() -> None:
    play = replying()
    idle(play, 3)
    opened = play.opened
    said = [message(ID, "user", "hi"), message(ID, "assistant", "hello")]
    play.json(200, snapshot(*said, settled(), offset="o2"))
    assert (play.result.text, play.opened) == ("hello", opened)


@pytest.mark.parametrize("end", [[], [settled()]])
def test_a_conversation_that_has_moved_on_proves_nothing(end: Any) -> None:
    seen: list[Any] = []
    play = silent(on_update=seen.append)
    play.json(200, snapshot(OTHER, settled("sub_9"), *end, offset="o3"))
    assert play.asked == HERE
    play.updates(settled(), offset="o3")
    play.called()
    assert play.ended
    assert [chunk.type for chunk in seen] == ["submission-settled"]


def test_a_conversation_that_is_gone_is_a_reset() -> None:
    play = silent()
    play.error(404, "stream_not_found")
    with pytest.raises(StreamResetError):
        play.error(404, "stream_not_found")


def test_a_look_that_fails_is_its_own_error() -> None:
    play = silent(backoff=NEVER_AGAIN)
    with pytest.raises(FlueApiError) as caught:
        play.error(500, "internal_error")
    assert caught.value.submission_id == ID


def test_another_incarnation_is_noticed_after_a_look() -> None:
    play = silent()
    play.json(200, snapshot(OTHER, offset="o2", incarnation="i2"))
    play.page([{"type": "stream-checkpoint", "incarnation": "i2"}], "o2")
    assert play.asked == HISTORY
    with pytest.raises(StreamResetError):
        play.json(200, IDLE)


def test_a_settlement_inside_a_reset_ends_the_silence_too() -> None:
    play = settling()
    idle(play, 2)
    play.clock.now += POLL
    play.updates(reset(snapshot(settled())), offset="o3")
    assert play.ended


def test_controls_of_SSE_without_data_are_silence() -> None:
    play = settling(live="sse")
    play.head(200, content_type="text/event-stream")
    play.reply(data([{"type": "stream-checkpoint", "incarnation": "i1"}]) + control("o2"))
    for _ in range(3):
        play.clock.now += POLL
        play.reply(b": heartbeat\n\n" + control("o2", "up_to_date"))
    assert play.asked == HISTORY
    play.json(200, snapshot(OTHER, offset="o2"))
    assert play.asked == ("GET", "", {**UPDATES, "offset": "o2", "live": "sse"})
    play.head(200, content_type="text/event-stream")
    play.reply(data([settled()]) + control("o3", "up_to_date"))
    assert play.ended


def test_a_cut_connection_does_not_end_the_silence() -> None:
    play = settling()
    idle(play, 2)
    play.fail(CUT)
    play.slept()
    idle(play)
    assert play.asked == HISTORY
