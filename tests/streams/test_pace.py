"""No spinning and no hanging: how many requests a stream makes, and how fast."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from flue_client_ext import (
    BackoffOptions,
    FlueConnectionError,
    FlueProtocolError,
    StreamResetError,
)
from tests.servers.flue import FlueServer
from tests.servers.proxy import TcpProxy
from tests.servers.raw import Connection, Request
from tests.worlds import World

from .conftest import Serve, set_limits
from .reading import Reader, dicts
from .replay import RUN, Replay, log_event, offset_at, run_end, whole_run

TAIL = {"stream-next-offset": offset_at(1), "stream-up-to-date": "true"}


def test_a_closed_run_costs_at_most_two_requests(any_world: World, serve: Serve, live: Any) -> None:
    server = serve(Replay(run := whole_run(5)))
    client = any_world.client(server.url)
    assert dicts(client.runs.stream(RUN, live=live)) == run
    assert len(server.requests) == 1
    server.requests.clear()
    assert list(client.runs.stream(RUN, live=live, offset=offset_at(5))) == []
    assert [request.method for request in server.requests] == ["GET", "HEAD"]


def test_a_closed_genuine_run_costs_at_most_two_requests(
    any_world: World, genuine: FlueServer, live: Any
) -> None:
    client = any_world.client(genuine.url)
    run = client.workflows.run("flood", input={"n": 250}).run_id
    with TcpProxy(("127.0.0.1", genuine.port)) as proxy:
        near = any_world.client(proxy.url)
        assert len(list(near.runs.stream(run, live=live))) == 252
        assert proxy.accepted <= 2


def test_an_offset_beyond_the_tail_costs_two_requests(
    any_world: World, serve: Serve, live: Any
) -> None:
    server = serve(Replay(whole_run(5)))
    with pytest.raises(StreamResetError) as caught:
        list(any_world.client(server.url).runs.stream(RUN, live=live, offset=offset_at(9)))
    assert (caught.value.offset, caught.value.tail) == (offset_at(9), offset_at(5))
    assert len(server.requests) == 2


def test_a_server_that_answers_204_at_once_is_asked_at_a_sane_pace(
    any_world: World, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_limits(monkeypatch, poll_pace=0.06)
    done = threading.Event()

    def handler(request: Request, connection: Connection) -> None:
        if len(server.requests) == 6:
            done.set()
        if len(server.requests) > 6:
            Replay([log_event(0), run_end(1)])(request, connection)
        else:
            connection.head(204, {**TAIL, "stream-cursor": "c"})

    server = serve(handler)
    stream = any_world.client(server.url).runs.stream(RUN, offset=offset_at(1))
    assert [event.type for event in stream] == ["run_end"]
    times = [request.at for request in server.requests]
    assert times[-1] - times[0] > 3 * 0.05  # of six polls; single ones may be seen late
    assert stream.stats.reconnects == 0


def test_polls_that_bring_events_are_not_slowed_down(
    any_world: World, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_limits(monkeypatch, poll_pace=60.0)  # for which nobody waits here
    replay = Replay([log_event(0)], closed=False)
    server = serve(replay)
    stream = any_world.client(server.url).runs.stream(RUN)
    reader = Reader(stream)
    for number in range(1, 30):
        assert reader.wait_items(number)
        replay.append(log_event(number))
    replay.append(run_end(30), close=True)
    assert len(reader.join()) == 31


@pytest.mark.parametrize("live", ["long-poll", False])
def test_an_answer_that_leads_nowhere_is_not_asked_for_for_ever(
    any_world: World, serve: Serve, live: Any
) -> None:
    """Neither new events nor the tail: the server contradicts itself."""

    def handler(request: Request, connection: Connection) -> None:
        connection.json(200, [], {"stream-next-offset": offset_at(1)})

    server = serve(handler)
    options = BackoffOptions(initial_delay=0.001, max_retries=4)
    stream = any_world.client(server.url).runs.stream(
        RUN, live=live, offset=offset_at(1), backoff_options=options
    )
    with pytest.raises(FlueProtocolError) as caught:
        list(stream)
    assert caught.value.offset == offset_at(1)
    assert len(server.requests) <= 6


def test_an_event_stream_that_closes_at_once_is_not_reopened_in_a_rush(
    any_world: World, serve: Serve
) -> None:
    def handler(request: Request, connection: Connection) -> None:
        connection.event_stream()
        control = b'event: control\ndata:{"streamNextOffset":"t","upToDate":true}\n\n'
        connection.chunk(control)
        connection.end()

    server = serve(handler)
    delays: list[Any] = []
    options = BackoffOptions(initial_delay=0.001, max_retries=5, on_failed_attempt=delays.append)
    stream = any_world.client(server.url).runs.stream(
        RUN, live="sse", offset="t", backoff_options=options
    )
    with pytest.raises(FlueConnectionError) as caught:
        list(stream)
    assert caught.value.offset == "t"
    assert len(delays) == 6
    assert len(server.requests) <= 7


def test_a_stream_that_nobody_reads_holds_nothing(any_world: World, serve: Serve) -> None:
    """Not a byte moves before the iteration begins."""
    server = serve(Replay(whole_run(5)))
    stream = any_world.client(server.url).runs.stream(RUN)
    stream.cancel()
    assert list(stream) == []
    assert server.accepted == 0
