"""Closed means closed: leaving a loop, closing a stream, closing the client of a held stream."""

from __future__ import annotations

import asyncio
import gc
import threading
from contextvars import copy_context
from functools import partial
from typing import Any

import anyio
import httpx
import pytest
import trio

from flue_client_ext import AbortSignal, AsyncFlueClient, FlueAbortError, FlueClient
from flue_client_ext._drivers.sync_many import JobThreads, run_all
from flue_client_ext._flue.many import Collector, RunJob
from flue_client_ext._stream.aborting import CLIENT_CLOSED
from flue_client_ext.errors import Identifiers
from tests.servers.raw import Connection, RawServer, Request
from tests.unary.support import QUICK, Aside, borrowed, failure
from tests.worlds import World

from .conftest import Serve
from .reading import Reader, dicts
from .replay import RUN, Replay, log_event, offset_at, query, run_end, whole_run

LIVE = ["long-poll", "sse", "auto"]


@pytest.mark.parametrize("live", LIVE)
@pytest.mark.parametrize("batches", [False, True])
def test_leaving_a_loop_closes_the_connection_of_a_stream_that_is_held(
    any_world: World, serve: Serve, live: str, batches: bool
) -> None:
    server = serve(Replay([log_event(0), log_event(1)], closed=False))
    stream = any_world.client(server.url).runs.stream(RUN, live=live)
    for _ in stream.batches() if batches else stream:
        break
    assert server.wait_idle()
    assert stream.stats.state != "ended"


@pytest.mark.parametrize("live", [*LIVE, False])
@pytest.mark.parametrize("batches", [False, True])
def test_another_loop_goes_on_without_losing_or_repeating_an_item(
    any_world: World, serve: Serve, live: Any, batches: bool, connections: str
) -> None:
    run = whole_run(23)
    replay = Replay(run[:13], page=3, closed=False)
    if live is False:
        replay.append(*run[13:], close=True)
    server = serve(replay)
    got: list[Any] = []
    with borrowed(any_world) as own:
        client = any_world.client(server.url, http_client=own if connections == "httpx" else None)
        stream = client.runs.stream(RUN, live=live)
        for count in (1, 2, 5, 13, 14, 22):
            if count == 14 and live is not False:
                replay.append(*run[13:], close=True)
            for each in stream.batches() if batches else stream:
                got += each.events if batches else [each]
                if len(got) >= count:
                    break
        rest = stream.batches() if batches else stream
        for each in rest:
            got += each.events if batches else [each]
        assert dicts(got) == run
        assert stream.stats.reconnects == 0
        client.close()


def test_the_rest_of_a_batch_is_handed_out_without_a_request(
    any_world: World, serve: Serve
) -> None:
    server = serve(Replay(whole_run(4), closed=True))
    stream = any_world.client(server.url).runs.stream(RUN, live="sse")
    for _ in stream:
        break
    assert server.wait_idle()
    assert stream.offset == "-1"
    assert len(list(stream)) == 3
    assert stream.offset == offset_at(4)
    assert server.accepted == 1


def test_asking_for_single_items_keeps_the_connection(any_world: World, serve: Serve) -> None:
    replay = Replay([log_event(0), log_event(1)], page=1, closed=False)
    server = serve(replay)
    stream = any_world.client(server.url).runs.stream(RUN, live="sse")
    assert [next(stream).event_index for _ in range(2)] == [1, 4]
    replay.append(run_end(2), close=True)
    assert [next(stream).type, *stream] == ["run_end"]
    assert server.accepted == 1


def test_one_of_two_iterators_may_be_dropped(any_world: World, serve: Serve) -> None:
    replay = Replay([log_event(0), log_event(1)], page=1, closed=False)
    server = serve(replay)
    stream = any_world.client(server.url).runs.stream(RUN, live="sse")
    first, second = iter(stream), iter(stream)
    next(first), next(second)
    del second
    replay.append(run_end(2), close=True)
    assert [event.type for event in first] == ["run_end"]
    assert server.accepted == 1


