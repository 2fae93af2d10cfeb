"""The streams of conversations over genuine Flue servers of 2.x."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from flue_client_ext import (
    ConversationState,
    DataUpdate,
    FlueApiError,
    FlueClient,
    FlueExecutionError,
    ReasoningDelta,
    Retracted,
    StreamResetError,
    TextDelta,
    ToolCall,
    ToolResult,
)
from tests.servers.flue2 import VERSIONS, Flue2Server
from tests.servers.proxy import TcpProxy
from tests.streams.reading import Reader
from tests.unary.support import failure
from tests.worlds import World

from .conftest import QUICK
from .test_genuine_agents import PATIENT, talk_to

versions = pytest.mark.parametrize("genuine2", VERSIONS, indirect=True)
LIVE: list[Any] = ["long-poll", "sse", "auto"]


def plain(conversation: Any) -> Any:
    """What a state and a snapshot have in common."""
    return (
        conversation.offset,
        [message.to_dict() for message in conversation.messages],
        [settlement.to_dict() for settlement in conversation.settlements],
    )


def state_at(reader: Reader, offset: str) -> Any:
    """Wait for the state at `offset`."""
    count = 0
    while not count or reader.items[count - 1].offset != offset:
        count += 1
        assert reader.wait_items(count)
    return reader.items[count - 1]


def asking_aloud(world: World, server: Flue2Server, requests: threading.Semaphore) -> Any:
    """Agents whose client tells of each request before it is sent."""

    def headers() -> dict[str, str]:
        requests.release()
        return {}

    return world.client(server.url, headers=headers).agents


def joined(changes: Any) -> str:
    return "".join(change.text for change in changes if isinstance(change, TextDelta))


@versions
@pytest.mark.parametrize("live", [*LIVE, False])
def test_updates_come_once_and_go_on_behind_each(
    any_world: World, genuine2: Flue2Server, live: Any
) -> None:
    talk = talk_to(any_world, genuine2, "tools")
    for _ in range(2):
        talk.ask("6/3")
    whole = [update.to_dict() for update in talk.updates(live=False)]
    assert whole[0]["type"] == "conversation-reset"
    assert {update["conversationId"] for update in whole} == {whole[0]["conversationId"]}
    for taken in range(0, len(whole) + 1, 3):
        stream = talk.updates(live=live)
        first = [next(stream).to_dict() for _ in range(taken)]
        checkpoint = stream.checkpoint
        stream.close()
        rest = [update.to_dict() for update in talk.updates(resume=checkpoint, live=False)]
        assert first + rest == whole


@versions
def test_now_is_behind_all_there_is(any_world: World, genuine2: Flue2Server) -> None:
    talk = talk_to(any_world, genuine2, "echo")
    error = failure(lambda: list(talk.updates(offset="now")))
    assert isinstance(error, FlueApiError)
    assert error.type == "stream_not_found"
    talk.ask("before")
    stream = talk.updates(offset="now", live=False)
    assert list(stream) == []
    assert stream.offset == talk.history().offset
    talk.ask("after")
    types = [update.type for update in talk.updates(resume=stream.checkpoint, live=False)]
    assert types[0] == "message-appended"
    assert types[-1] == "submission-settled"


@versions
@pytest.mark.parametrize("live", LIVE)
def test_states_are_what_the_server_has_at_their_offsets(
    any_world: World, genuine2: Flue2Server, live: Any
) -> None:
    talk = talk_to(any_world, genuine2, "slow")
    key = uuid4().hex
    talk.send(key)
    genuine2.say(key, "zero ")
    stream = talk.observe(live=live)
    for word in ("one ", "two ", "three "):
        genuine2.say(key, word)
        state = next(state for state in stream if word in str(plain(state)))
        assert state.busy
        now = talk.history()
        if now.offset == state.offset:
            assert plain(state) == plain(now)
    genuine2.end(key, "four")
    last = next(state for state in stream if not state.busy)
    assert plain(last) == plain(talk.history())


@versions
def test_a_refused_creation_is_absent(any_world: World, genuine2: Flue2Server) -> None:
    talk = talk_to(any_world, genuine2, "greets")
    assert isinstance(failure(talk.send, "hi", initial_data={"name": 5}), FlueApiError)
    assert list(talk.observe()) == [ConversationState()]
    assert list(talk.updates(live=False)) == []


@versions
@pytest.mark.parametrize("live", LIVE)
def test_a_reply_is_shown_while_it_comes(
    any_world: World, genuine2: Flue2Server, live: Any
) -> None:
    talk, key = talk_to(any_world, genuine2, "slow"), uuid4().hex
    reader = Reader(talk.ask_stream(key, live=live))
    genuine2.say(key, "one ")
    assert reader.wait_items(1)
    assert reader.stream.text == "one "
    genuine2.end(key, "two")
    reader.join()
    reply = reader.stream.reply
    assert reply.text == reader.stream.text == joined(reader.items) == "one two"
    assert reply == talk.read(reader.stream.admission)


@versions
def test_tools_data_and_reasoning_are_shown(any_world: World, genuine2: Flue2Server) -> None:
    stream = talk_to(any_world, genuine2, "tools").ask_stream("6/3")
    first, call, result, last = stream
    assert (first, last) == (
        TextDelta("Let me calculate."),
        TextDelta('\n\nThe tool says {"quotient":2}.'),
    )
    assert isinstance(call, ToolCall)
    assert (call.name, call.input) == ("divide", {"a": 6, "b": 3})
    assert isinstance(result, ToolResult)
    assert (result.call_id, result.output, result.error) == (call.call_id, {"quotient": 2}, None)
    data = list(talk_to(any_world, genuine2, "data").ask_stream("3"))
    assert DataUpdate("note", "worked") in data
    assert DataUpdate("progress", {"step": 3, "of": 3}) in data
    stream = talk_to(any_world, genuine2, "reasons").ask_stream("why")
    changes = list(stream)
    thought = "".join(each.text for each in changes if isinstance(each, ReasoningDelta))
    assert (thought, joined(changes)) == ("Let me think.", "I am sure 😀.")
    assert stream.reply.text == "I am sure 😀."


def test_a_retried_attempt_takes_its_text_back(any_world: World, genuine2: Flue2Server) -> None:
    stream = talk_to(any_world, genuine2, "retries").ask_stream(uuid4().hex)
    changes = list(stream)
    assert changes == [TextDelta("The first "), Retracted(), TextDelta("The second attempt.")]
    assert stream.text == stream.reply.text == "The second attempt."


@versions
def test_a_failure_is_raised_at_the_end(any_world: World, genuine2: Flue2Server) -> None:
    error = failure(lambda: list(talk_to(any_world, genuine2, "fails").ask_stream("hello")))
    assert isinstance(error, FlueExecutionError)
    assert error.failure == "failed"


@versions
def test_a_message_that_joins_shows_the_response_that_it_joins(
    any_world: World, genuine2: Flue2Server
) -> None:
    host, guest, id = uuid4().hex, uuid4().hex, uuid4().hex
    talk = any_world.client(genuine2.url).agents.conversation("slow", id)
    talk.send(host)
    genuine2.say(host, "one ")
    requests = threading.Semaphore(0)
    stream = asking_aloud(any_world, genuine2, requests).ask_stream("slow", id, guest)
    reader = Reader(stream)
    for _ in ("the message", "the updates behind its admission"):
        assert requests.acquire(timeout=30)
    genuine2.end(host, "two ")
    genuine2.end(guest, "three")
    reader.join()
    assert stream.text == stream.reply.text == talk.read(stream.admission).text
    assert joined(reader.items) == stream.text
    assert "one two" in stream.text
    assert stream.text.endswith("three")


@pytest.mark.parametrize("live", LIVE)
def test_a_reply_survives_cut_connections(
    any_world: World, genuine2: Flue2Server, live: Any
) -> None:
    key = uuid4().hex
    with TcpProxy(("127.0.0.1", genuine2.port)) as proxy:
        client = any_world.client(proxy.url)
        talk = client.agents.conversation("slow", uuid4().hex)
        reader = Reader(talk.ask_stream(key, live=live, backoff_options=QUICK))
        for number in range(1, 4):
            genuine2.say(key, f"{number} ")
            assert reader.wait_items(number)
            proxy.cut_all()
        genuine2.end(key, "end")
        reader.join()
    assert reader.stream.text == reader.stream.reply.text == "1 2 3 end"
    assert Retracted() not in reader.items


@pytest.mark.parametrize("live", LIVE)
def test_an_observer_survives_cut_connections(
    any_world: World, genuine2: Flue2Server, live: Any
) -> None:
    key, id = uuid4().hex, uuid4().hex
    talk = any_world.client(genuine2.url).agents.conversation("slow", id)
    talk.send(key)
    genuine2.say(key, "0 ")
    with TcpProxy(("127.0.0.1", genuine2.port)) as proxy:
        client = any_world.client(proxy.url)
        stream = client.agents.observe("slow", id, live=live, backoff_options=QUICK)
        for number in range(1, 4):
            genuine2.say(key, f"{number} ")
            next(state for state in stream if f"{number} " in str(plain(state)))
            proxy.cut_all()
        genuine2.end(key, "end")
        last = next(state for state in stream if not state.busy)
        stream.close()
    assert plain(last) == plain(talk.history())


def test_a_server_that_is_killed_in_mid_answer_changes_nothing(tmp_path: Path) -> None:
    key = uuid4().hex
    with Flue2Server(database=tmp_path / "flue.db") as server, FlueClient(server.url) as client:
        talk = client.agents.conversation("slow", "t1")
        reply = Reader(talk.ask_stream(key, backoff_options=PATIENT))
        server.say(key, "one ")
        assert reply.wait_items(1)
        observer = Reader(talk.observe(backoff_options=PATIENT))
        updates = Reader(talk.updates(backoff_options=PATIENT))
        assert observer.wait_items(1)
        server.recover()
        server.end(key, "two")
        reply.join(timeout=60)
        assert reply.stream.text == reply.stream.reply.text == joined(reply.items)
        assert reply.stream.reply.text == "one \n\ntwo"
        now = talk.history()
        whole = [update.to_dict() for update in talk.updates(live=False)]
        assert updates.wait_items(len(whole))
        assert [update.to_dict() for update in updates.items] == whole
        assert plain(state_at(observer, now.offset)) == plain(now)
        for reader in (observer, updates):
            reader.stream.cancel()
            reader.join()


def test_a_lost_store_is_a_reset_or_a_new_history() -> None:
    with Flue2Server() as server, FlueClient(server.url) as client:
        talk = client.agents.conversation("slow", "t1")
        key = uuid4().hex
        reply = Reader(talk.ask_stream(key, backoff_options=PATIENT))
        server.say(key, "one ")
        assert reply.wait_items(1)
        updates = Reader(talk.updates(backoff_options=PATIENT))
        observer = Reader(talk.observe(wait_for_it=True, backoff_options=PATIENT))
        assert observer.wait_items(1)
        assert updates.wait_items(1)
        server.restart(crash=True)
        for reader in (reply, updates):
            error = failure(reader.join)
            assert type(error) is StreamResetError
        checkpoint = updates.stream.checkpoint
        error = failure(lambda: list(talk.updates(resume=checkpoint)))
        assert type(error) is StreamResetError
        later = uuid4().hex
        admission = talk.send(later)
        server.end(later, "anew")
        talk.wait(admission)
        now = talk.history()
        assert plain(state_at(observer, now.offset)) == plain(now)
        observer.stream.cancel()
        observer.join()
