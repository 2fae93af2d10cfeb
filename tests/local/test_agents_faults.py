"""Faults on the routes of conversations, and stores that are lost or kept over a restart."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from flue_client_ext.testing import ConversationContext, LocalFlue, Message, VirtualClock, faults
from tests.contract.conversation import (
    START,
    Conversation,
    Json,
    error_of,
    frames,
    offset,
    text_of,
    types,
)
from tests.patience import patiently
from tests.servers.http import client_of
from tests.servers.local_agents import LocalAgents

SSE = {"view": "updates", "offset": "-1", "live": "sse"}


@pytest.fixture
def agents() -> Iterator[LocalAgents]:
    with LocalAgents() as running:
        yield running


@pytest.fixture
def conversation(agents: LocalAgents) -> Iterator[Conversation]:
    """A conversation with one answer, on a server of its own."""
    with client_of(agents.url) as http:
        conversation = Conversation(http, "echo")
        conversation.ask("hello")
        yield conversation


def heard(
    conversation: Conversation, count: int, query: dict[str, str] | None = None
) -> list[tuple[str, Any]]:
    """Return the first events of an SSE read, fewer if it ends or breaks before."""
    events: list[tuple[str, Any]] = []
    with conversation.api.stream("GET", conversation.path, params=query or SSE) as stream:
        try:
            for event in frames(stream.iter_text()):
                events.append(event)
                if len(events) == count:
                    break
        except httpx.RemoteProtocolError:
            events.append(("broken", None))
        except httpx.ReadError:
            events.append(("reset", None))
    return events


@pytest.mark.parametrize("how", ["close", "chunk"])
def test_a_cut_counts_chunks_and_the_checkpoint_with_them(
    agents: LocalAgents, conversation: Conversation, how: faults.How
) -> None:
    agents.server.inject(faults.Cut(after_events=2, how=how), live="sse")
    assert [name for name, _ in heard(conversation, 9)] == ["data", "broken"]
    agents.server.inject(faults.Cut(after_events=3), live=False)
    with pytest.raises(httpx.RemoteProtocolError):
        conversation.updates()
    assert len(conversation.updates().json()) > 3


def test_a_cut_waits_for_a_read_of_updates(agents: LocalAgents, conversation: Conversation) -> None:
    cut = agents.server.inject(faults.Cut(after_events=0))
    assert conversation.history() and conversation.api.head(conversation.path)
    assert conversation.send("again")
    assert cut.hits == 0
    with pytest.raises(httpx.RemoteProtocolError):
        conversation.updates()


def test_a_lost_answer_to_a_send_is_found_by_its_key(
    agents: LocalAgents, conversation: Conversation
) -> None:
    agents.server.inject(faults.Cut(), method="POST")
    with pytest.raises(httpx.RemoteProtocolError):
        conversation.send("once", idempotencyKey="k")
    again = conversation.send("once", idempotencyKey="k")
    assert again["deduplicated"] is True
    assert len(agents.server.submission_ids("echo", conversation.id)) == 2


def test_a_refused_send_is_not_executed(agents: LocalAgents, conversation: Conversation) -> None:
    agents.server.inject(faults.Refuse(), method="POST")
    with pytest.raises(httpx.TransportError):
        conversation.send("never")
    agents.server.inject(faults.Status(503, {"error": "busy"}), method="POST")
    assert conversation.post(kind="user", body="never").status_code == 503
    assert len(agents.server.submission_ids("echo", conversation.id)) == 1


@pytest.mark.odd_answers
def test_faults_are_aimed_at_an_agent_or_a_conversation(
    agents: LocalAgents, conversation: Conversation
) -> None:
    by_agent = agents.server.inject(faults.Status(500), agent="tools")
    by_id = agents.server.inject(faults.Status(500), agent="echo", conversation="other")
    assert conversation.updates().status_code == 200
    assert Conversation(conversation.api, "tools").updates().status_code == 500
    assert Conversation(conversation.api, "echo", "other").updates().status_code == 500
    assert (by_agent.hits, by_id.hits) == (1, 1)


@pytest.mark.parametrize("name", ["agent", "conversation"])
def test_an_aim_that_no_request_has_is_refused(agents: LocalAgents, name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} must be a str"):
        agents.server.inject(faults.Delay(0), **{name: 5})  # type: ignore[arg-type]


def test_a_duplicate_page_ends_where_the_read_starts(
    agents: LocalAgents, conversation: Conversation
) -> None:
    before = conversation.updates().json()[1:]
    head = conversation.history()["offset"]
    agents.server.inject(faults.Duplicate())
    answer = conversation.updates(head)
    assert answer.json()[1:] == before
    assert answer.headers["stream-next-offset"] == head


def test_a_duplicate_batch_of_sse_comes_with_its_control_frame(
    agents: LocalAgents, conversation: Conversation
) -> None:
    agents.server.inject(faults.Duplicate())
    checkpoint, *events = heard(conversation, 5)
    assert events[:2] == events[2:]
    assert [name for name, _ in events[:2]] == ["data", "control"]
    assert types(checkpoint[1]) == ["stream-checkpoint"]


def test_an_empty_poll_has_the_checkpoint_alone(
    agents: LocalAgents, conversation: Conversation
) -> None:
    agents.server.inject(faults.EmptyPoll())
    answer = conversation.updates(live="long-poll")
    assert types(answer.json()) == ["stream-checkpoint"]
    assert answer.headers["stream-next-offset"] == "-1"
    assert len(conversation.updates(live="long-poll").json()) > 1


def test_a_dropped_stream_is_another_and_shorter(
    agents: LocalAgents, conversation: Conversation
) -> None:
    before = conversation.history()
    agents.server.inject(faults.DropStream(keep=2))
    gone = conversation.updates(before["offset"])
    assert error_of(gone) == (416, "stream_offset_gone")
    assert gone.json()["error"]["meta"]["nextOffset"] == offset(1)
    after = conversation.history()
    assert after["incarnation"] != before["incarnation"]
    assert [text_of(message) for message in after["messages"]] == ["hello"]


def test_a_stream_dropped_altogether_is_not_found(
    agents: LocalAgents, conversation: Conversation
) -> None:
    agents.server.inject(faults.DropStream())
    assert error_of(conversation.updates()) == (404, "stream_not_found")
    assert conversation.send("hello", uid=None)["offset"] == START


@pytest.mark.parametrize("keep", [0, 2])
def test_a_conversation_that_is_lost_breaks_live_reads(
    agents: LocalAgents, conversation: Conversation, keep: int
) -> None:
    with conversation.api.stream("GET", conversation.path, params=SSE) as stream:
        events = frames(stream.iter_text())
        next(events)
        agents.server.drop_conversation("echo", conversation.id, keep=keep)
        with pytest.raises(httpx.RemoteProtocolError):
            list(events)


def test_a_function_whose_conversation_is_lost_ends(
    agents: LocalAgents, conversation: Conversation
) -> None:
    key = uuid4().hex
    slow = Conversation(conversation.api, "slow")
    slow.send(key)
    agents.say(key, "one ")
    agents.server.drop_conversation("slow", slow.id)
    agents.end(key, "two ")
    assert error_of(conversation.api.get(slow.path)) == (404, "stream_not_found")
    other = uuid4().hex
    sent = slow.send(other)
    agents.end(other, "three")
    slow.settled(sent)
    assert slow.texts() == [other, "three"]


def heard_for_a_second(fault: faults.Fault | None = None) -> tuple[list[tuple[str, Any]], int]:
    """Return the events that a server sends whose proxy closes event streams after a second, once
    all that there is was sent; and in how many pieces they came. Its clock is moved."""
    clock = VirtualClock()
    with (
        LocalAgents(clock=clock, delta_hold=0) as running,
        client_of(running.url) as http,
        ThreadPoolExecutor(1) as pool,
    ):
        conversation = Conversation(http, "echo")
        sent = conversation.send("hello")
        running.server.settled("echo", conversation.id, sent["submissionId"])
        if fault is not None:
            running.server.inject(fault, live="sse")
        running.server.inject(faults.CloseLive(1), live="sse")

        def read() -> list[str]:
            with http.stream("GET", conversation.path, params=SSE) as stream:
                return list(stream.iter_text())

        reading = pool.submit(read)
        clock.wait_for_sleepers(3)  # the fault's, the heartbeat's, the hold's
        clock.advance(1)
        pieces = reading.result(20)
    return list(frames(iter(pieces))), len(pieces)


def test_a_buffered_event_stream_comes_at_its_end() -> None:
    events, pieces = heard_for_a_second(faults.BufferSSE())
    assert ([name for name, _ in events], pieces) == (["data", "data", "control"], 1)


def test_a_stalled_read_goes_on_or_never_does(
    agents: LocalAgents, conversation: Conversation
) -> None:
    whole = conversation.updates().json()
    agents.server.inject(faults.Stall(after_events=2, seconds=0.01))
    assert conversation.updates().json() == whole

    def attempt(seconds: float) -> None:
        agents.server.inject(faults.Stall(after_events=2), live="sse")
        limit = httpx.Timeout(10, read=seconds)
        with conversation.api.stream("GET", conversation.path, params=SSE, timeout=limit) as stream:
            events = frames(stream.iter_text())
            assert types(next(events)[1]) == ["stream-checkpoint"]
            with pytest.raises(httpx.ReadTimeout):
                next(events)

    patiently(attempt, 0.3, 2.0, 10.0)


def test_a_live_read_is_closed_when_its_time_is_up() -> None:
    events, _ = heard_for_a_second()
    assert [name for name, _ in events] == ["data", "data", "control"]


def test_drops_of_a_body_make_the_same_answer(
    agents: LocalAgents, conversation: Conversation
) -> None:
    whole = conversation.updates().json()
    agents.server.inject(faults.Drip(bytes=7))
    assert conversation.updates().json() == whole


def test_a_token_that_changes_is_refused_from_then_on() -> None:
    with LocalAgents(token="old") as agents, client_of(agents.url) as http:
        http.headers["authorization"] = "Bearer old"
        conversation = Conversation(http, "echo")
        conversation.ask("hello")
        agents.server.inject(faults.ChangeToken("new"))
        assert conversation.updates().status_code == 401
        http.headers["authorization"] = "Bearer new"
        assert conversation.updates().status_code == 200


def test_work_that_had_not_begun_begins_after_a_crash(tmp_path: Path) -> None:
    called = threading.Event()
    servers = [LocalFlue(store=tmp_path / "flue.sqlite3") for _ in range(2)]

    @servers[0].agent("later")
    def hangs(message: Message, conversation: ConversationContext) -> None:
        called.set()
        conversation.sleep(3600)

    with servers[0].run() as url, client_of(url) as http:
        conversation = Conversation(http, "later")
        sent = conversation.send("x")
        called.wait(10)
    servers[0].close()
    servers[1].agent("later")(lambda message: "said")
    servers[1].settled("later", conversation.id, sent["submissionId"])
    messages = servers[1].snapshot("later", conversation.id)["messages"]
    assert [(m["role"], text_of(m)) for m in messages] == [("user", "x"), ("assistant", "said")]
    servers[1].close()


def test_conversations_go_on_while_the_server_does_not_listen(agents: LocalAgents) -> None:
    key = uuid4().hex
    with client_of(agents.url) as http:
        conversation = Conversation(http, "slow")
        sent = conversation.send(key)
        agents.say(key, "one ")
        agents.server.stop()
        agents.end(key, "two")
        agents.server.settled("slow", conversation.id, sent["submissionId"])
        agents.__enter__()
        assert text_of(conversation.history()["messages"][-1]) == "one two"


def test_a_test_asks_the_server_what_it_has(
    agents: LocalAgents, conversation: Conversation
) -> None:
    server = agents.server
    assert server.conversation_ids("echo") == [conversation.id]
    assert server.snapshot("echo", conversation.id) == conversation.history()
    (submission,) = server.submission_ids("echo", conversation.id)
    settled: Json = {"submissionId": submission, "outcome": "completed"}
    settled["answeredBySubmissionId"] = submission
    assert server.settled("echo", conversation.id, submission) == settled
    for ask in (server.snapshot, server.submission_ids, server.drop_conversation):
        with pytest.raises(KeyError, match="no conversation 'nobody' with 'echo'"):
            ask("echo", "nobody")
    with pytest.raises(TimeoutError, match="sub_x has not settled"):
        server.settled("echo", conversation.id, "sub_x", timeout=0)


def test_an_answer_that_takes_an_hour_takes_no_time() -> None:
    began = time.monotonic()
    with (
        LocalAgents(clock=VirtualClock(autojump=0.02)) as running,
        client_of(running.url, timeout=60) as http,
    ):

        @running.server.agent("sleepy")
        def sleepy(message: Message, conversation: ConversationContext) -> str:
            conversation.sleep(3600)
            return "done"

        assert Conversation(http, "sleepy").ask("x")[-1]["outcome"] == "completed"
    assert time.monotonic() - began < 300  # it does not hang for an hour
