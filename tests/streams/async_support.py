"""Clients for tests that are async themselves, and proofs that nothing leaks."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from flue_client_ext import AsyncFlueClient
from tests.servers.raw import Connection, RawServer, Request

from .reading import dicts
from .replay import RUN, Replay, log_event, whole_run

RUN_OF_THREE = whole_run(3)
MOST = 5
"""Connections that the user's httpx client allows: a leak is noticed soon."""


def holds(request: Request, connection: Connection) -> None:
    if request.target.startswith("/workflows"):
        connection.wait_closed(60)
    else:
        Replay([log_event(0)], closed=False)(request, connection)


@asynccontextmanager
async def client_at(url: str, connections: str) -> AsyncIterator[AsyncFlueClient]:
    if connections == "own":
        async with AsyncFlueClient(url, token=None) as client:
            yield client
        return
    limits = httpx.Limits(max_connections=MOST)
    async with (
        httpx.AsyncClient(limits=limits, trust_env=False) as given,
        AsyncFlueClient(url, token=None, http_client=given) as client,
    ):
        yield client


@asynccontextmanager
async def nothing_complains() -> AsyncIterator[None]:
    """Fail on errors that only asyncio's handler gets, and on tasks that are still there."""
    loop, complaints = asyncio.get_running_loop(), list[Any]()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    before = asyncio.all_tasks()
    yield
    for _ in range(1000):  # what was started to clean up may take a few turns
        if asyncio.all_tasks() <= before:
            break
        await asyncio.sleep(0.01)
    gc.collect()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before
    assert complaints == [], repr(complaints)[:2000]


async def is_healthy(client: AsyncFlueClient, server: RawServer, connections: str) -> None:
    """All connections are closed, or in the pool of httpx and good for another request."""
    kept = MOST if connections == "httpx" else 0
    assert await asyncio.to_thread(server.wait_until, lambda: len(server.open) <= kept)
    server.handler = Replay(RUN_OF_THREE)
    for _ in range(3):
        many = [client.runs.events(RUN, timeout=60) for _ in range(2 * MOST)]
        for events in await asyncio.gather(*many):
            assert dicts(events) == RUN_OF_THREE
