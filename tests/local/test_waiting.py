"""What `LocalFlue.wait` waits for, what observers may do meanwhile, and how the server ends."""

from __future__ import annotations

import gc
import socket
import threading
import time
import warnings
from contextlib import suppress
from typing import Any

import httpx
import pytest

from flue_client_ext.testing import LocalFlue, RunContext, _connection
from tests.local.support import ended, gates


def started(server: LocalFlue, name: str, input: Any = None) -> str:
    answer = httpx.post(f"{server.url}/workflows/{name}", json=input)
    return str(answer.json()["runId"])


def test_wait_returns_after_the_last_events_observers_have(server: LocalFlue) -> None:
    release, seen = threading.Event(), list[str]()

    def slow(run_id: str, event: dict[str, Any]) -> None:
        if event["type"] == "run_end":
            release.wait(10)
            seen.append(event["type"])

    server.on_event.append(slow)
    run_id = started(server, "count", 1)
    until = time.monotonic() + 10
    while server.record(run_id)["status"] == "active":
        assert time.monotonic() < until
    with pytest.raises(TimeoutError):
        server.wait(run_id, timeout=0.05)
    release.set()
    assert server.wait(run_id)["status"] == "completed"
    assert seen == ["run_end"]


def test_wait_may_wait_for_ever(server: LocalFlue) -> None:
    run_id = started(server, "count", 1)
    assert server.wait(run_id, timeout=None)["status"] == "completed"


def test_an_observer_may_wait_for_a_run_whose_end_it_sees(server: LocalFlue) -> None:
    seen: list[Any] = []

    def look(run_id: str, event: dict[str, Any]) -> None:
        if event["type"] == "run_end":
            seen.append(server.wait(run_id, timeout=1)["status"])

    server.on_event.append(look)
    ended(server, "count", 1)
    assert seen == ["completed"]


def test_an_observer_that_would_wait_for_itself_is_told(server: LocalFlue) -> None:
    seen: list[Any] = []

    def look(run_id: str, event: dict[str, Any]) -> None:
        if event["type"] != "run_end":
            with pytest.raises(RuntimeError, match="observer"):
                server.wait(run_id)
            seen.append(event["type"])

    server.on_event.append(look)
    began = time.monotonic()
    ended(server, "count", 1)
    assert seen == ["run_start", "log"]
    assert time.monotonic() - began < 10  # what `wait` waits at most, unless it is told otherwise


def test_an_observer_may_wait_for_another_run(server: LocalFlue) -> None:
    other = started(server, "wait", "another")
    seen: list[Any] = []

    def look(run_id: str, event: dict[str, Any]) -> None:
        if event["type"] == "log" and run_id != other:
            gates["another"].set()
            seen.append(server.wait(other)["result"])

    server.on_event.append(look)
    ended(server, "count", 1)
    assert seen == ["released"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_observer_that_raises_leaves_nobody_waiting(server: LocalFlue) -> None:
    def broken(run_id: str, event: dict[str, Any]) -> None:
        if event["type"] == "run_end":
            raise ValueError("an observer's own")

    server.on_event.append(broken)
    url = f"{server.url}/workflows/count?wait=result"
    answer = httpx.post(url, json=1, timeout=20).json()
    for thread in threading.enumerate():  # so that its exception belongs to this test
        if thread.name.startswith("flue-count-"):
            thread.join(10)
    assert answer["result"] == {"counted": 1}
    assert server.wait(answer["runId"])["status"] == "completed"


def test_waits_timeout_is_one_for_all_of_the_wait(server: LocalFlue) -> None:
    stop = threading.Event()

    @server.workflow
    def chatter(run: RunContext) -> None:
        until = time.monotonic() + 10
        while not stop.wait(0.01) and time.monotonic() < until:
            run.log("x")

    run_id, began = started(server, "chatter"), time.monotonic()
    with pytest.raises(TimeoutError):
        server.wait(run_id, timeout=0.3)
    assert time.monotonic() - began < 9  # before the run ends
    stop.set()
    server.wait(run_id)


def test_an_observer_on_the_servers_own_thread_may_stop_it() -> None:
    threads = set(threading.enumerate())
    stopping = LocalFlue()
    stopping.workflow("go")(lambda run: None)
    stopping.on_event.append(
        lambda run_id, event: stopping.stop() if event["type"] == "run_start" else None
    )
    url = stopping.start("127.0.0.1", 0)
    with suppress(httpx.TransportError):  # the answer may be out before the connection is cut
        httpx.post(f"{url}/workflows/go", timeout=20)
    (run_id,) = stopping.run_ids()
    assert stopping.wait(run_id)["status"] == "completed"
    until = time.monotonic() + 10
    while [t for t in set(threading.enumerate()) - threads if t.name.startswith("flue-")]:
        assert time.monotonic() < until
        time.sleep(0.001)
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_an_observer_on_the_servers_own_thread_may_disconnect(
    server: LocalFlue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_connection, "KEEP_ALIVE", 300.0)
    server.on_answer.append(lambda request, status: server.disconnect())
    path, port = "/runs/x", server.listener().port
    with socket.create_connection(("127.0.0.1", port), 20) as peer:
        peer.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        with suppress(ConnectionError):
            while peer.recv(65536):  # to the end, which keep-alive would not bring in time
                pass
    server.on_answer.clear()
    assert httpx.get(f"{server.url}/runs/x").status_code == 404


def test_a_server_that_stops_leaves_no_connection_it_has_just_accepted() -> None:
    server = LocalFlue()
    gc.collect()  # what tests before this one have left
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(30):
            with server.run():
                address = ("127.0.0.1", server.listener().port)
                peers = [socket.create_connection(address) for _ in range(10)]
            for peer in peers:
                peer.settimeout(20)
                with peer, suppress(ConnectionError):
                    assert peer.recv(1) == b""
        gc.collect()
    assert [str(each.message) for each in told] == []
