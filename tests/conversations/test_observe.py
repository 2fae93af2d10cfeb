"""Observed conversations in each world: states, what they skip, and what a reset does."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from flue_client_ext import ConversationState, FlueApiError, FlueTimeoutError
from flue_client_ext._values.limits import LIMITS
from tests.servers.agents import AgentServer
from tests.servers.conversation import Conversation, message
from tests.servers.proxy import TcpProxy
from tests.streams.reading import Reader
from tests.unary.support import failure
from tests.worlds import World

from .conftest import QUICK

PATH = "/agents/support/t1"
LIVE: list[Any] = ["long-poll", "sse", "auto"]


def never(_: str) -> None:
    """An agent that leaves its submissions to the test."""


def dicts(views: Any) -> list[Any]:
    return [view.to_dict() for view in views]


def until(stream: Any, condition: Any) -> Any:
    """The first state of which `condition` is true."""
    return next(state for state in stream if condition(state))


def adding(number: int) -> Callable[[Conversation], None]:
    """Add a message that no agent answers."""
    return lambda found: found.add(message(f"s{number}", "user", "x"))


def has_messages(count: int, state: ConversationState) -> bool:
    return len(state.messages) == count


@pytest.mark.parametrize("live", LIVE)
def test_the_last_state_is_what_the_server_has(talk: Any, agents: AgentServer, live: Any) -> None:
    talk.ask("first")
    stream = talk.observe(live=live)
    state = next(stream)
    assert (state.phase, state.busy, len(state.messages)) == ("live", False, 2)
    agents.agent = never
    admission = talk.send("second")
    busy = until(stream, lambda state: state.busy)
    assert busy.pending == (admission.submission_id,)
    agents.change(PATH, lambda found: found.reply(admission.submission_id, "there"))
    last = until(stream, lambda state: not state.busy)
    now = talk.history()
    assert dicts(last.messages) == dicts(now.messages)
    assert dicts(last.settlements) == dicts(now.settlements)
    assert last.offset == now.offset
    assert pickle.loads(pickle.dumps(last)) == last


@pytest.mark.parametrize("live", LIVE)
def test_a_slow_consumer_skips_states(talk: Any, agents: AgentServer, live: Any) -> None:
    talk.ask("first")
    stream = talk.observe(live=live)
    next(stream)
    for number in range(300):
        agents.change(PATH, adding(number))
    states = []
    for state in stream:
        states.append(state)
        if len(state.messages) == 302:
            break
    assert len(states) < 30


def growing(count: int, conversation: Conversation) -> None:
    """Answer the submission `s9` in `count` deltas, and settle it."""
    conversation.append({"type": "message-started", "messageId": "m9", "submissionId": "s9"})
    delta = {"type": "message-delta", "messageId": "m9", "kind": "text", "delta": "x"}
    for _ in range(count):
        conversation.append(delta)
    conversation.settle("s9")


@pytest.mark.parametrize("live", ["sse", "auto"])
def test_all_that_came_while_the_consumer_was_away_is_one_state(
    talk: Any, agents: AgentServer, live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LIMITS, "state", 60.0)  # however slow the machine is
    agents.batches_at_once = 20
    talk.ask("first")
    stream = talk.observe(live=live)
    next(stream)
    agents.change(PATH, adding(1))
    assert has_messages(3, next(stream))  # not `until`: leaving a loop releases the connection
    agents.change(PATH, partial(growing, 10_000))
    assert agents.wait_sent(PATH)
    states = []
    for state in stream:
        states.append(state)
        if len(state.settlements) == 2:
            break
    assert len(states) <= 2
    assert states[-1].messages[-1].parts[0].to_dict()["text"] == 10_000 * "x"


@pytest.mark.parametrize("live", LIVE)
def test_the_history_is_read_once_however_often_it_is_cut(
    any_world: World, agents: AgentServer, live: Any
) -> None:
    agents.agent = never
    with TcpProxy(("127.0.0.1", agents.port)) as proxy:
        client = any_world.client(proxy.url)
        admission = client.agents.send("support", "t1", "hello")
        stream = client.agents.observe("support", "t1", live=live, backoff_options=QUICK)
        next(stream)
        for number in range(10):
            proxy.cut_all()
            agents.change(PATH, adding(number))
            until(stream, partial(has_messages, number + 2))
        agents.change(PATH, lambda found: found.reply(admission.submission_id, "done"))
        state = until(stream, lambda state: state.settlements)
        assert dicts(state.messages) == agents.conversations[PATH].messages
        stream.close()
    reads = [request.target for request in agents.requests if request.method == "GET"]
    assert [target for target in reads if "view=updates" not in target] == [PATH]


@pytest.mark.parametrize("live", LIVE)
def test_a_replaced_store_is_read_again(talk: Any, agents: AgentServer, live: Any) -> None:
    talk.ask("first")
    stream = talk.observe(live=live, backoff_options=QUICK)
    next(stream)
    agents.lose_store(PATH)
    agents.change(PATH, lambda found: found.add(message("s9", "user", "anew")))
    state = until(stream, lambda state: len(state.messages) == 1)
    assert state.messages[0].parts[0].to_dict()["text"] == "anew"


@pytest.mark.parametrize("live", [*LIVE, False])
def test_a_conversation_that_is_not_there_is_absent_and_ends(talk: Any, live: Any) -> None:
    assert list(talk.observe(live=live)) == [ConversationState()]


def test_waiting_for_a_conversation_brings_it_when_it_is_there(
    talk: Any, agents: AgentServer
) -> None:
    reader = Reader(talk.observe(wait_for_it=True))
    assert reader.wait_items(1)
    talk.ask("hello")
    assert reader.wait_items(2)
    assert [state.phase for state in reader.items[:2]] == ["absent", "live"]
    reader.stream.cancel()
    reader.join()


def test_a_conversation_that_vanishes_is_absent(talk: Any, agents: AgentServer) -> None:
    talk.ask("hello")
    stream = talk.observe(backoff_options=QUICK)
    next(stream)
    agents.lose_store()
    assert list(stream) == [ConversationState()]


def test_without_live_it_is_the_conversation_as_it_stands(talk: Any) -> None:
    talk.ask("hello")
    (state,) = talk.observe(live=False)
    assert dicts(state.messages) == dicts(talk.history().messages)


def test_an_app_without_agents_is_an_error(any_world: World, agents: AgentServer) -> None:
    plain = {"content-type": "text/plain; charset=UTF-8"}
    agents.handler = lambda request, connection: connection.answer(404, b"404 Not Found", plain)
    talk = any_world.client(agents.url).agents.conversation("support", "t1")
    assert type(failure(lambda: list(talk.observe(wait_for_it=True)))) is FlueApiError


@pytest.mark.parametrize("wait_for_it", [False, True])
def test_a_deadline_bounds_the_whole(talk: Any, agents: AgentServer, wait_for_it: bool) -> None:
    agents.lose_store(*[PATH] * (not wait_for_it))
    error = failure(lambda: list(talk.observe(wait_for_it=wait_for_it, timeout=0.2)))
    assert type(error) is FlueTimeoutError
    assert error.conversation_url == talk.url


def test_bad_options_are_refused_before_any_request(talk: Any, agents: AgentServer) -> None:
    for options in ({"wait_for_it": 1}, {"live": 7.5}, {"signal": 1}, {"backoff_options": 1}):
        with pytest.raises((TypeError, ValueError)):
            talk.observe(**options)
    assert agents.requests == []
