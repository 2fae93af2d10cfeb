"""A running `LocalFlue` with the few workflows that these tests need, and a plain httpx client."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from flue_client_ext.testing import LocalFlue
from tests.local.support import with_workflows


@pytest.fixture
def server() -> Iterator[LocalFlue]:
    server = with_workflows(LocalFlue())
    with server.run():
        yield server
    server.close()


@pytest.fixture
def http(server: LocalFlue) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=5) as client:
        yield client
