"""Observing a conversation: when a state is made, from what, and what a reset does."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from flue_client_ext import (
    BackoffOptions,
    ConversationState,
    FlueApiError,
    FlueProtocolError,
    FlueTimeoutError,
    StreamResetError,
)
from flue_client_ext._flue.conversation_api import ConversationApi
from flue_client_ext._flue.observing import Observing
from flue_client_ext._stream.stats import Counters
from flue_client_ext._values.limits import LIMITS
from flue_client_ext._values.steps import Emit, Flow, Read

from .conversing import (
    URL,
    ConversationPlay,
    checkpoint,
    message,
    operation,
    reset,
    settled,
    snapshot,
)
from .play import CUT, control, data

HISTORY: tuple[str, str, Any] = ("GET", "", {})

SAID = message("sub_1", "user", "hi")
WHOLE = snapshot(SAID, offset="o5")


class Observed(ConversationPlay):
    @property
    def state(self) -> ConversationState:
        """The state that is being handed over."""
        assert isinstance(self.step, Emit), self.step
        (state,) = self.step.batch.items
        assert isinstance(state, ConversationState)
        return state

    def events(self, *parts: bytes) -> Any:
        """Answer with an event stream."""
        self.head(200, content_type="text/event-stream")
        self.reply(data([checkpoint("i1")]) + b"".join(parts))


def observed(
    live: Any = "long-poll", *, wait_for_it: bool = False, backoff: BackoffOptions | None = None
) -> Observed:
    def begin(api: ConversationApi) -> Flow[None]:
        return Observing(api, Counters(lambda: 0.0), live, wait_for_it).run()

    play = operation(begin, backoff or BackoffOptions(), play=Observed)
    assert isinstance(play, Observed)
    return play


def observed_from_history(live: Any = "long-poll", **options: Any) -> Observed:
    """A conversation of one message whose history has been handed over."""
    play = observed(live, **options)
    play.json(200, WHOLE)
    play.taken()
    return play


def numbered(chunk: Any, batch: int, index: int = 0) -> Any:
    return {**chunk, "conversationId": "c1", "position": {"batch": batch, "index": index}}


def started(batch: int) -> Any:
    chunk = {"type": "message-started", "messageId": "m1", "submissionId": "sub_1"}
    return numbered(chunk, batch)


def delta(text: str, batch: int) -> Any:
    chunk = {"type": "message-delta", "messageId": "m1", "kind": "text", "delta": text}
    return numbered(chunk, batch)


def text_of(state: ConversationState) -> str:
    return "".join(part.to_dict()["text"] for part in state.messages[-1].parts)


def test_the_history_comes_first_and_updates_from_its_offset_on() -> None:
    play = observed()
    assert play.asked == HISTORY
    play.json(200, WHOLE)
    state = play.state
    assert [each.to_dict() for each in state.messages] == WHOLE["messages"]
    assert (state.offset, state.phase, state.pending, state.busy) == (
        "o5",
        "live",
        ("sub_1",),
        True,
    )
    play.taken()
    assert play.asked == ("GET", "", {"view": "updates", "offset": "o5", "live": "long-poll"})
    play.updates(started(6), delta("he", 7), offset="o7")
    assert (text_of(play.state), play.state.offset) == ("he", "o7")
    play.taken()
    play.updates(numbered(settled("sub_1"), 8), offset="o8")
    assert (play.state.pending, play.state.busy) == ((), False)
    assert [each.outcome for each in play.state.settlements] == ["completed"]


def test_a_state_never_changes_and_shares_what_did_not() -> None:
    play = observed_from_history()
    play.updates(started(6), delta("he", 7), offset="o7")
    first = play.state
    play.taken()
    play.updates(delta("llo", 8), offset="o8")
    second = play.state
    assert (text_of(first), text_of(second)) == ("he", "hello")
    assert first.messages[0] is second.messages[0]
    assert first.messages[1] is not second.messages[1]


def test_all_that_one_read_brings_is_one_state() -> None:
    play = observed_from_history("sse")
    frames = [data([delta(str(at), at)]) + control(f"o{at}", "up_to_date") for at in range(7, 12)]
    play.events(data([started(6)]) + control("o6", "up_to_date"), *frames)
    assert (text_of(play.state), play.state.offset) == ("7891011", "o11")


def growing(batch: int) -> bytes:
    return data([delta(f"{batch} ", batch)]) + control(f"o{batch}", "up_to_date")


def test_what_has_arrived_already_is_in_the_next_state() -> None:
    play = observed_from_history("sse")
    play.arrived = iter([growing(7), growing(8)[:20], growing(8)[20:]])
    play.events(data([started(6)]) + control("o6", "up_to_date"))
    assert (text_of(play.state), play.state.offset) == ("7 8 ", "o8")
    assert isinstance(play.taken(), Read)


def test_a_state_is_not_kept_back_by_a_server_that_never_pauses() -> None:
    def flood() -> Iterator[bytes]:
        for batch in itertools.count(7):
            play.clock.now += LIMITS.state / 4
            yield growing(batch)

    play = observed_from_history("sse")
    play.arrived = flood()
    play.events(data([started(6)]) + control("o6", "up_to_date"))
    assert play.state.offset == "o10"
    play.taken()
    play.reply(next(play.arrived))
    assert play.state.offset == "o15"


def test_a_cut_that_has_arrived_already_keeps_no_state_back() -> None:
    play = observed_from_history("sse")
    play.arrived = iter([growing(7), CUT])
    play.events(data([started(6)]) + control("o6", "up_to_date"))
    assert play.state.offset == "o7"
    play.taken()
    assert play.asked[2] == {"view": "updates", "offset": "o7", "live": "sse"}


def test_what_changes_nothing_makes_no_state() -> None:
    play = observed_from_history("sse")
    play.events(control("o5", "up_to_date"))
    play.reply(control("o6", "up_to_date"))
    play.reply(data([numbered({"type": "new"}, 7)]) + control("o7", "up_to_date"))
    play.reply(data([delta("of an unknown message", 8)]) + control("o8", "up_to_date"))
    play.reply(data([started(9)]) + control("o9", "up_to_date"))
    assert play.state.offset == "o9"


def test_no_state_is_made_before_the_tail() -> None:
    play = observed_from_history()
    play.updates(started(6), offset="o6", at_tail=False)
    play.updates(delta("a", 7), offset="o7", at_tail=False)
    play.updates(delta("b", 8), offset="o8")
    assert text_of(play.state) == "ab"


def test_without_live_it_ends_at_the_tail_with_what_had_come() -> None:
    play = observed_from_history(None)
    play.updates(started(6), offset="o6", at_tail=False)
    play.updates(delta("a", 7), offset="o7")
    assert text_of(play.state) == "a"
    play.taken()
    assert play.ended


def test_a_cut_connection_goes_on_by_offset_without_the_history() -> None:
    play = observed_from_history("sse")
    play.events(data([started(6)]) + control("o6", "up_to_date"))
    play.taken()
    play.fail(CUT)
    assert play.asked[2] == {"view": "updates", "offset": "o6", "live": "sse"}
    play.events(data([delta("a", 7)]) + control("o7", "up_to_date"))
    assert text_of(play.state) == "a"


def test_a_repeated_update_changes_nothing() -> None:
    play = observed_from_history()
    play.updates(started(6), delta("a", 7), offset="o7")
    play.taken()
    play.updates(delta("a", 7), delta("b", 8), offset="o8")
    assert text_of(play.state) == "ab"


def reset_by_416(play: Observed) -> None:
    play.error(416, "stream_offset_gone", nextOffset="o1")


def reset_by_404(play: Observed) -> None:
    play.error(404, "stream_not_found")


def reset_by_incarnation(play: Observed) -> None:
    play.page([checkpoint("i2"), started(6)], "o6")


RESETS: list[Any] = [reset_by_416, reset_by_404, reset_by_incarnation]


@pytest.mark.parametrize("lose", RESETS)
def test_after_a_reset_the_history_is_read_again(lose: Any) -> None:
    play = observed_from_history()
    lose(play)
    play.slept()
    assert play.asked == HISTORY
    play.json(200, snapshot(message("sub_9", "user", "new"), offset="o2", incarnation="i2"))
    assert [each.id for each in play.state.messages] == ["user_sub_9"]
    play.taken()
    assert play.asked[2]["offset"] == "o2"
    play.page([checkpoint("i2"), numbered(settled("sub_9"), 0)], "o3")
    assert not play.state.busy


def test_a_reset_inside_the_stream_needs_no_history() -> None:
    play = observed_from_history()
    chunk = numbered(reset(snapshot(message("sub_1", "user", "shorter"))), 6)
    play.updates(chunk, offset="o6")
    assert text_of(play.state) == "shorter"


def test_servers_that_answer_in_turns_are_given_up() -> None:
    play = observed(backoff=BackoffOptions(max_retries=2))
    with pytest.raises(StreamResetError):
        for _ in range(4):
            play.json(200, WHOLE)
            play.taken()
            reset_by_416(play)
            play.slept()


def test_a_conversation_that_is_not_there_is_an_absent_state_and_the_end() -> None:
    play = observed()
    play.error(404, "stream_not_found")
    assert play.state == ConversationState()
    assert (play.state.phase, play.state.offset, play.state.busy) == ("absent", None, False)
    play.taken()
    assert play.ended


def test_waiting_for_it_looks_again_until_it_is_there() -> None:
    play = observed(wait_for_it=True)
    play.error(404, "stream_not_found")
    assert play.state == ConversationState()
    play.taken()
    pauses = []
    for _ in range(3):
        pauses.append(play.slept())
        assert play.asked == HISTORY
        play.error(404, "stream_not_found")
    assert pauses == sorted(pauses)
    play.slept()
    play.json(200, WHOLE)
    assert play.state.phase == "live"


def test_a_conversation_that_vanishes_is_absent_again() -> None:
    play = observed_from_history(wait_for_it=True)
    reset_by_404(play)
    play.slept()
    play.error(404, "stream_not_found")
    assert play.state == ConversationState()
    play.taken()
    play.slept()
    play.json(200, WHOLE)
    assert play.state.phase == "live"


def test_a_deadline_while_it_waits_is_the_callers() -> None:
    play = observed(wait_for_it=True)
    play.error(404, "stream_not_found")
    play.taken()
    with pytest.raises(FlueTimeoutError) as caught:
        play.deadline()
    assert caught.value.conversation_url == URL


def test_a_deadline_after_a_reset_is_the_callers() -> None:
    play = observed_from_history()
    reset_by_416(play)
    with pytest.raises(FlueTimeoutError):
        play.deadline()


@pytest.mark.parametrize(("status", "type"), [(404, "route_not_found"), (403, "forbidden")])
def test_another_refusal_is_an_error(status: int, type: str) -> None:
    with pytest.raises(FlueApiError) as caught:
        observed(wait_for_it=True).error(status, type)
    assert caught.value.type == type


def test_an_update_that_is_none_is_an_error() -> None:
    with pytest.raises(FlueProtocolError):
        observed_from_history().updates(numbered({"type": "message-delta"}, 6), offset="o6")
