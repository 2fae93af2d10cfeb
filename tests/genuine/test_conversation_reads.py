"""How a conversation of a 2.x server is read: snapshot, catch-up, long-poll, event stream.

Plain httpx, none of our own code, as in `test_genuine_server`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.genuine.conversation import Conversation, error_of, frames, text_of, types
from tests.servers.flue2 import VERSIONS, Flue2Server

pytestmark = pytest.mark.parametrize("genuine2", VERSIONS, indirect=True)
BEYOND = "0000000000000000_0000000000009999"


@pytest.fixture
def conversation(api2: httpx.Client) -> Conversation:
    """A conversation with one answered message."""
    answered = Conversation(api2, "agents/echo")
    answered.ask("hello")
    return answered


def test_an_unknown_conversation_is_not_found(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/echo")
    for answer in (
        api2.get(conversation.path),
        conversation.updates("-1"),
        conversation.updates("-1", live="long-poll"),
        conversation.updates("-1", live="sse"),
    ):
        assert error_of(answer) == (404, "stream_not_found")
    head = api2.head(conversation.path)
    assert (head.status_code, head.content) == (404, b"")
    assert conversation.abort() is False


def test_a_refused_creation_leaves_updates_without_a_conversation(api2: httpx.Client) -> None:
    conversation = Conversation(api2, "agents/greets")
    assert conversation.post(kind="user", body="no initial data").status_code == 400
    assert error_of(api2.get(conversation.path)) == (404, "stream_not_found")
    answer = conversation.updates("-1")
    assert types(answer.json()) == ["stream-checkpoint"]
    assert api2.head(conversation.path).headers["stream-next-offset"] == "-1"
    assert conversation.abort() is False


def test_a_snapshot_is_the_conversation_at_its_offset(conversation: Conversation) -> None:
    answer = conversation.api.get(conversation.path)
    snapshot = answer.json()
    assert set(snapshot) == {
        "v", "conversationId", "offset", "messages", "settlements", "incarnation",
    }  # fmt: skip
    assert snapshot["v"] == 1
    assert snapshot["offset"] == answer.headers["stream-next-offset"]
    assert answer.headers["stream-up-to-date"] == "true"
    assert answer.headers["cache-control"] == "no-store"
    assert conversation.api.get(conversation.path, params={"view": "history"}).json() == snapshot
    head = conversation.api.head(conversation.path)
    assert head.headers["stream-next-offset"] == snapshot["offset"]
    assert head.headers["stream-up-to-date"] == "true"


def test_a_snapshot_has_messages_of_parts_and_settlements(conversation: Conversation) -> None:
    snapshot = conversation.history()
    user, reply = snapshot["messages"]
    (settlement,) = snapshot["settlements"]
    submission = settlement["submissionId"]
    common = {"display": "visible", "submissionId": submission}
    assert user.items() >= {"role": "user", "purpose": "user", **common}.items()
    assert reply.items() >= {"role": "assistant", "purpose": "assistant", **common}.items()
    assert user["parts"] == [{"type": "text", "text": "hello", "state": "done"}]
    assert reply["parts"] == [{"type": "text", "text": "You said: hello", "state": "done"}]
    assert settlement["outcome"] == "completed"
    assert settlement["answeredBySubmissionId"] == submission
    assert not {"timestamp", "metadata"} & {*user, *reply, *settlement}


def test_updates_from_the_start_begin_with_an_empty_conversation(
    conversation: Conversation,
) -> None:
    answer = conversation.updates("-1")
    checkpoint, reset, *chunks = answer.json()
    snapshot = conversation.history()
    identity = {"type": "stream-checkpoint", "incarnation": snapshot["incarnation"]}
    assert checkpoint == identity
    assert reset["type"] == "conversation-reset"
    assert (reset["snapshot"]["messages"], reset["snapshot"]["settlements"]) == ([], [])
    assert types(chunks) == [
        "message-appended", "message-started", "message-delta", "message-delta",
        "message-completed", "submission-settled",
    ]  # fmt: skip
    assert {chunk["conversationId"] for chunk in (reset, *chunks)} == {snapshot["conversationId"]}
    assert answer.headers["stream-next-offset"] == snapshot["offset"]
    assert answer.headers["stream-up-to-date"] == "true"
    assert not {"stream-cursor", "stream-closed", "etag"} & set(answer.headers)


def test_positions_rise_with_gaps(conversation: Conversation) -> None:
    _, *chunks = conversation.updates("-1").json()
    positions = [(chunk["position"]["batch"], chunk["position"]["index"]) for chunk in chunks]
    assert positions == sorted(set(positions))
    assert any(after[0] - before[0] > 1 for before, after in pairwise(positions))


def test_updates_at_the_head_are_a_checkpoint_alone(conversation: Conversation) -> None:
    head = conversation.history()["offset"]
    answer = conversation.updates(head)
    assert types(answer.json()) == ["stream-checkpoint"]
    assert answer.headers["stream-next-offset"] == head
    assert answer.headers["stream-up-to-date"] == "true"


@pytest.mark.parametrize("live", [{}, {"live": "long-poll"}])
def test_a_page_holds_at_most_100_batches(api2: httpx.Client, live: Any) -> None:
    conversation = Conversation(api2, "agents/data")
    sent = conversation.send("250")
    conversation.settled(sent)
    offset, batches, complete = "-1", [], False
    while not complete:
        answer = conversation.updates(offset, **live)
        checkpoint, *chunks = answer.json()
        assert checkpoint["type"] == "stream-checkpoint"
        batches += [{chunk["position"]["batch"] for chunk in chunks}]
        offset = answer.headers["stream-next-offset"]
        complete = "stream-up-to-date" in answer.headers
    assert [max(page) for page in batches[:2]] == [99, 199]
    assert len(batches) == 3
    assert offset == conversation.history()["offset"]


@pytest.mark.parametrize(
    "query",
    [
        "view=updates", "view=updates&offset=now", "view=updates&offset=abc",
        "view=updates&offset=-1&offset=-1", "view=updates&offset=-1&live=maybe",
        "view=updates&offset=-1&tail=1", "view=other", "view=history&offset=-1",
        "view=history&tail=1", "view=history&live=sse", "offset=-1",
    ],
)  # fmt: skip
def test_a_bad_query_is_an_invalid_request(conversation: Conversation, query: str) -> None:
    assert error_of(conversation.api.get(f"{conversation.path}?{query}")) == (
        400,
        "invalid_request",
    )


def test_unknown_parameters_change_nothing(conversation: Conversation) -> None:
    unknown = {"limit": "1", "before": "x", "from": "x", "cursor": "x", "unheard-of": "1"}
    assert conversation.api.get(conversation.path, params=unknown).json() == conversation.history()
    assert conversation.updates("-1", **unknown).json() == conversation.updates("-1").json()


@pytest.mark.parametrize("live", [{}, {"live": "long-poll"}, {"live": "sse"}])
def test_an_offset_beyond_the_head_is_gone(conversation: Conversation, live: Any) -> None:
    answer = conversation.updates(BEYOND, **live)
    assert error_of(answer) == (416, "stream_offset_gone")
    meta = answer.json()["error"]["meta"]
    assert (meta["offset"], meta["nextOffset"]) == (BEYOND, conversation.history()["offset"])


def test_an_offset_made_by_hand_is_a_500_with_a_reference(conversation: Conversation) -> None:
    answer = conversation.updates("0_2")
    assert error_of(answer) == (500, "internal_error")
    assert answer.headers["flue-error-ref"] == answer.json()["error"]["ref"]


def test_other_methods_are_refused_with_the_allowed_ones(conversation: Conversation) -> None:
    for method, path, allowed in (
        ("DELETE", conversation.path, {"GET", "HEAD", "POST"}),
        ("GET", f"{conversation.path}/abort", {"POST"}),
        ("HEAD", f"{conversation.path}/attachments/x", {"GET"}),
    ):
        answer = conversation.api.request(method, path)
        assert answer.status_code == 405
        assert set(answer.headers["allow"].replace(" ", "").split(",")) == allowed
        assert method == "HEAD" or error_of(answer) == (405, "method_not_allowed")


def test_an_event_stream_has_the_same_chunks_in_frames(conversation: Conversation) -> None:
    snapshot = conversation.history()
    with conversation.api.stream(
        "GET", f"{conversation.path}?view=updates&offset=-1&live=sse"
    ) as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        events = frames(stream.iter_lines())
        seen = [next(events) for _ in range(3)]
    (first, checkpoint), (second, chunks), (third, control) = seen
    assert [first, second, third] == ["data", "data", "control"]
    assert [*checkpoint, *chunks] == conversation.updates("-1").json()
    assert control == {"streamNextOffset": snapshot["offset"], "upToDate": True}


def test_live_reads_wait_for_the_next_chunk(api2: httpx.Client, genuine2: Flue2Server) -> None:
    key = uuid4().hex
    conversation = Conversation(api2, "agents/slow")
    conversation.send(key)
    genuine2.say(key, "one ")
    started = conversation.until("-1", "message-delta")
    head = conversation.history()["offset"]
    with (
        ThreadPoolExecutor() as pool,
        api2.stream("GET", f"{conversation.path}?view=updates&offset={head}&live=sse") as stream,
    ):
        events = frames(stream.iter_lines())
        assert types(next(events)[1]) == ["stream-checkpoint"]
        poll = pool.submit(conversation.updates, head, live="long-poll")
        assert not poll.done()
        genuine2.end(key, "two")
        for chunks in (
            poll.result().json()[1:],
            next(value for name, value in events if name == "data"),
        ):
            first = next(chunk for chunk in chunks if chunk["type"] == "message-delta")
            assert first["delta"] == "two"
            assert first["messageId"] == started[-1]["messageId"]


def test_a_message_that_streams_is_in_the_snapshot(
    api2: httpx.Client, genuine2: Flue2Server
) -> None:
    key = uuid4().hex
    conversation = Conversation(api2, "agents/slow")
    sent = conversation.send(key)
    genuine2.say(key, "one ")
    conversation.until(sent["offset"], "message-delta")
    snapshot = conversation.history()
    assert snapshot["messages"][-1]["parts"] == [
        {"type": "text", "text": "one ", "state": "streaming"}
    ]
    assert snapshot["settlements"] == []
    genuine2.end(key, "two")
    conversation.settled(sent)
    assert text_of(conversation.history()["messages"][-1]) == "one two"
