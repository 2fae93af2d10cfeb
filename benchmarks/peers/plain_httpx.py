"""What one would write by hand with httpx and the standard JSON decoder; untyped, no resumption."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from typing import Any

import httpx

from benchmarks.peers.crowd import Crowd, names


@cache
def _client() -> httpx.Client:
    return httpx.Client()


@cache
def _async_client() -> httpx.AsyncClient:
    return httpx.AsyncClient()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def pages(url: str, run: str) -> int:
    offset, count = "-1", 0
    while True:
        answer = _client().get(f"{url}/runs/{run}", params={"offset": offset})
        answer.raise_for_status()
        count += len(answer.json())
        offset = answer.headers["stream-next-offset"]
        if "stream-up-to-date" in answer.headers:
            return count


def crowd(url: str, prefix: str, size: int, plan: str) -> dict[str, Any]:
    """Follow `size` live streams at once through one shared client with its limits lifted."""
    noted = Crowd(size)

    async def read() -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx.AsyncClient(limits=limits, timeout=None) as client:
            runs = enumerate(names(prefix, size, plan))
            await asyncio.gather(
                *(_follow(client, url, run, number, noted) for number, run in runs)
            )

    asyncio.run(read())
    return noted.report()


def crowd_own(url: str, prefix: str, size: int, plan: str) -> dict[str, Any]:
    """Follow `size` live streams at once, each through a client and a transport of its own."""
    noted = Crowd(size)

    async def follow(number: int, run: str) -> None:
        transport = httpx.AsyncHTTPTransport(verify=False)
        async with httpx.AsyncClient(transport=transport, timeout=None) as client:
            await _follow(client, url, run, number, noted)

    async def read() -> None:
        runs = enumerate(names(prefix, size, plan))
        await asyncio.gather(*(follow(number, run) for number, run in runs))

    asyncio.run(read())
    return noted.report()


async def _follow(client: httpx.AsyncClient, url: str, run: str, number: int, noted: Crowd) -> None:
    rest = b""
    query = {"offset": "-1", "live": "sse"}
    async with client.stream("GET", f"{url}/runs/{run}", params=query) as answer:
        async for data in answer.aiter_bytes():
            *frames, rest = (rest + data).split(b"\n\n")
            for frame in frames:
                _, found, body = frame.partition(b"event: data\ndata:")
                if found:
                    for event in json.loads(body):
                        noted.take(number, int(event["attributes"]["ns"]))


def gets(url: str, run: str, times: int) -> int:
    """Get the run's record so many times, one call after another."""
    for _ in range(times):
        answer = _client().get(f"{url}/runs/{run}?meta")
        answer.raise_for_status()
        answer.json()
    return times


def async_gets(url: str, run: str, times: int) -> int:
    async def read() -> int:
        for _ in range(times):
            answer = await _async_client().get(f"{url}/runs/{run}?meta")
            answer.raise_for_status()
            answer.json()
        return times

    return _loop().run_until_complete(read())
