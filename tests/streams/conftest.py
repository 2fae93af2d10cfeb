"""What the tests of streams share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest

from flue_client_ext import BackoffOptions
from flue_client_ext._values.limits import LIMITS
from tests.servers.raw import RawServer

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
    set_limits(monkeypatch, read=0.15, start=0.15)


@pytest.fixture(autouse=True)
def a_cut_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no answer that is cut at once seem to have lasted, on a machine that is busy."""
    set_limits(monkeypatch, routine_life=30.0)


def set_limits(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
    for name, value in seconds.items():
        monkeypatch.setattr(LIMITS, name, value)


MODES = ["long-poll", "sse", "auto", False]


@pytest.fixture(params=MODES, ids=str)
def live(request: Any) -> Any:
    """Every mode of reading a stream."""
    return request.param


@pytest.fixture(params=["own", "httpx"])
def connections(request: Any) -> Any:
    """Our own connections, or a user's httpx client."""
    return request.param


@pytest.fixture
def path() -> str:
    """A name that no other stream of the reference server has."""
    return f"/s/{uuid4()}"
