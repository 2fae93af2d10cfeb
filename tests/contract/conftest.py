"""The servers under contract, each once a session; every answer that they give is checked.

A test that takes `peer` (workflows and runs, 1.0.0-beta.5) or `agents` (conversations, 2.x) runs
against the genuine servers and against the local one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.contract.agents import AGENTS, Agents
from tests.contract.peers import LocalPeer, Peer
from tests.contract_spec.fixtures import answers_fit_the_contract
from tests.servers.flue import FlueServer
from tests.servers.flue2 import Flue2Server, Version
from tests.servers.http import client_of
from tests.servers.local_agents import LocalAgents

__all__ = ["answers_fit_the_contract"]


@pytest.fixture(scope="session")
def genuine_peer() -> Iterator[Peer]:
    with FlueServer() as server:
        yield server


@pytest.fixture(scope="session")
def local_peer() -> Iterator[Peer]:
    with LocalPeer() as server:
        yield server


@pytest.fixture(params=["genuine", "local"])
def peer(request: pytest.FixtureRequest) -> Peer:
    found: Peer = request.getfixturevalue(f"{request.param}_peer")
    return found


@pytest.fixture
def http(peer: Peer) -> Iterator[httpx.Client]:
    with client_of(peer.url) as client:
        yield client


@pytest.fixture(scope="session")
def local_agents() -> Iterator[LocalAgents]:
    with LocalAgents() as server:
        yield server


@pytest.fixture(params=AGENTS)
def agents(
    request: pytest.FixtureRequest,
    genuine_versions: Callable[[Version], Flue2Server],
    local_agents: LocalAgents,
) -> Agents:
    """A server of the session; nobody may stop or restart it."""
    return local_agents if request.param == "local" else genuine_versions(request.param)


@pytest.fixture
def api(agents: Agents) -> Iterator[httpx.Client]:
    with client_of(agents.url, timeout=60) as client:
        yield client
