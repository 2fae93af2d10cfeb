"""Every call on every version: it works, or raises exactly the error that the matrix says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flue_client_ext import FlueError, UnsupportedByServerError
from tests.servers.beta import BetaServer
from tests.servers.flue2 import Flue2Server
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


def test_the_document_is_that_of_the_matrix() -> None:
    assert PAGE.read_text() == document(), "run: make generate"
