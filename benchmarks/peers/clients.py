"""This client, made once a process: with the event loop that the async one lives on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TypeVar

from flue_client_ext import AsyncFlueClient, FlueClient

T = TypeVar("T")


@cache
def client(url: str) -> FlueClient:
    return FlueClient(url, token=None)


@cache
def async_client(url: str) -> AsyncFlueClient:
    return AsyncFlueClient(url, token=None)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def on_loop(read: Callable[[], Awaitable[T]]) -> T:
    """Run `read` on the process's event loop."""

    async def run() -> T:
        return await read()

    return _loop().run_until_complete(run())
