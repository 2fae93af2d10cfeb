"""Processes that are really killed, at random moments, and go on from what they had saved."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers.flue import FlueServer
from tests.servers.node import CHECKOUT


def lives_of(folder: Path) -> list[list[dict[str, Any]]]:
    """The events that each process of a killed reader has handled."""
    lives: list[list[dict[str, Any]]] = [[]]
    for line in (folder / "events").read_text().split("\n")[:-1]:
        if line:
            lives[-1].append(json.loads(line))
        else:
            lives.append([])
    return lives


@pytest.mark.parametrize(
    ("live", "world", "kept"),
    [
        ("long-poll", "sync", "checkpoint"),
        ("sse", "sync", "checkpoint"),
        ("sse", "asyncio", "checkpoint"),
        ("auto", "asyncio", "offset"),
        ("long-poll", "sync", "offset"),
    ],
)
def test_the_union_of_what_killed_processes_have_seen_is_complete_and_in_order(
    genuine: FlueServer, tmp_path: Path, live: str, world: str, kept: str
) -> None:
    enough = 3 if kept == "checkpoint" else 1
    for attempt in range(4):  # on a busy machine, a process may end before it can be killed
        lives = lived(genuine, tmp_path / str(attempt), live, world, kept)
        if lives > enough:
            break
    assert lives > enough


def lived(genuine: FlueServer, folder: Path, live: str, world: str, kept: str) -> int:
    """Read a run in processes that are killed; return how many there were."""
    folder.mkdir()
    body = {"n": 200, "ms": 2}  # it goes on while its readers come and go
    answer = httpx.post(f"{genuine.url}/workflows/ticker", json=body, trust_env=False)
    run = answer.json()["runId"]
    command = [genuine.url, run, live, world, kept, str(folder), "5"]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.streams.killed_reader", *command],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    expected = httpx.get(f"{genuine.url}/runs/{run}?offset=-1&live=sse", trust_env=False).text
    events = [
        event
        for line in expected.split("\n")
        if line.startswith("data:[")
        for event in json.loads(line[5:])
    ]
    lives = lives_of(folder)
    assert len(lives) == int(ended.stdout)
    reached, repeated = 0, 0
    for life in lives:
        if not life:
            continue
        begin = events.index(life[0])
        assert begin <= reached, "events are missing"
        assert life == events[begin : begin + len(life)]
        if kept == "checkpoint":
            # What a process handled and could not note any more before it was killed.
            assert reached - begin <= 1
        repeated += reached - begin
        reached = begin + len(life)
    assert reached == len(events)
    print(f"{live}, {world}, {kept}: {len(lives)} processes, {repeated} events seen twice")
    return len(lives)
