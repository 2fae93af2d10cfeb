"""How a conversation is read: its snapshot, its updates page by page, and refused reads."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.contract.conversation import BEYOND, START, Conversation, error_of, offset, types

FIXED_HEADERS = {
    "cache-control": "no-store",
    "content-type": "application/json",
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
}
NEVER_SENT = {"etag", "stream-cursor", "stream-closed", "content-encoding"}
LIVE = pytest.mark.parametrize("live", [{}, {"live": "long-poll"}, {"live": "sse"}], ids=str)


@pytest.fixture
def conversation(api: httpx.Client) -> Conversation:
    """A conversation with one answered message."""
    answered = Conversation(api, "echo")
    answered.ask("hello")
    return answered


def stands_at(answer: httpx.Response, head: str) -> bool:
    """Whether an answer has the headers of one that reaches the head of its stream."""
    place = {"stream-next-offset": head, "stream-up-to-date": "true"}
    headers = dict(answer.headers)
    return (FIXED_HEADERS | place).items() <= headers.items() and not NEVER_SENT & headers.keys()


@LIVE
def test_an_unknown_conversation_is_not_found(api: httpx.Client, live: dict[str, str]) -> None:
    conversation = Conversation(api, "echo")
    for answer in (api.get(conversation.path), conversation.updates("-1", **live)):
        assert error_of(answer) == (404, "stream_not_found")
    head = api.head(conversation.path)
    assert (head.status_code, head.content) == (404, b"")
    assert conversation.abort() is False


def test_a_snapshot_is_the_conversation_at_its_offset(conversation: Conversation) -> None:
    answer = conversation.api.get(conversation.path)
    snapshot = answer.json()
    names = ["v", "conversationId", "offset", "messages", "settlements", "incarnation"]
    assert list(snapshot) == names
    assert snapshot["v"] == 1
    assert stands_at(answer, snapshot["offset"])
    assert conversation.api.get(conversation.path, params={"view": "history"}).json() == snapshot


def test_a_snapshot_has_messages_of_parts_and_settlements(conversation: Conversation) -> None:
    snapshot = conversation.history()
    user, reply = snapshot["messages"]
    submission = user["submissionId"]
    common = {"display": "visible", "submissionId": submission}
    said, answered = (
        {"parts": [{"type": "text", "text": text, "state": "done"}]}
        for text in ("hello", "You said: hello")
    )
    assert {**user, "id": ""} == {"id": "", "role": "user", "purpose": "user"} | common | said
    assistant = {"id": "", "turnId": "", "role": "assistant", "purpose": "assistant"}
    assert {**reply, "id": "", "turnId": ""} == assistant | common | answered
    settled = {"submissionId": submission, "outcome": "completed"}
    assert snapshot["settlements"] == [{**settled, "answeredBySubmissionId": submission}]


def test_head_says_where_the_stream_ends(conversation: Conversation) -> None:
    query = {"view": "updates", "offset": "nonsense"}
    answer = conversation.api.head(conversation.path, params=query)
    assert stands_at(answer, conversation.history()["offset"])
    assert answer.content == b""
    assert "content-length" not in answer.headers


def test_updates_from_the_start_begin_with_an_empty_conversation(
    conversation: Conversation,
) -> None:
    answer = conversation.updates("-1")
    checkpoint, reset, *chunks = answer.json()
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
        "message-appended", "message-started", "message-delta", "message-delta",
        "message-completed", "submission-settled",
    ]  # fmt: skip
    assert {chunk["conversationId"] for chunk in chunks} == {about}
    assert stands_at(answer, snapshot["offset"])


def test_positions_rise_with_gaps(conversation: Conversation) -> None:
    _, *chunks = conversation.updates("-1").json()
    positions = [(chunk["position"]["batch"], chunk["position"]["index"]) for chunk in chunks]
    assert positions == sorted(set(positions))
    assert any(after[0] - before[0] > 1 for before, after in pairwise(positions))


def test_updates_at_the_head_are_a_checkpoint_alone(conversation: Conversation) -> None:
    head = conversation.history()["offset"]
    answer = conversation.updates(head)
    assert types(answer.json()) == ["stream-checkpoint"]
    assert stands_at(answer, head)


@pytest.mark.parametrize("live", [{}, {"live": "long-poll"}], ids=str)
def test_a_read_goes_on_behind_its_offset(conversation: Conversation, live: Any) -> None:
    checkpoint, *chunks = conversation.updates("-1").json()
    for batch in range(chunks[-1]["position"]["batch"]):
        rest = [chunk for chunk in chunks if chunk["position"]["batch"] > batch]
        assert conversation.updates(offset(batch), **live).json() == [checkpoint, *rest]


@pytest.mark.parametrize("live", [{}, {"live": "long-poll"}], ids=str)
def test_a_page_holds_at_most_100_batches(api: httpx.Client, live: Any) -> None:
    conversation = Conversation(api, "data")
    sent = conversation.send("250")
    conversation.settled(sent)
    after, batches, complete = "-1", [], False
    while not complete:
        answer = conversation.updates(after, **live)
        checkpoint, *chunks = answer.json()
        assert checkpoint["type"] == "stream-checkpoint"
        batches += [{chunk["position"]["batch"] for chunk in chunks}]
        after = answer.headers["stream-next-offset"]
        complete = "stream-up-to-date" in answer.headers
    assert [max(page) for page in batches[:2]] == [99, 199]
    assert len(batches) == 3
    assert after == conversation.history()["offset"]


@pytest.mark.parametrize(
    ("query", "details"),
    [
        ("view=other", "Invalid agent conversation view."),
        ("offset=-1", "History reads do not accept offset"),
        ("view=history&offset=-1", "History reads do not accept offset"),
        ("view=history&tail=1", "History reads do not accept offset"),
        ("view=history&live=sse", "History reads do not accept offset"),
        ("view=updates", "Exactly one offset is required."),
        ("view=updates&offset=-1&offset=-1", "Exactly one offset is required."),
        ("view=updates&offset=now", "Invalid offset format."),
        ("view=updates&offset=abc", "Invalid offset format."),
        ("view=updates&offset=", "Invalid offset format."),
        ("view=updates&offset=-1&tail=1", "Update streams do not accept tail."),
        ("view=updates&offset=-1&live=maybe", "Invalid live mode."),
        ("view=updates&offset=-1&live=", "Invalid live mode."),
    ],
)
def test_a_bad_query_is_an_invalid_request(api: httpx.Client, query: str, details: str) -> None:
    answer = api.get(f"{Conversation(api, 'echo').path}?{query}")
    assert error_of(answer) == (400, "invalid_request")
    assert answer.json()["error"]["details"].startswith(details)


def test_unknown_parameters_change_nothing(conversation: Conversation) -> None:
    unknown = {"limit": "1", "before": "x", "from": "x", "cursor": "x", "unheard-of": "1"}
    assert conversation.api.get(conversation.path, params=unknown).json() == conversation.history()
    assert conversation.updates("-1", **unknown).json() == conversation.updates("-1").json()


@LIVE
def test_an_offset_beyond_the_head_is_gone(conversation: Conversation, live: Any) -> None:
    answer = conversation.updates(BEYOND, **live)
    assert error_of(answer) == (416, "stream_offset_gone")
    meta = {"offset": BEYOND, "nextOffset": conversation.history()["offset"]}
    assert answer.json()["error"]["meta"] == meta


def test_an_offset_made_by_hand_is_a_500_with_a_reference(conversation: Conversation) -> None:
    answer = conversation.updates("0_5")
    assert error_of(answer) == (500, "internal_error")
    assert answer.headers["flue-error-ref"] == answer.json()["error"]["ref"]
    assert conversation.updates(f"0_{conversation.history()['offset'][-2:]}").status_code == 200
    with pytest.raises(httpx.RemoteProtocolError):
        conversation.updates("0_5", live="sse")
