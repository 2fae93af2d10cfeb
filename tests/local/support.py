"""Workflows of these tests, and waiting for them."""

from __future__ import annotations

import threading
import time
from importlib.metadata import entry_points
from typing import Any

from flue_client_ext.testing import LocalFlue, RunContext
from tests.servers.http import client_of

#: The plugin comes by its entry point where the package is installed, by name where it is not.
PLUGIN = (
    []
    if entry_points(group="pytest11", name="flue_client")
    else ["-p", "flue_client_ext.testing._pytest"]
)
#: The same for a run in which the plugins of others, which take seconds to load, are disabled.
BY_NAME = ["-p", "flue_client_ext.testing._pytest"]


def with_workflows(server: LocalFlue) -> LocalFlue:
    """Register `count` (n logs and an end: n + 2 events), `boom`, and `wait` (until released)."""

    @server.workflow("count")
    def count(input: Any, run: RunContext) -> Any:
        for number in range(input):
            run.log(f"number {number}", {"number": number})
        return {"counted": input}

    @server.workflow("boom")
    def boom(run: RunContext) -> None:
        raise LookupError("nothing there")

    @server.workflow("wait")
    def wait(input: Any, run: RunContext) -> Any:
        run.log("waiting")
        gates[input].wait(10)
        return "released"

    return server


class _Gates(dict[str, threading.Event]):
    def __missing__(self, key: str) -> threading.Event:
        return self.setdefault(key, threading.Event())


#: What each `wait` run waits for, by the input it was given.
gates = _Gates()


def ended(server: LocalFlue, name: str, input: Any = None) -> str:
    """Run a workflow to its end and return the run's id."""
    with client_of(server.url) as http:
        run_id = str(http.post(f"/workflows/{name}", json=input).json()["runId"])
    server.wait(run_id)
    return run_id


def waiting(server: LocalFlue, key: str) -> str:
    """Start a `wait` run and return its id once it waits: until `gates[key]` nothing happens."""
    with client_of(server.url) as http:
        run_id = str(http.post("/workflows/wait", json=key).json()["runId"])
    until = time.monotonic() + 10
    while len(server.events(run_id)) < 2:
        assert time.monotonic() < until
        time.sleep(0.001)
    return run_id
