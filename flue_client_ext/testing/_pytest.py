"""The pytest plugin: `flue_server`, `flue_client`, `async_flue_client`, without any set-up.

`flue_options` is what a test module or a conftest overrides to get another server.

It is read in every test session of an environment that has flue-client, so it imports late.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flue_client_ext import AsyncFlueClient, FlueClient

    from ._local import LocalFlue


@pytest.fixture
def flue_options() -> dict[str, Any]:
    """The arguments of `LocalFlue(...)` for `flue_server`; override it to change them."""
    return {}


@pytest.fixture
def flue_server(flue_options: dict[str, Any]) -> Iterator[LocalFlue]:
    """A `LocalFlue` that listens and has no workflows yet: `@flue_server.workflow("name")`."""
    from ._local import LocalFlue

    server = LocalFlue(**flue_options)
    with server.run():
        yield server
    server.close()


@pytest.fixture
def flue_client(flue_server: LocalFlue) -> Iterator[FlueClient]:
    """A `FlueClient` of `flue_server`."""
    from flue_client_ext import FlueClient

    with _without_proxies():
        client = FlueClient(flue_server.url, token=flue_server.token)
    with client:
        yield client


@pytest.fixture
def async_flue_client(flue_server: LocalFlue) -> Iterator[AsyncFlueClient]:
    """An `AsyncFlueClient` of `flue_server`, for any async test runner.

    A plain fixture, so that asyncio, anyio and trio tests can all use it. Close it in the test
    (`async with async_flue_client:`) for a clean end; what is left open is closed afterwards.
    """
    from flue_client_ext import AsyncFlueClient

    with _without_proxies():
        client = AsyncFlueClient(flue_server.url, token=flue_server.token)
    yield client
    with contextlib.suppress(Exception):  # its connections belonged to a loop that has ended
        asyncio.run(client.aclose())


@contextlib.contextmanager
def _without_proxies() -> Generator[None]:
    """Let a client be made that talks to this machine, whatever proxy the environment asks for."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("NO_PROXY", "no_proxy"):
            environment.setenv(name, "*")
        yield
