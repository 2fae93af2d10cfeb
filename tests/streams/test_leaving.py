"""Streams whose loop ends early, or that another thread ends, close their connections silently."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import trio

from flue_client_ext import AbortController, FlueAbortError, FlueClient

from .async_support import client_at, holds, is_healthy, nothing_complains
from .conftest import Serve
from .replay import RUN


def test_cancelling_from_another_task_ends_the_stream_cleanly(
    serve: Serve, connections: str
) -> None:
    server = serve(holds)

    async def main() -> None:
        async with nothing_complains(), client_at(server.url, connections) as client:
            controller = AbortController()
            streams = [
                client.runs.stream(RUN, live="sse"),
                client.runs.stream(RUN, live="long-poll", signal=controller.signal),
            ]

            seen: list[list[Any]] = [[], []]

            async def read(stream: Any, events: list[Any]) -> None:
                async for event in stream:
                    events.append(event)

            readers = [asyncio.create_task(read(*each)) for each in zip(streams, seen, strict=True)]
            call = asyncio.create_task(
                client.workflows.invoke("w", wait="result", signal=controller.signal)
            )
            assert await asyncio.to_thread(server.wait_requests, 4)
            async with asyncio.timeout(10):
                while not all(seen):
                    await asyncio.sleep(0.001)
            streams[0].cancel()
            controller.abort("enough")
            await asyncio.wait_for(asyncio.gather(*readers), 10)
            assert [len(events) for events in seen] == [1, 1]
            with pytest.raises(FlueAbortError) as caught:
                await asyncio.wait_for(call, 10)
            assert caught.value.reason == "enough"
            await is_healthy(client, server, connections)

    asyncio.run(main())


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_leaving_a_loop_early_closes_the_connection_without_a_warning(
    serve: Serve, connections: str, backend: str
) -> None:
    server = serve(holds)

    async def main(in_thread: Callable[..., Any]) -> None:
        async with client_at(server.url, connections) as client:
            async for _ in client.runs.stream(RUN, live="sse"):
                break
            gc.collect()
            assert await in_thread(server.wait_idle)
            stream = client.runs.stream(RUN, live="sse")
            async with stream:
                async for _ in stream:
                    break
            assert await in_thread(server.wait_idle)
            batches = client.runs.stream(RUN, live="sse").batches()
            async for _ in batches:
                break
            del batches
            gc.collect()
            assert await in_thread(server.wait_idle)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if backend == "trio":
            trio.run(main, trio.to_thread.run_sync)
        else:
            asyncio.run(main(asyncio.to_thread))
        gc.collect()


def test_leaving_a_sync_loop_early_closes_the_connection_without_a_warning(serve: Serve) -> None:
    server = serve(holds)
    with warnings.catch_warnings(), FlueClient(server.url, token=None) as client:
        warnings.simplefilter("error")
        for _ in client.runs.stream(RUN, live="sse"):
            break
        assert server.wait_idle()
        with client.runs.stream(RUN, live="sse") as stream:
            next(stream)
        assert server.wait_idle()
        for _ in client.runs.stream(RUN, live="sse").batches():
            break
        gc.collect()
        assert server.wait_idle()
