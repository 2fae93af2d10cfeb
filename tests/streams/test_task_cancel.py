"""Cancelling tasks: once, twice, at any moment, again and again; nothing leaks or complains."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest
import trio

from flue_client_ext import AsyncFlueClient
from flue_client_ext._http.async_httpx import _AsyncProgress

from .async_support import (
    MOST,
    RUN_OF_THREE,
    client_at,
    holds,
    is_healthy,
    nothing_complains,
)
from .conftest import Serve
from .replay import RUN, Replay


async def follow(client: AsyncFlueClient, live: Any) -> None:
    async for _ in client.runs.stream(RUN, live=live):
        pass


async def invoke(client: AsyncFlueClient, _: Any) -> None:
    await client.workflows.invoke("w", wait="result")


async def many(client: AsyncFlueClient, live: Any) -> None:
    await client.runs.wait_all([RUN] * 4, live=live)


async def cancelled(task: asyncio.Task[Any]) -> None:
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("what", [follow, invoke, many])
@pytest.mark.parametrize("live", ["long-poll", "sse"])
def test_a_cancelled_task_ends_at_once_with_its_connection_closed(
    serve: Serve, connections: str, live: str, what: Callable[..., Any], times: int
) -> None:
    server = serve(holds)

    async def main() -> None:
        async with nothing_complains(), client_at(server.url, connections) as client:
            task = asyncio.create_task(what(client, live))
            assert await asyncio.to_thread(server.wait_requests, 4 if what is many else 1)
            for _ in range(times):
                task.cancel()
                await asyncio.sleep(0)
            await cancelled(task)
            await is_healthy(client, server, connections)

    asyncio.run(main())


@pytest.mark.parametrize("mode", ["full", "stall"])
def test_a_task_cancelled_while_it_connects(serve: Serve, connections: str, mode: Any) -> None:
    """`full` never accepts; `stall` accepts and never answers."""
    server = serve(holds, mode=mode)

    async def main() -> None:
        async with nothing_complains(), client_at(server.url, connections) as client:
            for turns in range(30):
                task = asyncio.create_task(follow(client, "sse"))
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                await cancelled(task)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (["connection.connect_tcp.started"], False),
        (["connection.connect_tcp.started", "connection.connect_tcp.complete"], False),
        (["connection.connect_tcp.complete", "connection.start_tls.started"], True),
        (["connection.start_tls.complete"], False),
        (["connection.start_tls.complete", "http11.send_request_headers.started"], True),
    ],
)
def test_a_connection_under_way_in_httpx_is_not_cancelled_at_once(
    events: list[str], expected: bool
) -> None:
    async def main() -> bool:
        with anyio.CancelScope() as scope:
            progress = _AsyncProgress(scope, None, math.inf)
            for event in events:
                await progress.trace(event, {})
        return progress.interruptible.is_set()

    assert asyncio.run(main()) is expected


def test_two_hundred_cancellations_at_any_moment_leave_the_client_healthy(
    serve: Serve, connections: str
) -> None:
    server = serve(holds)
    chance = random.Random(3)

    async def main() -> None:
        async with nothing_complains(), client_at(server.url, connections) as client:
            for number in range(200):
                live = ["long-poll", "sse", "auto"][number % 4 % 3]
                task = asyncio.create_task([follow, invoke, many][number % 3](client, live))
                for _ in range(chance.randrange(60)):
                    await asyncio.sleep(0)
                if number % 5 == 0:
                    await asyncio.sleep(0.003)
                task.cancel()
                if number % 3 == 0:
                    await asyncio.sleep(0)
                    task.cancel()
                await cancelled(task)
            await is_healthy(client, server, connections)

    asyncio.run(main())


def test_an_answer_that_comes_while_its_task_is_cancelled_is_closed(serve: Serve) -> None:
    server = serve(holds)
    task: Any = None

    class Late(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await super().handle_async_request(request)
            asyncio.get_running_loop().call_soon(task.cancel)
            return answer

    async def main() -> None:
        nonlocal task
        transport = Late(limits=httpx.Limits(max_connections=1))
        async with nothing_complains(), httpx.AsyncClient(transport=transport) as given:
            client = AsyncFlueClient(server.url, token=None, http_client=given)
            for _ in range(2):
                task = asyncio.create_task(follow(client, "sse"))
                await cancelled(task)
                assert await asyncio.to_thread(server.wait_idle)

    asyncio.run(main())


def test_cancellations_under_tls(serve: Serve) -> None:
    server = serve(holds, tls=True)
    chance = random.Random(5)

    async def main() -> None:
        options: Any = {"ssl_context": server.client_context(), "token": None}
        async with nothing_complains(), AsyncFlueClient(server.url, **options) as client:
            for _ in range(40):
                task = asyncio.create_task(follow(client, "sse"))
                await asyncio.sleep(chance.random() * 0.01)
                task.cancel()
                await cancelled(task)
            await is_healthy(client, server, "own")

    asyncio.run(main())


def test_scopes_of_trio_cancelled_at_any_moment(serve: Serve, connections: str) -> None:
    server = serve(holds)

    async def main() -> None:
        async with client_at(server.url, connections) as client:
            for number in range(100):
                async with trio.open_nursery() as nursery:
                    what = follow if number % 2 else invoke
                    nursery.start_soon(what, client, ["long-poll", "sse"][number % 3 == 0])
                    for _ in range(number % 40):
                        await trio.lowlevel.checkpoint()
                    if number % 7 == 0:
                        await trio.sleep(0.003)
                    nursery.cancel_scope.cancel()
            kept = MOST if connections == "httpx" else 0
            few = lambda: len(server.open) <= kept  # noqa: E731
            assert await trio.to_thread.run_sync(server.wait_until, few)
            server.handler = Replay(RUN_OF_THREE)
            async with trio.open_nursery() as nursery:
                for _ in range(2 * MOST):
                    nursery.start_soon(lambda: client.runs.events(RUN, timeout=60))

    trio.run(main)
