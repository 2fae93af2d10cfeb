"""Reads of a conversation: snapshots, pages, long-polls and SSE, as Flue 2.1.0 answers them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from flue_client_ext.testing import VirtualClock
from tests.local.agents import LocalAgents
from tests.local.conversation import START, Conversation, frames, offset, refusal, types

#: Batches of a first answer: created, message, two of the runtime, started, block, deltas, block,
#: completed, settled.
ANSWERED = 10
PLACE = {
    "cache-control": "no-store",
    "content-type": "application/json",
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
}
NEVER = {"etag", "stream-cursor", "stream-closed", "content-encoding"}


@pytest.fixture
def conversation(api: httpx.Client) -> Conversation:
    """A conversation with one answer."""
    conversation = Conversation(api, "echo")
    conversation.ask("hello")
    return conversation


def test_a_snapshot_is_the_conversation_at_its_offset(conversation: Conversation) -> None:
    answer = conversation.http.get(conversation.path)
    snapshot = answer.json()
    names = ["v", "conversationId", "offset", "messages", "settlements", "incarnation"]
    assert list(snapshot) == names
    assert (snapshot["v"], snapshot["offset"]) == (1, offset(ANSWERED))
    place = {"stream-next-offset": offset(ANSWERED), "stream-up-to-date": "true"}
    assert (PLACE | place).items() <= dict(answer.headers).items()
    assert not NEVER & set(answer.headers)
    assert (
        conversation.http.get(conversation.path, params={"view": "history", "limit": "1"}).json()
        == snapshot
    )


def test_a_snapshot_names_what_was_sent_and_answered(conversation: Conversation) -> None:
    snapshot = conversation.history()
    sent, reply = snapshot["messages"]
    submission = sent["submissionId"]
    assert {**sent, "id": ""} == {
        "id": "",
        "role": "user",
        "purpose": "user",
        "display": "visible",
        "submissionId": submission,
        "parts": [{"type": "text", "text": "hello", "state": "done"}],
    }
    assert {**reply, "id": "", "turnId": ""} == {
        "id": "",
        "role": "assistant",
        "purpose": "assistant",
        "display": "visible",
        "submissionId": submission,
        "turnId": "",
        "parts": [{"type": "text", "text": "You said: hello", "state": "done"}],
    }
    settled = {"submissionId": submission, "outcome": "completed"}
    assert snapshot["settlements"] == [{**settled, "answeredBySubmissionId": submission}]


def test_updates_begin_with_a_checkpoint_and_a_reset_to_nothing(conversation: Conversation) -> None:
    checkpoint, reset, *chunks = conversation.updates().json()
    snapshot = conversation.history()
    about = snapshot["conversationId"]
    assert checkpoint == {"type": "stream-checkpoint", "incarnation": snapshot["incarnation"]}
    nothing = {"v": 1, "conversationId": about, "offset": START, "messages": [], "settlements": []}
    assert reset == {
        "type": "conversation-reset",
        "conversationId": about,
        "snapshot": nothing,
        "position": {"batch": 0, "index": 0},
    }
    assert types(chunks) == [
        "message-appended",
        "message-started",
        *["message-delta"] * 2,
        "message-completed",
        "submission-settled",
    ]
    assert {chunk["conversationId"] for chunk in chunks} == {about}


def test_positions_rise_and_have_gaps(conversation: Conversation) -> None:
    chunks = conversation.updates().json()[1:]
    positions = [(c["position"]["batch"], c["position"]["index"]) for c in chunks]
    assert positions == sorted(set(positions))
    assert {batch for batch, _ in positions} == {0, 1, 4, 6, 7, 9, 10}


def test_an_answer_at_the_head_is_a_checkpoint_alone(conversation: Conversation) -> None:
    answer = conversation.updates(offset(ANSWERED))
    assert types(answer.json()) == ["stream-checkpoint"]
    place = {"stream-next-offset": offset(ANSWERED), "stream-up-to-date": "true"}
    assert (PLACE | place).items() <= dict(answer.headers).items()
    assert not NEVER & set(answer.headers)


def test_a_read_goes_on_behind_its_offset(conversation: Conversation) -> None:
    everything = conversation.updates().json()
    for batch in range(ANSWERED + 1):
        rest = [c for c in everything[1:] if c["position"]["batch"] > batch]
        assert conversation.updates(offset(batch)).json() == [everything[0], *rest]


def test_head_says_where_the_stream_ends(conversation: Conversation) -> None:
    answer = conversation.http.head(
        conversation.path, params={"view": "updates", "offset": "nonsense"}
    )
    place = {"stream-next-offset": offset(ANSWERED), "stream-up-to-date": "true"}
    assert (PLACE | place).items() <= dict(answer.headers).items()
    assert answer.content == b"" and "content-length" not in answer.headers


QUERIES = [
    ("view=nope", "Invalid agent conversation view."),
    ("offset=-1", "History reads do not accept offset"),
    ("view=history&live=sse", "History reads do not accept offset"),
    ("view=updates", "Exactly one offset is required."),
    ("view=updates&offset=-1&offset=-1", "Exactly one offset is required."),
    ("view=updates&offset=now", "Invalid offset format."),
    ("view=updates&offset=", "Invalid offset format."),
    ("view=updates&offset=-1&tail=3", "Update streams do not accept tail."),
    ("view=updates&offset=-1&live=true", "Invalid live mode."),
    ("view=updates&offset=-1&live=", "Invalid live mode."),
]


@pytest.mark.parametrize(("query", "details"), QUERIES)
def test_a_malformed_read_is_refused(conversation: Conversation, query: str, details: str) -> None:
    for path in (conversation.path, "/agents/echo/nobody"):
        answer = conversation.http.get(f"{path}?{query}")
        assert refusal(answer) == (400, "invalid_request")
        assert answer.json()["error"]["details"].startswith(details)


@pytest.mark.parametrize("live", [{}, {"live": "long-poll"}, {"live": "sse"}])
def test_an_unknown_conversation_is_not_found(api: httpx.Client, live: dict[str, str]) -> None:
    assert refusal(Conversation(api, "echo").updates(**live)) == (404, "stream_not_found")


@pytest.mark.parametrize("live", [{}, {"live": "long-poll"}, {"live": "sse"}])
def test_an_offset_beyond_the_head_is_gone(
    conversation: Conversation, live: dict[str, str]
) -> None:
    answer = conversation.updates(offset(9999), **live)
    assert refusal(answer) == (416, "stream_offset_gone")
    meta = {"offset": offset(9999), "nextOffset": offset(ANSWERED)}
    assert answer.json()["error"]["meta"] == meta


def test_an_offset_not_written_as_the_server_does_fails(conversation: Conversation) -> None:
    answer = conversation.updates("0_5")
    assert refusal(answer) == (500, "internal_error")
    assert answer.json()["error"]["ref"] == answer.headers["flue-error-ref"]
    assert conversation.updates(f"0_{ANSWERED}").status_code == 200
    with pytest.raises(httpx.RemoteProtocolError):
        conversation.updates("0_5", live="sse")


@pytest.mark.parametrize("live", [{}, {"live": "long-poll"}])
def test_a_page_has_a_hundred_batches(api: httpx.Client, live: dict[str, str]) -> None:
    conversation = Conversation(api, "echo")
    for _ in range(14):
        conversation.ask("hello")
    answer = conversation.updates(**live)
    assert answer.headers["stream-next-offset"] == offset(99)
    assert "stream-up-to-date" not in answer.headers
    rest = conversation.updates(offset(99), **live)
    assert rest.headers["stream-up-to-date"] == "true"
    chunks = answer.json()[1:] + rest.json()[1:]
    assert len({(c["position"]["batch"], c["position"]["index"]) for c in chunks}) == len(chunks)
    assert types(chunks).count("submission-settled") == 14


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def quiet(clock: VirtualClock) -> Iterator[Conversation]:
    """A conversation with one answer, on a server whose time stands still."""
    with (
        LocalAgents(clock=clock, delta_hold=0) as running,
        httpx.Client(base_url=running.url, timeout=10) as http,
    ):
        conversation = Conversation(http, "echo")
        sent = conversation.send("hello")
        running.server.settled("echo", conversation.id, sent["submissionId"])
        yield conversation


def test_a_long_poll_waits_for_thirty_seconds(quiet: Conversation, clock: VirtualClock) -> None:
    head = quiet.history()["offset"]
    with ThreadPoolExecutor() as pool:
        poll = pool.submit(quiet.updates, head, live="long-poll")
        clock.wait_for_sleepers()
        clock.advance(29.9)
        assert not poll.done()
        clock.advance(0.2)
        answer = poll.result(10)
    assert types(answer.json()) == ["stream-checkpoint"]
    assert answer.headers["stream-next-offset"] == head
    assert answer.headers["stream-up-to-date"] == "true"


def test_a_long_poll_ends_with_the_first_news(quiet: Conversation, clock: VirtualClock) -> None:
    with ThreadPoolExecutor() as pool:
        poll = pool.submit(quiet.updates, quiet.history()["offset"], live="long-poll")
        clock.wait_for_sleepers()
        quiet.send("again")
        answer = poll.result(10)
    assert answer.json()[1]["type"] == "message-appended"


def test_a_batch_without_chunks_ends_a_long_poll(
    api: httpx.Client, conversation: Conversation
) -> None:
    answer = conversation.updates(offset(1), live="long-poll")
    assert answer.headers["stream-next-offset"] != offset(1)


def test_quiet_sse_has_heartbeats_and_control_frames(
    quiet: Conversation, clock: VirtualClock
) -> None:
    head = quiet.history()["offset"]
    query = {"view": "updates", "offset": head, "live": "sse"}
    with quiet.http.stream("GET", quiet.path, params=query) as stream:
        events = frames(stream.iter_text())
        assert next(events)[1][0]["type"] == "stream-checkpoint"
        control: Any = ("control", {"streamNextOffset": head, "upToDate": True})
        assert next(events) == control
        clock.wait_for_sleepers(2)
        clock.advance(15)
        assert next(events) == (":", "heartbeat")
        clock.wait_for_sleepers(2)
        clock.advance(15.1)
        assert sorted([next(events), next(events)]) == [(":", "heartbeat"), control]


def test_sse_gives_each_page_a_control_frame_but_the_checkpoint(conversation: Conversation) -> None:
    query = {"view": "updates", "offset": "-1", "live": "sse"}
    with conversation.http.stream("GET", conversation.path, params=query) as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-cache"
        assert "stream-next-offset" not in stream.headers
        events = frames(stream.iter_text())
        first, second, third = (next(events) for _ in range(3))
    assert (first[0], types(first[1])) == ("data", ["stream-checkpoint"])
    assert second == ("data", conversation.updates().json()[1:])
    assert third == ("control", {"streamNextOffset": offset(ANSWERED), "upToDate": True})


def test_sse_moves_on_by_control_frames_without_data(
    api: httpx.Client, conversation: Conversation
) -> None:
    query = {"view": "updates", "offset": offset(ANSWERED), "live": "sse"}
    seen: list[tuple[str, Any]] = []
    with api.stream("GET", conversation.path, params=query) as stream:
        events = frames(stream.iter_text())
        seen += [next(events), next(events)]
        threading.Thread(target=conversation.send, args=("again",)).start()
        while seen[-1][0] != "data" or seen[-1][1][-1]["type"] != "submission-settled":
            seen.append(next(events))
        seen.append(next(events))
    controls = [data["streamNextOffset"] for name, data in seen if name == "control"]
    assert controls == sorted(controls) and controls[-1] == conversation.history()["offset"]
    assert all("streamClosed" not in data for name, data in seen if name == "control")
    chunks = [chunk for name, data in seen[1:] if name == "data" for chunk in data]
    assert chunks == conversation.updates(offset(ANSWERED)).json()[1:]


def test_the_end_of_a_server_breaks_sse_in_mid_body() -> None:
    with LocalAgents() as running, httpx.Client(base_url=running.url, timeout=10) as http:
        conversation = Conversation(http, "echo")
        conversation.ask("hello")
        query = {"view": "updates", "offset": "-1", "live": "sse"}
        with http.stream("GET", conversation.path, params=query) as stream:
            pieces = stream.iter_text()
            next(pieces)
            running.stop()
            with pytest.raises(httpx.RemoteProtocolError):
                list(pieces)
