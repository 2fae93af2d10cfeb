"""Fixtures for the tests of genuine servers."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.servers.flue2 import Flue2Server


@pytest.fixture
def api2(genuine2: Flue2Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=genuine2.url, timeout=60, trust_env=False) as client:
        yield client
