"""Pytest fixtures for the real partners; a conftest imports what it needs from here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.durable import DurableServer
from tests.servers.flue import FlueServer


@pytest.fixture(scope="session")
def genuine() -> Iterator[FlueServer]:
    """One genuine Flue server for the whole session; nobody may stop or restart it."""
    with FlueServer() as server:
        yield server


@pytest.fixture(scope="session")
def durable() -> Iterator[DurableServer]:
    """One Durable Streams reference server for the session; a test uses paths of its own."""
    with DurableServer() as server:
        yield server
