"""The wheel in an empty environment: it imports, invokes, follows, and gets in nobody's way."""

from __future__ import annotations

import json
from pathlib import Path

from tests.packaging.conftest import Environment
from tests.servers.flue import FlueServer
from tests.servers.raw import RawServer
from tests.unary.support import works

INVOKE = """
import asyncio, json, sys
import flue_client, flue_client_ext
from flue_client_ext import AsyncFlueClient, FlueClient

with FlueClient(sys.argv[1]) as client:
    blocking = client.workflows.invoke("w", input={"a": 1}, wait="result")

async def main():
    # How long a callback takes says something of the machine; in debug mode asyncio reports it.
    asyncio.get_running_loop().slow_callback_duration = 60
    async with AsyncFlueClient(sys.argv[1]) as client:
        return await client.workflows.invoke("w", input={"a": 2}, wait="result")

waited = asyncio.run(main())
print(json.dumps([blocking.result, waited.result, flue_client.__file__, flue_client_ext.__file__]))
"""
FOLLOW = """
import sys
from flue_client_ext import FlueClient

with FlueClient(sys.argv[1]) as client:
    started = client.workflows.invoke("summarize", input={"text": "a b c d"})
    for live in (True, "sse", False):
        print([event.type for event in client.runs.stream(started.run_id, live=live)])
"""
INNOCENT = """
def test_of_somebody_who_never_heard_of_flue(): pass
"""


def test_it_invokes_in_both_worlds(installed: Environment) -> None:
    with RawServer(works) as server:
        first, second, *places = json.loads(installed.run("-I", "-c", INVOKE, server.url))
    assert (first, second) == ({"a": 1}, {"a": 2})
    assert all(Path(place).is_relative_to(installed.folder) for place in places)


def test_it_invokes_and_follows_on_the_genuine_server(
    installed: Environment, genuine: FlueServer
) -> None:
    said = installed.run("-I", "-c", FOLLOW, genuine.url).splitlines()
    assert said == ["['run_start', 'log', 'run_end']"] * 3


def test_it_says_nothing_with_every_warning_on(installed: Environment) -> None:
    with RawServer(works) as server:
        said = installed.run("-I", "-X", "dev", "-W", "error", "-c", INVOKE, server.url)
    assert len(said.splitlines()) == 1


def test_all_public_names_are_there_without_the_extra(installed: Environment) -> None:
    said = installed.run(
        "-I", "-c", "from flue_client_ext import *; print(FlueClient, RunEndEvent)"
    )
    assert "FlueClient" in said


def test_the_pytest_plugin_leaves_other_peoples_tests_alone(installed: Environment) -> None:
    test = installed.folder / "test_innocent.py"
    test.write_text(INNOCENT)
    installed.install("pytest")
    said = installed.run("-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", test)
    assert "1 passed" in said
