"""`examples/sqlite_worker.py`: whenever it is killed, the file has each update exactly once."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flue_client_ext import FlueClient
from flue_client_ext.testing import ConversationContext, LocalFlue, Message, RunContext
from tests.servers.node import CHECKOUT

from .support import LIMIT, load

EVENTS, DELTAS = 90, 45
FEWEST_KILLS = 10


@pytest.fixture
def server() -> Iterator[LocalFlue]:
    """Of small pages, so that a copy takes many transactions."""
    server = LocalFlue(page_size=3, delta_hold=0)

    @server.workflow
    def count(input: int, run: RunContext) -> None:
        for number in range(input):
            run.log(str(number))

    @server.agent
    def assistant(message: Message, conversation: ConversationContext) -> None:
        conversation.reply(str(number) for number in range(int(message.text)))

    with server.run():
        yield server
    server.close()


def copied(database: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(database)) as opened:
        return [json.loads(row[0]) for row in opened.execute("SELECT json FROM item")]


def killed_again_and_again(url: str, database: Path, *source: str) -> int:
    """Copy the source by processes that are killed; return how many were."""
    program = [sys.executable, "-m", "tests.examples.killed_worker", url, str(database), "7"]
    done = subprocess.run(
        [*program, *source],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_a_run_is_copied_exactly_once(server: LocalFlue, tmp_path: Path) -> None:
    with FlueClient(server.url) as client:
        run_id = client.workflows.run("count", input=EVENTS).run_id
    killed = killed_again_and_again(server.url, tmp_path / "copy.db", "run", run_id)
    assert killed >= FEWEST_KILLS
    assert copied(tmp_path / "copy.db") == server.events(run_id)


def test_a_conversation_is_copied_exactly_once(server: LocalFlue, tmp_path: Path) -> None:
    with FlueClient(server.url) as client:
        conversation = client.agents.conversation("assistant", "ticket-42")
        conversation.ask(str(DELTAS))
        source = ["--once", "conversation", "assistant", "ticket-42"]
        killed = killed_again_and_again(server.url, tmp_path / "copy.db", *source)
        updates = [each.to_dict() for each in conversation.updates(live=False)]
    assert killed >= FEWEST_KILLS
    assert len(updates) > DELTAS
    assert copied(tmp_path / "copy.db") == updates


def test_the_program_goes_on_with_what_is_new(
    server: LocalFlue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLUE_BASE_URL", server.url)
    worker, database = load("sqlite_worker"), tmp_path / "copy.db"
    arguments = [str(database), "--once", "conversation", "assistant", "ticket-42"]
    with FlueClient(server.url) as client:
        conversation = client.agents.conversation("assistant", "ticket-42")
        for _ in range(2):
            conversation.ask("1")
            assert worker.main(arguments) == 0
        assert copied(database) == [each.to_dict() for each in conversation.updates(live=False)]
    server.drop_conversation("assistant", "ticket-42")
    assert worker.main(arguments) == 1