@pytest.mark.parametrize("live", LIVE)
def test_closing_the_client_ends_the_streams_that_are_held(
    any_world: World, serve: Serve, live: str, connections: str
) -> None:
    server = serve(Replay(whole_run(3)[:2], closed=False))
    with borrowed(any_world) as own:
        client = any_world.client(server.url, http_client=own if connections == "httpx" else None)
        child = client.with_options(token="other")
        child.close()
        streams = [each.runs.stream(RUN, live=live) for each in (client, child)]
        unread, batches = client.runs.stream(RUN), client.runs.stream(RUN, live=live).batches()
        for stream in streams:
            next(stream)
        next(batches)
        client.close()
        if connections == "own" or live == "sse":  # an idle connection of httpx is httpx's
            assert server.wait_idle()
        for reading in (*streams, unread, batches):
            for _ in range(2):
                error = failure(next, reading)
                assert type(error) is RuntimeError
                assert "closed" in str(error)
        assert not own.is_closed


@pytest.mark.parametrize("live", LIVE)
def test_closing_the_client_wakes_a_reader(
    any_world: World, serve: Serve, live: str, connections: str
) -> None:
    server = serve(Replay([log_event(0)], closed=False))
    with borrowed(any_world) as own:
        client = any_world.client(server.url, http_client=own if connections == "httpx" else None)
        reader = Reader(client.runs.stream(RUN, live=live))
        assert reader.wait_items(1)
        client.close()
        with pytest.raises(RuntimeError, match="closed"):
            reader.join()
        if not (connections == "httpx" and live == "long-poll"):
            assert server.wait_idle()


def at_once(request: Request, connection: Connection) -> None:
    """Send a run of nine batches; over SSE, all of them in one piece."""
    replay = Replay(whole_run(9), page=1)
    if query(request).get("live") == "sse":
        frames = (frame for n in range(9) for frame in replay.frames(n, n + 1, n == 0))
        connection.event_stream()
        connection.chunk(b"".join(frames))
        connection.end()
    else:
        replay(request, connection)


@pytest.mark.parametrize("live", ["sse", "auto", False])
@pytest.mark.parametrize("how", ["client", "stream", "cancel"])
def test_batches_that_have_come_already_are_not_delivered_after_the_end(
    any_world: World, serve: Serve, live: Any, how: str, connections: str
) -> None:
    server = serve(at_once)
    with borrowed(any_world) as own:
        given = own if connections == "httpx" else None
        client = any_world.client(server.url, http_client=given)
        stream = client.runs.stream(RUN, live=live)
        batches = stream.batches()
        assert len(next(batches).events) == 1
        {"client": client.close, "stream": stream.close, "cancel": stream.cancel}[how]()
        for _ in range(2):
            if how == "client":
                assert type(failure(next, batches)) is RuntimeError
            else:
                assert list(batches) == []
        assert stream.offset == offset_at(1)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_nothing_is_delivered_before_the_loop_has_had_its_turn_either(
    serve: Serve, backend: str
) -> None:
    server = serve(at_once)

    async def main() -> None:
        async with AsyncFlueClient(server.url, token=None) as client:
            streams = [client.runs.stream(RUN, live="sse") for _ in range(2)]
            cancelled, closed = (stream.batches() for stream in streams)
            await anext(cancelled), await anext(closed)
            streams[0].cancel()
            with pytest.raises(StopAsyncIteration):
                await anext(cancelled)
            await client.aclose()
            with pytest.raises(RuntimeError, match="closed"):
                await anext(closed)

    anyio.run(main, backend=backend)


