"""Idle live reads of a conversation of the local server, by its virtual clock.

What it has in common with a genuine server is in `tests/contract`.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from flue_client_ext.testing import VirtualClock
from tests.contract.conversation import Conversation, frames, types
from tests.servers.http import client_of
from tests.servers.local_agents import LocalAgents


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def quiet(clock: VirtualClock) -> Iterator[Conversation]:
    """A conversation with one answer, on a server whose time stands still."""
    with (
        LocalAgents(clock=clock, delta_hold=0) as running,
        client_of(running.url) as http,
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


def test_quiet_sse_has_heartbeats_and_control_frames(
    quiet: Conversation, clock: VirtualClock
) -> None:
    head = quiet.history()["offset"]
    query = {"view": "updates", "offset": head, "live": "sse"}
    with quiet.api.stream("GET", quiet.path, params=query) as stream:
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
