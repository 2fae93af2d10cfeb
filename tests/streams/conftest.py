"""What the tests of streams share."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import flue_client_ext
from flue_client_ext import BackoffOptions
from tests.servers.raw import RawServer

CORE = [
    import_module(f"flue_client_ext._stream.{found.name}")
    for found in pkgutil.iter_modules([str(Path(flue_client_ext.__file__).parent / "_stream")])
]
Serve = Callable[..., RawServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start raw servers; they are stopped at the end, and what their handlers raised is raised."""
    with ExitStack() as stack:

        def start(handler: Any, **options: Any) -> RawServer:
            return stack.enter_context(RawServer(handler, **options))

        yield start


@pytest.fixture
def quick() -> BackoffOptions:
    """Retries that cost no time."""
    return BackoffOptions(initial_delay=0.001, max_delay=0.002)


@pytest.fixture
def soon_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence counts as death after a moment rather than after three heartbeats."""
    set_limits(monkeypatch, READ_LIMIT=0.15, START_LIMIT=0.15)


def set_limits(monkeypatch: pytest.MonkeyPatch, **values: float) -> None:
    """Change the core's constants in each of its modules that has them."""
    for name, value in values.items():
        holders = [module for module in CORE if hasattr(module, name)]
        assert holders, f"nobody has {name} any more"
        for module in holders:
            monkeypatch.setattr(module, name, value)


@pytest.fixture(params=["long-poll", "sse", "auto", False], ids=str)
def live(request: Any) -> Any:
    """Every way to read a stream."""
    return request.param


@pytest.fixture(params=["own", "httpx"])
def connections(request: Any) -> Any:
    """Our own connections, or a user's httpx client."""
    return request.param


@pytest.fixture
def path() -> str:
    """A name that no other stream of the reference server has."""
    return f"/s/{uuid4()}"