def test_the_news_of_the_closed_client_comes_before_that_of_what_it_aborted() -> None:
    aborted, ended, held = threading.Event(), threading.Event(), list[JobThreads]()

    def run(job: object, watched: AbortSignal) -> Any:
        def listener() -> None:  # holds the closing thread back
            aborted.set()
            ended.wait(20)

        watched.add_listener(listener)
        began.set()
        assert aborted.wait(20)
        raise FlueAbortError(watched.reason)

    def consume() -> list[Any]:
        try:
            return list(outcomes)
        finally:
            ended.set()

    began = threading.Event()
    jobs = [RunJob(0, Identifiers("run_1"), iter(()))]  # type: ignore[arg-type]
    collector = Collector(1, ordered=True, return_errors=False, on_progress=None)
    outcomes = run_all(run, jobs, 1, None, collector, copy_context(), held.append)
    waiting = Aside(consume)
    assert began.wait(20)
    held[0].client_closed()
    error = waiting.error()
    assert type(error) is RuntimeError
    assert str(error) == "the client has been closed"


def test_the_reason_that_aborted_calls_see_is_readable(any_world: World, serve: Serve) -> None:
    server = serve(Replay([log_event(0)], closed=False))
    client = any_world.client(server.url)
    waiting = Aside(lambda: list(client.runs.as_completed([RUN], return_errors=True)))
    assert server.wait_until(lambda: len(server.open) == 1)
    client.close()
    assert str(waiting.error()) == repr(CLIENT_CLOSED) == "the client has been closed"


def test_a_client_that_is_closed_takes_no_calls(any_world: World, connections: str) -> None:
    with borrowed(any_world) as own:
        client = any_world.client(
            "http://127.0.0.1:9", http_client=own if connections == "httpx" else None
        )
        child = client.with_options(token="t")
        client.close()
        for each in (client, child):
            stream = each.runs.stream(RUN)
            calls: list[Any] = [
                lambda each=each: each.workflows.invoke("w"),
                lambda each=each: each.workflows.run("w"),
                lambda each=each: list(each.workflows.map("w", [1])),
                lambda each=each: each.runs.get(RUN),
                lambda each=each: each.runs.events(RUN),
                lambda each=each: each.runs.wait(RUN),
                lambda each=each: list(each.runs.as_completed([RUN])),
                lambda stream=stream: list(stream),
            ]
            for call in calls:
                assert type(failure(call)) is RuntimeError


def test_closing_the_client_ends_the_outcomes_that_are_held(any_world: World) -> None:
    ended, held = Replay(whole_run(2)), Replay([log_event(0)], closed=False)

    def handler(request: Request, connection: Connection) -> None:
        (ended if "/first" in request.target else held)(request, connection)

    with RawServer(handler) as server:
        client = any_world.client(server.url)
        outcomes = client.runs.as_completed(["first", "second", "third"])
        coming = iter(outcomes)
        assert next(coming).ok
        waiting = Aside(lambda: next(coming))
        assert server.wait_requests(3)
        client.close()
        assert type(waiting.error()) is RuntimeError
        assert server.wait_idle()


def test_calls_under_way_finish(any_world: World, serve: Serve) -> None:
    replay = Replay([log_event(0)], closed=False)
    server = serve(replay)
    client = any_world.client(server.url)
    waiting = Aside(lambda: client.runs.wait(RUN, live="sse"))
    several = Aside(lambda: client.runs.wait_all([RUN, RUN], live="sse"))
    assert server.wait_requests(3)
    assert server.wait_until(lambda: len(server.open) == 3)
    client.close()
    replay.append(run_end(1, result=5), close=True)
    assert waiting.result().result == 5
    assert [outcome.result for outcome in several.result()] == [5, 5]
    assert server.wait_idle()


