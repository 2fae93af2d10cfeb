"""Both servers, once a session; every test of this folder that takes `peer` runs against each."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.contract.peers import LocalPeer, Peer
from tests.servers.flue import FlueServer


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
    with httpx.Client(base_url=peer.url, timeout=10) as client:
        yield client
