"""Pytest fixtures for the real partners; a conftest imports what it needs from here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests.servers.beta import BETAS, BetaServer, BetaVersion
from tests.servers.durable import DurableServer
from tests.servers.flue import FlueServer
from tests.servers.flue2 import VERSIONS, Flue2Server, Version


@pytest.fixture(scope="session")
def genuine() -> Iterator[FlueServer]:
    """One genuine Flue server for the whole session; nobody may stop or restart it."""
    with FlueServer() as server:
        yield server


@pytest.fixture(scope="session")
def genuine_versions() -> Iterator[Callable[[Version], Flue2Server]]:
    """Genuine Flue servers of 2.x for the session, each started when it is first asked for."""
    with ExitStack() as running:
        yield cache(lambda version: running.enter_context(Flue2Server(version=version)))


@pytest.fixture
def genuine2(
    request: pytest.FixtureRequest, genuine_versions: Callable[[Version], Flue2Server]
) -> Flue2Server:
    """The session's genuine Flue server of 2.x; nobody may stop or restart it.

    It is the newest version, unless a test is parametrized with versions (`indirect=True`).
    """
    return genuine_versions(getattr(request, "param", VERSIONS[0]))


@pytest.fixture(scope="session")
def genuine_betas() -> Iterator[Callable[[BetaVersion], BetaServer]]:
    """Genuine servers of the betas for the session, each started when it is first asked for."""
    with ExitStack() as running:
        yield cache(lambda version: running.enter_context(BetaServer(version=version)))


@pytest.fixture
def genuine_beta(
    request: pytest.FixtureRequest, genuine_betas: Callable[[BetaVersion], BetaServer]
) -> BetaServer:
    """The session's genuine server of a beta, with agents; nobody may stop or restart it.

    It is the newest version, unless a test is parametrized with versions (`indirect=True`).
    """
    return genuine_betas(getattr(request, "param", BETAS[0]))


@pytest.fixture(scope="session")
def durable() -> Iterator[DurableServer]:
    """One Durable Streams reference server for the session; a test uses paths of its own."""
    with DurableServer() as server:
        yield server
