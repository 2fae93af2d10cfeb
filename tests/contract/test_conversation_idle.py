"""What live reads of an idle conversation of a genuine server receive.

The newest version alone: this takes 30 seconds. Those of the local server take none, by its virtual
clock (`tests/local/test_agents_reading.py`).
"""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.contract.conversation import Conversation, frames, types
from tests.servers.flue2 import VERSIONS


@pytest.mark.parametrize("agents", VERSIONS[:1], indirect=True)
def test_idle_live_reads_get_heartbeats_and_controls(api: httpx.Client) -> None:
    """Long-polls end after 30 seconds; event streams have a heartbeat every 15 and a control."""
    conversation = Conversation(api, "echo")
    conversation.ask("hello")
    head = conversation.history()["offset"]
    with (
        ThreadPoolExecutor() as pool,
        api.stream("GET", f"{conversation.path}?view=updates&offset={head}&live=sse") as stream,
    ):
        poll = pool.submit(conversation.updates, head, live="long-poll")
        control = ("control", {"streamNextOffset": head, "upToDate": True})
        events = frames(stream.iter_text())
        assert [name for name, _ in (next(events), next(events))] == ["data", "control"]
        received = list(itertools.takewhile(lambda event: event != control, events))
        assert received in ([beat := (":", "heartbeat")], [beat, beat])  # two are due together
        answer = poll.result()
    assert types(answer.json()) == ["stream-checkpoint"]
    assert answer.headers["stream-next-offset"] == head
    assert answer.headers["stream-up-to-date"] == "true"
