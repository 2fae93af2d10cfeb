"""Live reads of a conversation: long-polls and event streams."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.agents import Agents
from tests.contract.conversation import Conversation, frames, types


def sse(after: str) -> dict[str, str]:
    return {"view": "updates", "offset": after, "live": "sse"}


def test_an_event_stream_has_the_same_chunks_in_frames(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    conversation.ask("hello")
    with api.stream("GET", conversation.path, params=sse("-1")) as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-cache"
        assert "stream-next-offset" not in stream.headers
        events = frames(stream.iter_text())
        seen = [next(events) for _ in range(3)]
    (first, checkpoint), (second, chunks), (third, control) = seen
    assert [first, second, third] == ["data", "data", "control"]
    assert [*checkpoint, *chunks] == conversation.updates("-1").json()
    assert control == {"streamNextOffset": conversation.history()["offset"], "upToDate": True}


def test_an_event_stream_moves_on_by_control_frames_without_data(api: httpx.Client) -> None:
    conversation = Conversation(api, "echo")
    conversation.ask("hello")
    head = conversation.history()["offset"]
    seen: list[tuple[str, Any]] = []
    with api.stream("GET", conversation.path, params=sse(head)) as stream:
        events = frames(stream.iter_text())
        seen += [next(events), next(events)]
        conversation.send("again")
        while seen[-1][0] != "data" or seen[-1][1][-1]["type"] != "submission-settled":
            seen.append(next(events))
        seen.append(next(events))
    controls = [data["streamNextOffset"] for name, data in seen if name == "control"]
    assert controls == sorted(controls)
    assert controls[-1] == conversation.history()["offset"]
    assert len(controls) > sum(name == "data" for name, _ in seen[1:])
    assert all("streamClosed" not in data for name, data in seen if name == "control")
    chunks = [chunk for name, data in seen[1:] if name == "data" for chunk in data]
    assert chunks == conversation.updates(head).json()[1:]


def test_live_reads_wait_for_the_next_chunk(api: httpx.Client, agents: Agents) -> None:
    key = uuid4().hex
    conversation = Conversation(api, "slow")
    conversation.send(key)
    agents.say(key, "one ")
    started = conversation.until("-1", "message-delta")
    head = conversation.history()["offset"]
    with (
        ThreadPoolExecutor() as pool,
        api.stream("GET", conversation.path, params=sse(head)) as stream,
    ):
        events = frames(stream.iter_text())
        assert types(next(events)[1]) == ["stream-checkpoint"]
        poll = pool.submit(conversation.updates, head, live="long-poll")
        assert not poll.done()
        agents.end(key, "two")
        for chunks in (
            poll.result().json()[1:],
            next(value for name, value in events if name == "data"),
        ):
            first = next(chunk for chunk in chunks if chunk["type"] == "message-delta")
            assert first["delta"] == "two"
            assert first["messageId"] == started[-1]["messageId"]


def test_a_message_that_streams_is_in_the_snapshot(api: httpx.Client, agents: Agents) -> None:
    key = uuid4().hex
    conversation = Conversation(api, "slow")
    sent = conversation.send(key)
    agents.say(key, "one ")
    conversation.until(sent["offset"], "message-delta")
    snapshot = conversation.history()
    assert snapshot["messages"][-1]["parts"] == [
        {"type": "text", "text": "one ", "state": "streaming"}
    ]
    assert snapshot["settlements"] == []
    agents.end(key, "two")
    conversation.settled(sent)
    assert conversation.reply()["parts"] == [{"type": "text", "text": "one two", "state": "done"}]


@pytest.mark.parametrize("agent", ["retries", "tools", "data", "fails"])
def test_a_later_catch_up_repeats_what_was_streamed(api: httpx.Client, agent: str) -> None:
    conversation = Conversation(api, agent)
    sent = conversation.send(uuid4().hex if agent == "retries" else "3")
    live = conversation.settled(sent)
    assert conversation.updates(sent["offset"]).json()[1:] == live
