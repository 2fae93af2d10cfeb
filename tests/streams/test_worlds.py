"""Sync is really sync, async is really async: where each can be used."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import trio

from flue_client_ext import AsyncFlueClient, FlueClient
from flue_client_ext._stream.states import WAITING
from tests.servers.flue import FlueServer

from .conftest import Serve
from .reading import dicts
from .replay import RUN, Replay, log_event, run_end, whole_run
from .test_cancel import wait_for


@pytest.mark.parametrize("live", [True, "sse"])
def test_the_sync_client_works_inside_a_running_loop(genuine: FlueServer, live: Any) -> None:
    """As in a notebook's cell, where an event loop runs in the same thread."""

    async def cell() -> Any:
        with FlueClient(genuine.url, token=None) as client:
            done = client.workflows.run("summarize", input={"text": "a b c d"}, live=live)
            events = list(client.runs.stream(done.run_id, live=live))
            many = list(client.workflows.map("echo", [1, 2], live=live))
            return done.result, len(events), [outcome.result for outcome in many]

    assert asyncio.run(cell()) == ({"summary": "a b c"}, 3, [1, 2])
    assert trio.run(cell) == ({"summary": "a b c"}, 3, [1, 2])


def test_one_sync_client_serves_many_threads(serve: Serve) -> None:
    client = FlueClient(serve(Replay(run := whole_run(20), page=5)).url, token=None)
    with client, ThreadPoolExecutor(16) as pool:
        modes: list[Any] = ["long-poll", "sse", "auto", False]
        reads = [
            pool.submit(lambda live: dicts(client.runs.stream(RUN, live=live)), live)
            for live in modes * 20
        ]
        assert all(read.result() == run for read in reads)


def test_one_stream_is_read_by_one_thread(serve: Serve) -> None:
    server = serve(Replay([log_event(0)], closed=False))
    with FlueClient(server.url, token=None) as client:
        stream = client.runs.stream(RUN, live="sse")
        batches = stream.batches()
        assert len(next(batches).events) == 1
        blocked = threading.Thread(target=lambda: list(batches))
        blocked.start()
        wait_for(lambda: stream._driver.machine.state is WAITING)
        with pytest.raises((RuntimeError, ValueError)):
            next(batches)
        stream.cancel()
        blocked.join(10)
        assert not blocked.is_alive()


def test_an_async_client_lives_in_one_loop_after_another(serve: Serve) -> None:
    """Connections are not taken along; the client is."""
    server = serve(Replay(run := whole_run(3)))
    client = AsyncFlueClient(server.url, token=None)

    async def read() -> Any:
        return dicts(await client.runs.events(RUN))

    assert asyncio.run(read()) == asyncio.run(read()) == trio.run(read) == run


def test_hundreds_of_async_streams_do_not_block_each_other(serve: Serve) -> None:
    replay = Replay([log_event(0)], closed=False)
    server = serve(replay)
    count = 300

    async def main() -> None:
        async with AsyncFlueClient(server.url, token=None) as client:
            first = asyncio.Event()
            begun = 0

            async def read() -> list[str]:
                nonlocal begun
                types: list[str] = []
                async for event in client.runs.stream(RUN, live="sse"):
                    begun += event.type == "log"
                    if begun == count:
                        first.set()
                    types.append(event.type)
                return types

            readers = [asyncio.create_task(read()) for _ in range(count)]
            await asyncio.wait_for(first.wait(), 60)
            replay.append(run_end(1), close=True)
            results = await asyncio.wait_for(asyncio.gather(*readers), 60)
            assert results == [["log", "run_end"]] * count

    asyncio.run(main())


def test_async_streams_of_both_kinds_work_under_async_with(serve: Serve) -> None:
    server = serve(Replay(run := whole_run(3)))

    async def main() -> Any:
        async with (
            AsyncFlueClient(server.url, token=None) as client,
            client.runs.stream(RUN) as stream,
        ):
            return [event.to_dict() async for event in stream]

    assert asyncio.run(main()) == trio.run(main) == run
