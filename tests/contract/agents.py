"""The servers of conversations that must do alike, behind one face: a URL, and hands on `slow`.

`LocalAgents` registers in Python what `tests/flue2_app` defines in TypeScript, agent by agent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from tests.servers.flue2 import VERSIONS, Flue2Server, Version
from tests.servers.local_agents import LocalAgents

Name = Literal["local"] | Version
Agents = LocalAgents | Flue2Server
AGENTS: tuple[Name, ...] = (*VERSIONS, "local")

genuine_only = pytest.mark.parametrize("agents", VERSIONS, indirect=True)
"""For a test of what is the genuine application's own."""


def own_agents(
    name: Name, *, mount: str = "", token: str | None = None, database: Path | None = None
) -> Agents:
    """A server of a test's own, which it may stop."""
    if name == "local":
        return LocalAgents(mount=mount, token=token, database=database)
    return Flue2Server(version=name, mount=mount, token=token, database=database)
