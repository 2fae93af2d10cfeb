"""This client. Each function reads a whole run and returns how many typed events it was handed."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import httpx

from benchmarks.peers.clients import async_client, client, on_loop
from benchmarks.peers.crowd import Crowd, names, resident
from flue_client_ext import AsyncFlueClient, FlueClient


def events(url: str, run: str) -> int:
    return len(client(url).runs.events(run))


def async_events(url: str, run: str) -> int:
    async def read() -> int:
        return len(await async_client(url).runs.events(run))

    return on_loop(read)


def _stream(url: str, run: str, **options: Any) -> int:
    count = 0
    for _ in client(url).runs.stream(run, **options):
        count += 1
    return count


def _async_stream(url: str, run: str, **options: Any) -> int:
    async def read() -> int:
        count = 0
        async for _ in async_client(url).runs.stream(run, **options):
            count += 1
        return count

    return on_loop(read)


def sse(url: str, run: str) -> int:
    return _stream(url, run, live="sse")


def async_sse(url: str, run: str) -> int:
    return _async_stream(url, run, live="sse")


def sse_batches(url: str, run: str) -> int:
    return sum(len(batch) for batch, _ in client(url).runs.stream(run, live="sse").batches())


def not_live(url: str, run: str) -> int:
    return _stream(url, run, live=False)


def async_not_live(url: str, run: str) -> int:
    return _async_stream(url, run, live=False)


def live(url: str, run: str) -> int:
    return _stream(url, run, live=True)


def async_live(url: str, run: str) -> int:
    return _async_stream(url, run, live=True)


def polls(url: str, run: str) -> int:
    return _stream(url, run, live=True, pages_only=True)


def async_polls(url: str, run: str) -> int:
    return _async_stream(url, run, live=True, pages_only=True)


def _stamp(event: Any) -> int:
    """When the live server appended this event."""
    return int(event.to_dict()["attributes"]["ns"])


def _lag(now: int, event: Any) -> int:
    """Nanoseconds from the moment that the live server appended this event until `now`."""
    return now - _stamp(event)


def lags(url: str, run: str, live: Any) -> list[int]:
    stream = client(url).runs.stream(run, live=live)
    return [_lag(time.monotonic_ns(), event) for event in stream]


def async_lags(url: str, run: str, live: Any) -> list[int]:
    async def read() -> list[int]:
        stream = async_client(url).runs.stream(run, live=live)
        return [_lag(time.monotonic_ns(), event) async for event in stream]

    return on_loop(read)


def crowd(url: str, prefix: str, size: int, plan: str, live: Any = "sse") -> dict[str, Any]:
    """Follow `size` live streams at once on one event loop."""
    noted = Crowd(size)

    async def follow(number: int, run: str) -> None:
        async for event in async_client(url).runs.stream(run, live=live):
            noted.take(number, _stamp(event))

    async def read() -> None:
        runs = names(prefix, size, plan)
        await asyncio.gather(*(follow(number, run) for number, run in enumerate(runs)))

    on_loop(read)
    return noted.report()


def crowd_of_polls(url: str, prefix: str, size: int, plan: str) -> dict[str, Any]:
    return crowd(url, prefix, size, plan, "long-poll")


def threads(url: str, prefix: str, size: int, plan: str) -> dict[str, Any]:
    """Follow `size` live streams at once, each in a thread of its own."""
    noted, lock = Crowd(size), threading.Lock()

    def follow(number: int, run: str) -> None:
        for event in client(url).runs.stream(run, live="sse"):
            with lock:
                noted.take(number, _stamp(event))

    with ThreadPoolExecutor(size) as pool:
        list(pool.map(follow, range(size), names(prefix, size, plan)))
    return noted.report()


def memory(url: str, run: str, count: int) -> list[int]:
    """Read a run of `count` events by SSE; return the process's memory at every tenth of it."""
    sizes = [resident()]
    for seen, _ in enumerate(client(url).runs.stream(run, live="sse"), start=1):
        if seen % (count // 10) == 0:
            sizes.append(resident())
    return sizes


def gets(url: str, run: str, times: int) -> int:
    """Get the run's record so many times, one call after another."""
    for _ in range(times):
        client(url).runs.get(run)
    return times


def async_gets(url: str, run: str, times: int) -> int:
    async def read() -> int:
        for _ in range(times):
            await async_client(url).runs.get(run)
        return times

    return on_loop(read)


@cache
def _over_httpx(url: str) -> FlueClient:
    return FlueClient(url, token=None, http_client=httpx.Client())


@cache
def _async_over_httpx(url: str) -> AsyncFlueClient:
    return AsyncFlueClient(url, token=None, http_client=httpx.AsyncClient())


def gets_over_httpx(url: str, run: str, times: int) -> int:
    for _ in range(times):
        _over_httpx(url).runs.get(run)
    return times


def sse_over_httpx(url: str, run: str) -> int:
    return sum(1 for _ in _over_httpx(url).runs.stream(run, live="sse"))


def async_gets_over_httpx(url: str, run: str, times: int) -> int:
    async def read() -> int:
        for _ in range(times):
            await _async_over_httpx(url).runs.get(run)
        return times

    return on_loop(read)
