"""What live reads of an idle conversation of a 2.x server receive.

Plain httpx, none of our own code, as in `test_genuine_server`. The newest version alone: this takes
30 seconds.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.genuine.conversation import Conversation, frames, types


def test_idle_live_reads_get_heartbeats_and_controls(api2: httpx.Client) -> None:
    """Long-polls end after 30 seconds; event streams have a heartbeat every 15 and a control."""
    conversation = Conversation(api2, "agents/echo")
    conversation.ask("hello")
    head = conversation.history()["offset"]
    with (
        ThreadPoolExecutor() as pool,
        api2.stream("GET", f"{conversation.path}?view=updates&offset={head}&live=sse") as stream,
    ):
        poll = pool.submit(conversation.updates, head, live="long-poll")
        control = ("control", {"streamNextOffset": head, "upToDate": True})
        events = frames(stream.iter_lines())
        assert [name for name, _ in (next(events), next(events))] == ["data", "control"]
        received = [next(events) for _ in range(2)]
        assert sorted(received) == [(":", "heartbeat"), control]
        answer = poll.result()
    assert types(answer.json()) == ["stream-checkpoint"]
    assert answer.headers["stream-next-offset"] == head
    assert answer.headers["stream-up-to-date"] == "true"
