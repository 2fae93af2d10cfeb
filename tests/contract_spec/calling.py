"""Calls the operations of the generated client in one world or the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from flue_client import Client

LOCAL = {"trust_env": False, "verify": False}
"""Arguments of httpx for a local server: no proxy of the environment, and no certificates, which
take longer to load than a call."""

Call = Callable[..., Any]


def blocking(client: Client, module: ModuleType, name: str, *args: Any, **options: Any) -> Any:
    with client:
        return getattr(module, name)(*args, client=client, **options)


def awaited(client: Client, module: ModuleType, name: str, *args: Any, **options: Any) -> Any:
    async def call() -> Any:
        async with client:
            return await getattr(module, name)(*args, client=client, **options)

    return asyncio.run(call())


@pytest.fixture(params=["sync", "asyncio"])
def call(request: pytest.FixtureRequest) -> Call:
    """Calls an operation over a client in one world; `detailed` chooses the longer form."""
    send = {"sync": blocking, "asyncio": awaited}[request.param]

    def calling(client: Client, module: ModuleType, *args: Any, **options: Any) -> Any:
        suffix = "_detailed" if options.pop("detailed", False) else ""
        return send(client, module, request.param + suffix, *args, **options)

    return calling
