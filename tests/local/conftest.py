"""Running servers with the workflows or agents of these tests, and plain httpx clients of them."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from flue_client_ext.testing import LocalFlue
from tests.contract_spec.fixtures import answers_fit_the_contract
from tests.local.support import with_workflows
from tests.servers.http import client_of
from tests.servers.local_agents import LocalAgents

__all__ = ["answers_fit_the_contract"]


@pytest.fixture
def server() -> Iterator[LocalFlue]:
    server = with_workflows(LocalFlue())
    with server.run():
        yield server
    server.close()


@pytest.fixture
def http(server: LocalFlue) -> Iterator[httpx.Client]:
    with client_of(server.url) as client:
        yield client


@pytest.fixture(scope="module")
def agents() -> Iterator[LocalAgents]:
    with LocalAgents() as running:
        yield running


@pytest.fixture(scope="module")
def api(agents: LocalAgents) -> Iterator[httpx.Client]:
    with client_of(agents.url) as client:
        yield client
