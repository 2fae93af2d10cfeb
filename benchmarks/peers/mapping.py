"""Many calls at once: each function makes `size` of them, `concurrency` at a time, and returns how
many brought a result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any
from uuid import uuid4

import httpx

from benchmarks.peers.clients import async_client, client, on_loop


def runs(url: str, size: int, concurrency: int) -> int:
    outcomes = client(url).workflows.map("count", range(size), concurrency=concurrency)
    return sum(outcome.result == {"words": 7} for outcome in outcomes)


def async_runs(url: str, size: int, concurrency: int) -> int:
    async def read() -> int:
        outcomes = async_client(url).workflows.map("count", range(size), concurrency=concurrency)
        return sum([outcome.result == {"words": 7} async for outcome in outcomes])

    return on_loop(read)


def asks(url: str, size: int, concurrency: int) -> int:
    outcomes = client(url).agents.map("echo", ["hello"] * size, concurrency=concurrency)
    return sum(outcome.reply.text == "You said: hello" for outcome in outcomes if outcome.reply)


def async_asks(url: str, size: int, concurrency: int) -> int:
    async def read() -> int:
        messages = ["hello"] * size
        outcomes = async_client(url).agents.map("echo", messages, concurrency=concurrency)
        replies = [outcome.reply async for outcome in outcomes]
        return sum(reply.text == "You said: hello" for reply in replies if reply)

    return on_loop(read)


@cache
def _httpx() -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    return httpx.AsyncClient(limits=limits, timeout=None)


def httpx_runs(url: str, size: int, concurrency: int) -> int:
    """The same requests by hand, over one `httpx.AsyncClient`."""

    async def run(number: int) -> bool:
        answer = await _httpx().post(f"{url}/workflows/count", json=number)
        answer.raise_for_status()
        path = f"{url}/runs/{answer.json()['runId']}"
        events = await _follow(path, {"tail": "1"}, "run_end")
        return bool(events[-1]["result"] == {"words": 7})

    return on_loop(lambda: _all(run, size, concurrency))


def httpx_asks(url: str, size: int, concurrency: int) -> int:
    async def ask(number: int) -> bool:
        path = f"{url}/agents/echo/{uuid4()}"
        message = {"kind": "user", "body": "hello", "idempotencyKey": str(uuid4())}
        answer = await _httpx().post(path, json=message)
        answer.raise_for_status()
        offset = answer.json()["offset"]
        await _follow(path, {"view": "updates"}, "submission-settled", offset)
        answer = await _httpx().get(path, params={"view": "history"})
        answer.raise_for_status()
        return bool(answer.json()["messages"][-1]["parts"][0]["text"] == "You said: hello")

    return on_loop(lambda: _all(ask, size, concurrency))


async def _all(
    call: Callable[[int], Coroutine[Any, Any, bool]], size: int, concurrency: int
) -> int:
    free = asyncio.Semaphore(concurrency)

    async def limited(number: int) -> bool:
        async with free:
            return await call(number)

    return sum(await asyncio.gather(*map(limited, range(size))))


async def _follow(url: str, parameters: dict[str, str], last: str, offset: str = "-1") -> list[Any]:
    """Read by long-polls until an item of the type `last` comes; return the items of its page."""
    while True:
        query = {"offset": offset, **parameters, "live": "long-poll"}
        answer = await _httpx().get(url, params=query)
        answer.raise_for_status()
        items: list[Any] = answer.json()
        if any(item["type"] == last for item in items):
            return items
        offset = answer.headers["stream-next-offset"]
