"""Reading updates: where they begin, what is no update, and what ends them for good."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import FlueApiError, StreamResetError, UnsupportedByServerError
from flue_client_ext._flue.conversation_api import ConversationApi
from flue_client_ext._flue.updates import read_updates
from flue_client_ext._stream.stats import Counters
from flue_client_ext._values.steps import Batch, Emit, Flow

from .conversing import ConversationPlay, checkpoint, operation, settled, snapshot
from .play import CUT, control, data

HISTORY: tuple[str, str, Any] = ("GET", "", {})
HEAD: tuple[str, str, Any] = ("HEAD", "", {})

LIVE = ["long-poll", "sse", "auto", None]
UPDATES = {"view": "updates"}


def reading(
    offset: str = "-1", live: Any = "long-poll", incarnation: str | None = None
) -> ConversationPlay:
    def begin(api: ConversationApi) -> Flow[None]:
        updates = api.updates(incarnation=incarnation, exists=offset != "-1")
        return read_updates(api, updates, offset, live, Counters(lambda: 0.0))

    return operation(begin)


def batch(play: ConversationPlay) -> Batch:
    assert isinstance(play.step, Emit), play.step
    return play.step.batch


def refuse(play: ConversationPlay, live: Any, status: int, type: str, **meta: Any) -> None:
    """Refuse a request; `"auto"` makes a long-poll in the place of SSE first."""
    if live == "auto":
        play.head(status, content_type="application/json")
    play.error(status, type, **meta)


def test_a_checkpoint_is_no_update_and_moves_nothing() -> None:
    play = reading()
    assert play.asked == ("GET", "", {**UPDATES, "offset": "-1", "live": "long-poll"})
    play.updates(settled(), offset="o2")
    assert batch(play) == Batch([settled()], "o2", True, False)
    play.taken()
    play.updates(offset="o2")
    assert batch(play) == Batch([], "o2", True, False)


def test_a_checkpoint_of_an_event_stream_is_no_update_either() -> None:
    play = reading(live="sse")
    play.head(200, content_type="text/event-stream")
    play.reply(data([checkpoint("i1")]))
    play.reply(control("o1", "up_to_date"))
    assert batch(play).items == []
    play.taken()
    play.reply(data([settled()]) + control("o2", "up_to_date"))
    assert batch(play).items == [settled()]


@pytest.mark.parametrize("live", LIVE)
def test_now_is_where_a_head_says_that_the_updates_end(live: Any) -> None:
    play = reading("now", live)
    assert play.asked == HEAD
    play.answer(200, stream_next_offset="o7")
    assert batch(play) == Batch([], "o7", True, False)
    play.taken()
    assert play.ended == (live is None)
    assert live is None or play.asked[2]["offset"] == "o7"


def test_a_head_that_was_cut_is_sent_again() -> None:
    play = reading("now")
    play.fail(CUT)
    play.slept()
    assert play.asked == HEAD


@pytest.mark.parametrize("status", [404, 405, 200])
def test_where_no_head_tells_the_end_the_conversation_does(status: int) -> None:
    play = reading("now")
    play.answer(status)
    assert play.asked == HISTORY
    play.json(200, snapshot(offset="o9"))
    assert batch(play).offset == "o9"


def test_a_head_without_conversation_is_what_the_history_says() -> None:
    play = reading("now")
    play.answer(404)
    with pytest.raises(FlueApiError) as caught:
        play.error(404, "stream_not_found")
    assert caught.value.type == "stream_not_found"


def test_a_conversation_that_is_not_there_at_the_start_is_the_servers_answer() -> None:
    with pytest.raises(FlueApiError) as caught:
        reading().error(404, "stream_not_found")
    assert (caught.value.status, caught.value.type) == (404, "stream_not_found")


@pytest.mark.parametrize("live", LIVE)
def test_a_saved_offset_without_conversation_is_a_reset(live: Any) -> None:
    play = reading("o2", live)
    with pytest.raises(StreamResetError) as caught:
        refuse(play, live, 404, "stream_not_found")
    assert (caught.value.offset, caught.value.tail) == ("o2", None)


def test_a_conversation_that_vanishes_is_a_reset() -> None:
    play = reading()
    play.updates(settled(), offset="o2")
    play.taken()
    with pytest.raises(StreamResetError) as caught:
        play.error(404, "stream_not_found")
    assert caught.value.offset == "o2"


@pytest.mark.parametrize("live", LIVE)
def test_an_offset_beyond_the_head_is_a_reset(live: Any) -> None:
    play = reading("o9", live)
    with pytest.raises(StreamResetError) as caught:
        refuse(play, live, 416, "stream_offset_gone", offset="o9", nextOffset="o2")
    assert (caught.value.offset, caught.value.tail) == ("o9", "o2")


def test_another_incarnation_than_the_checkpoints_is_a_reset() -> None:
    play = reading("o9", incarnation="i0")
    with pytest.raises(StreamResetError):
        play.updates(settled(), offset="o10")


def test_another_incarnation_after_a_reconnection_is_a_reset() -> None:
    play = reading(live="sse")
    play.head(200, content_type="text/event-stream")
    play.reply(data([checkpoint("i1"), settled()]) + control("o2", "up_to_date"))
    play.taken()
    play.fail(CUT)
    play.head(200, content_type="text/event-stream")
    with pytest.raises(StreamResetError):
        play.reply(data([checkpoint("i2")]) + control("o2", "up_to_date"))


REASON = "Read offset is beyond the canonical stream head."
FAILURE = "conversation_stream_store_failure"


def update(conversation: str = "c1", batch: int = 1, type: str = "data-part") -> Any:
    return {
        "type": type,
        "conversationId": conversation,
        "position": {"batch": batch, "index": 0},
    }


@pytest.mark.parametrize("live", LIVE)
def test_an_offset_beyond_the_head_of_beta_8_is_a_reset(live: Any) -> None:
    play = reading("o9", live)
    if live == "sse":
        play.head(200, content_type="text/event-stream")
        play.fail(CUT)
        play.slept()
        assert "live" not in play.asked[2]
    with pytest.raises(StreamResetError) as caught:
        play.error(500, FAILURE, reason=REASON)
    assert caught.value.offset == "o9"


def test_an_event_stream_that_breaks_off_is_read_again_after_a_page() -> None:
    play = reading("o9", "sse")
    play.head(200, content_type="text/event-stream")
    play.fail(CUT)
    play.slept()
    play.page([], "o9")
    play.taken()
    assert play.asked[2]["live"] == "sse"


def test_any_other_failure_of_the_store_passes() -> None:
    play = reading("o9", None)
    play.error(500, FAILURE, reason="The store is busy.")
    play.slept()
    assert play.asked[2] == {**UPDATES, "offset": "o9"}


def test_updates_of_another_conversation_are_a_reset_without_checkpoints() -> None:
    play = reading("o1", None)
    play.page([update()], "o2", at_tail=False)
    play.taken()
    with pytest.raises(StreamResetError) as caught:
        play.page([update("c2")], "o3")
    assert caught.value.offset == "o2"


def test_a_checkpoint_of_beta_8_names_the_conversation() -> None:
    with pytest.raises(StreamResetError):
        reading("o1", None, "c0").page([update()], "o2")
    play = reading("o1", None, "c1")
    play.page([update()], "o2")
    assert batch(play).items == [update()]


def test_a_reset_may_lead_to_another_conversation() -> None:
    play = reading("o1", None)
    items = [update(), update("c2", 2, "conversation-reset"), update("c2", 3)]
    play.page(items, "o2")
    assert batch(play).items == items


def test_updates_that_are_events_are_of_an_earlier_server() -> None:
    with pytest.raises(UnsupportedByServerError) as caught:
        reading().page([{"v": 3, "type": "idle", "eventIndex": 0}], "o1")
    assert (caught.value.what, caught.value.generation) == ("updates", "beta.3")


def test_the_end_of_a_stream_of_events_is_no_place_for_updates() -> None:
    play = reading("now")
    play.answer(200, stream_next_offset="o7", etag='"x"')
    assert play.asked == ("GET", "/abort", {})
    with pytest.raises(UnsupportedByServerError):
        play.answer(404, b"404 Not Found")


def test_a_tag_that_a_proxy_has_added_changes_nothing() -> None:
    play = reading("now")
    play.answer(200, stream_next_offset="o7", etag='"x"')
    play.error(405, "method_not_allowed")
    assert batch(play).offset == "o7"
