"""Every call on every version: it works, or raises exactly the error that the matrix says.

`LocalFlue` of a generation does what the genuine servers of that generation do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import get_args

import pytest

from flue_client_ext import FlueError, UnsupportedByServerError
from flue_client_ext._flue.generations import Generation
from flue_client_ext.testing import RunContext
from tests.servers.beta import BetaServer
from tests.servers.flue2 import Flue2Server
from tests.servers.local_agents import LocalAgents
from tests.worlds import NAMES, World

from .document import PAGE, document
from .rows import GENERATIONS, ROWS, WORKS, Row, unsupported

Servers = Callable[[str], BetaServer | Flue2Server]
NEWEST = {generation: version for version, generation in GENERATIONS.items()}.values()
SERVERS = [
    *(("sync", version) for version in GENERATIONS),
    *((name, version) for name in NAMES if name != "sync" for version in NEWEST),
]
"""Blocking calls on every version, async ones on the newest of each generation."""


@pytest.fixture
def server(
    request: pytest.FixtureRequest, genuine_betas: Servers, genuine_versions: Servers
) -> BetaServer | Flue2Server:
    version = request.param
    return (genuine_betas if version.startswith("beta") else genuine_versions)(version)


@pytest.fixture(params=get_args(Generation))
def local_server(request: pytest.FixtureRequest) -> Iterator[LocalAgents]:
    with LocalAgents(generation=request.param) as running:

        @running.server.workflow
        def summarize(input: dict[str, str], run: RunContext) -> dict[str, str]:
            run.log("summarizing")
            return {"summary": " ".join(input["text"].split()[:3])}

        yield running


def outcome(row: Row, client: object, generation: str) -> str:
    """What a row says of a call, or what else is wrong with the error."""
    try:
        row.make(client, generation)
    except UnsupportedByServerError as error:
        if (error.what, error.generation or generation) != (row.what, generation):
            return f"{error.what} on {error.generation}: {error.instead}"
        return unsupported(error.instead)
    except FlueError as error:
        return type(error).__name__
    return WORKS


@pytest.mark.parametrize(("any_world", "server"), SERVERS, indirect=True)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.call)
def test_a_call_works_or_says_what_to_do(
    any_world: World, server: BetaServer | Flue2Server, row: Row
) -> None:
    client = any_world.client(server.url)
    assert outcome(row, client, GENERATIONS[server.version]) == row.outcome(server.version)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.call)
def test_a_call_on_the_local_server_has_the_same_outcome(
    any_world: World, local_server: LocalAgents, row: Row
) -> None:
    generation = local_server.server.generation or "2"
    client = any_world.client(local_server.url)
    outcomes = {
        row.outcome(version) for version in GENERATIONS if GENERATIONS[version] == generation
    }
    assert {outcome(row, client, generation)} == outcomes


def test_the_document_is_that_of_the_matrix() -> None:
    assert PAGE.read_text() == document(), "run: make generate"
