"""Runs in a file: they outlive the server object, and resuming over a restart can be tried."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import httpx

from flue_client_ext.testing import LocalFlue, RunContext
from tests.local.support import ended, gates, with_workflows


def test_runs_are_there_after_a_restart_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite3"
    first = with_workflows(LocalFlue(store=path))

    @first.workflow("odd")
    def odd(run: RunContext) -> str:
        run.log("half \ud83d and whole 🎉 \u2028")
        return "\ude00"

    with first.run() as url:
        runs = [ended(first, "count", 250), ended(first, "boom"), ended(first, "odd")]
        before = [httpx.get(f"{url}/runs/{run}{q}") for run in runs for q in ("", "?meta")]
    first.close()
    second = with_workflows(LocalFlue(store=str(path)))
    second.workflow("odd")(odd)
    with second.run() as url:
        after = [httpx.get(f"{url}/runs/{run}{q}") for run in runs for q in ("", "?meta")]
    second.close()
    assert [answer.content for answer in after] == [answer.content for answer in before]
    assert [a.headers.get("etag") for a in after] == [b.headers.get("etag") for b in before]


CRASHING = """
import os, sys, httpx
from flue_client_ext.testing import LocalFlue
server = LocalFlue(store=sys.argv[1])
@server.workflow("long")
def long(run):
    run.skip()
    run.log("begun")
    run.sleep(1000)
with server.run() as url:
    run_id = httpx.post(f"{url}/workflows/long").json()["runId"]
    httpx.get(f"{url}/runs/{run_id}?offset=0000000000000000_0000000000000000&live=long-poll")
    print(run_id, flush=True)
    os._exit(1)
"""


def crashed(path: Path) -> str:
    command = [sys.executable, "-c", CRASHING, str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.strip()


def test_a_crashed_run_stays_open_as_on_a_real_node_server(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite3"
    run_id = crashed(path)
    server = LocalFlue(store=path)
    assert server.record(run_id)["status"] == "active"
    assert [event["type"] for event in server.events(run_id)] == ["run_start", "log"]
    assert not server.runs.store.read(run_id, -1, 10).closed
    server.close()


def test_a_crashed_run_can_be_failed_as_flues_recovery_does(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite3"
    run_id = crashed(path)
    server = LocalFlue(store=path, interrupted="fail")
    assert server.record(run_id)["status"] == "errored"
    events = server.events(run_id)
    assert [event["type"] for event in events] == ["run_start", "log", "run_resume", "run_end"]
    assert [event["eventIndex"] for event in events] == [0, 2, 3, 4]
    server.close()


def test_a_run_that_outlives_its_closed_server_ends_quietly() -> None:
    before = set(threading.enumerate())
    server = with_workflows(LocalFlue())
    with server.run() as url:
        httpx.post(f"{url}/workflows/wait", json="closed store")
    server.close()
    running = set(threading.enumerate()) - before
    [runner] = [thread for thread in running if thread.name.startswith("flue-wait")]
    gates["closed store"].set()
    runner.join(10)  # an exception in it would fail this test
    assert not runner.is_alive()


def test_a_forgotten_run_ends_quietly(server: LocalFlue) -> None:
    run_id = httpx.post(f"{server.url}/workflows/wait", json="forgotten").json()["runId"]
    server.forget(run_id)
    gates["forgotten"].set()
    assert httpx.get(f"{server.url}/runs/{run_id}").status_code == 404
    assert ended(server, "count", 1) in server.run_ids()