CALLS: dict[str, Any] = {
    "get": lambda client: client.runs.get(RUN, backoff_options=QUICK).run_id,
    "events": lambda client: client.runs.events(RUN, backoff_options=QUICK)[-1].result,
    "wait": lambda client: client.runs.wait(RUN, backoff_options=QUICK).result,
    "run": lambda client: client.workflows.run("w", backoff_options=QUICK).result,
    "several": lambda client: [
        each.result
        for each in client.runs.wait_all([RUN] * 3, concurrency=1, backoff_options=QUICK)
    ],
}
RESULTS = {"get": RUN, "events": {"n": 2}, "wait": {"n": 2}, "run": {"n": 2}}


@pytest.mark.parametrize("trouble", ["unavailable", "cut"])
@pytest.mark.parametrize("name", CALLS)
def test_calls_under_way_finish_over_other_connections(
    any_world: World, connections: str, name: str, trouble: str
) -> None:
    replay, closed, failures = Replay(whole_run(3)), threading.Event(), iter([1, 2])

    def handler(request: Request, connection: Connection) -> None:
        assert closed.wait(20)
        if request.method == "POST":
            connection.json(202, {"runId": RUN}, {"Connection": "close"})
        elif next(failures, None) is None:
            replay(request, connection)
        elif trouble == "unavailable":
            connection.answer(503, b"", {"Connection": "close"})
        else:
            connection.close()

    with RawServer(handler) as server, borrowed(any_world) as own:
        given = own if connections == "httpx" else None
        client = any_world.client(server.url, http_client=given)
        child = client.with_options(timeout=20)
        calls = [Aside(partial(CALLS[name], each)) for each in (client, child)]
        assert server.wait_requests(2)
        client.close()
        closed.set()
        for call in calls:
            assert call.result() == RESULTS.get(name, [{"n": 2}] * 3)
        if connections == "own":
            assert server.wait_idle()
        assert type(failure(client.runs.get, RUN)) is RuntimeError


@pytest.mark.parametrize("how", ["close", "with"])
def test_closing_a_stream_closes_its_connection(
    any_world: World, serve: Serve, connections: str, how: str
) -> None:
    server = serve(Replay([log_event(0)], closed=False))
    with borrowed(any_world) as own:
        given = own if connections == "httpx" else None
        streams = [
            any_world.client(server.url, http_client=given).runs.stream(RUN, live="sse"),
            any_world.durable(f"{server.url}/runs/{RUN}", live="sse", http_client=given),
        ]
        for stream in streams:
            next(stream)
            if how == "close":
                stream.close()
            else:
                with stream:
                    pass
            assert server.wait_idle()
            assert list(stream) == []
        assert not own.is_closed


def test_leaving_a_loop_over_a_durable_stream_closes_its_connection(
    any_world: World, serve: Serve
) -> None:
    replay = Replay([log_event(0)], closed=False)
    server = serve(replay)
    stream = any_world.durable(f"{server.url}/runs/{RUN}", live="sse")
    for _ in stream:
        break
    assert server.wait_idle()
    replay.append(run_end(1), close=True)
    assert [item["type"] for item in stream] == ["run_end"]


def test_closing_a_client_whose_streams_are_gone_forgets_them(serve: Serve) -> None:
    server = serve(Replay(whole_run(2)))
    client = FlueClient(server.url, token=None)
    for _ in range(20):
        assert len(list(client.runs.stream(RUN))) == 2
    gc.collect()
    assert not client._session.held._open
    client.close()


def test_an_async_client_that_is_closed_last_closes_before_its_loop_ends(serve: Serve) -> None:
    server = serve(Replay([log_event(0)], closed=False))
    kept: list[Any] = []

    async def main() -> None:
        own = httpx.AsyncClient(trust_env=False)
        async with own, AsyncFlueClient(server.url, token=None) as client:
            stream = client.runs.stream(RUN, live="sse")
            kept.append(stream)
            async for _ in stream:
                kept.append(aiter(stream))
                break
            await anext(client.runs.stream(RUN, live="sse"))

    asyncio.run(main())
    assert server.wait_idle()
    trio.run(main)
    assert server.wait_idle()
