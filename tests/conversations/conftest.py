"""Fixtures for the tests of conversations: a small server of agents, and a client of each world."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flue_client_ext import BackoffOptions
from tests.contract_spec.fixtures import answers_fit_the_contract
from tests.servers.agents import AgentServer
from tests.worlds import World

__all__ = ["answers_fit_the_contract"]

QUICK = BackoffOptions(initial_delay=0.001, max_delay=0.001, max_retries=40)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "FLUE_BASE_URL",
        "FLUE_TOKEN",
        "http_proxy",
        "HTTP_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def agents() -> Iterator[AgentServer]:
    """Agents that echo what they are told."""
    with AgentServer() as server:
        yield server


@pytest.fixture
def talk(any_world: World, agents: AgentServer) -> Any:
    """A conversation with them, in each world."""
    return any_world.client(agents.url).agents.conversation("support", "t1")
