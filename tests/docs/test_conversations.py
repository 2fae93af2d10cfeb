"""What `docs/conversations.md` says of its blocks, and those about agents on a genuine server.

That each runs as it stands is tested by `test_pages.py`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from flue_client_ext import FlueClient
from flue_client_ext.testing import LocalFlue, demo_server
from tests.servers.flue2 import Flue2Server

from .blocks import DOCS, README, blocks, run_script, run_scripts, scripts

PAGE = DOCS / "conversations.md"
SCRIPTS = scripts(PAGE)
ABOUT_AGENTS = [*SCRIPTS, *(block for block in scripts(README) if "client.agents" in block.code)]
MOST_SECONDS = 60


@pytest.fixture
def server() -> Iterator[LocalFlue]:
    """A server on which the page's conversation has begun."""
    server = demo_server()
    with server.run() as url:
        ask(url, "hello")
        yield server
    server.close()


def ask(url: str, text: str, agent: str = "assistant") -> str:
    with FlueClient(url) as client:
        return client.agents.conversation(agent, "ticket-42").ask(text).submission_id


def test_blocks_about_agents_run_on_a_genuine_server_too(
    genuine2: Flue2Server, tmp_path: Path
) -> None:
    """The README's as well. The agent `echo` stands for the one of the documents."""
    ask(genuine2.url, "hello", "echo")
    there = [evolve(block, code=block.code.replace("assistant", "echo")) for block in ABOUT_AGENTS]
    for block, printed in zip(there, run_scripts(there, tmp_path, genuine2.url), strict=True):
        assert printed.strip(), block.name


def test_the_worker_goes_on_where_another_process_was(server: LocalFlue, tmp_path: Path) -> None:
    (worker,) = [block for block in SCRIPTS if "UpdateCheckpoint" in block.code]
    before = server.submission_ids("assistant", "ticket-42")
    first = run_script(worker, tmp_path, server.url)
    later = ask(server.url, "again")
    second = run_script(worker, tmp_path, server.url)
    assert [f"{id} completed" in first for id in (*before, later)] == [True, False]
    assert [f"{id} completed" in second for id in (*before, later)] == [False, True]
    assert run_script(worker, tmp_path, server.url) == ""


def test_a_job_that_is_repeated_is_one_submission(server: LocalFlue, tmp_path: Path) -> None:
    (job,) = [block for block in SCRIPTS if "run_job" in block.code]
    assert run_script(job, tmp_path, server.url) == run_script(job, tmp_path, server.url).replace(
        "was accepted before", "is new", 1
    )
    assert len(server.submission_ids("assistant", "order-17")) == 1


def test_the_relay_shows_a_browser_what_changes_until_it_leaves(
    server: LocalFlue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLUE_BASE_URL", server.url)
    (relay,) = [block for block in blocks(PAGE) if block.mark == "relay"]
    module: dict[str, Any] = {}
    exec(compile(relay.code, "relay.py", "exec"), module)
    received = asyncio.run(asyncio.wait_for(browse(module, "new"), MOST_SECONDS))
    absent, *live = received
    assert absent == {"order": [], "changed": [], "busy": False}
    messages = {each["id"]: each for event in live for each in event["changed"]}
    shown = [messages[id] for id in live[-1]["order"]]
    assert shown == server.snapshot("assistant", "new")["messages"]
    assert sum(each["role"] == "user" for event in live for each in event["changed"]) == 1


async def browse(module: dict[str, Any], id: str) -> list[Any]:
    """Open the page as a browser does, ask when it is there, and leave after the answer."""
    requests: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    requests.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    received: list[Any] = []
    async with module["client"] as client, asyncio.TaskGroup() as group:

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                assert (b"content-type", b"text/event-stream") in message["headers"]
                return
            received.append(json.loads(message["body"].removeprefix(b"data: ")))
            if len(received) == 1:
                group.create_task(client.agents.send("assistant", id, "What is 3 * 4?"))
            elif received[-1]["order"] and not received[-1]["busy"]:
                requests.put_nowait({"type": "http.disconnect"})

        scope = {"type": "http", "path": f"/conversations/{id}"}
        await module["app"](scope, requests.get, send)
    return received
