"""A client among others: the user's own httpx client, options, logging, encodings."""

from __future__ import annotations

import gzip
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from flue_client_ext import FlueApiError, FlueProtocolError
from flue_client_ext._values.limits import LIMITS
from tests.servers.raw import Connection, RawServer, Request
from tests.unary.support import (
    QUICK,
    RECORD,
    Aside,
    api_error,
    borrowed,
    failure,
    in_turn,
    on_log,
    says,
    works,
)
from tests.worlds import World


def test_the_users_client_is_used_and_never_closed(any_world: World) -> None:
    with RawServer(works) as server, borrowed(any_world, headers={"x-own": "1"}) as http_client:
        first = any_world.client(server.url, http_client=http_client)
        first.workflows.invoke("w")
        first.with_options(token="t").workflows.invoke("w")
        first.close()
        assert not http_client.is_closed
        again = any_world.client(server.url, http_client=http_client)
        again.runs.get("run_1")
        assert [request.headers["x-own"] for request in server.requests] == ["1"] * 3
        assert server.accepted == 1
        user_agents = {request.headers["user-agent"].split("/")[0] for request in server.requests}
        assert user_agents == {"flue-client"}


def test_an_http_client_of_another_kind_is_refused(any_world: World) -> None:
    wrong = httpx.Client if any_world.is_async else httpx.AsyncClient
    for http_client in (wrong(trust_env=False), wrong, "client", httpx):
        assert type(failure(any_world.client, "http://h", http_client=http_client)) is TypeError


def test_a_wait_for_the_users_full_pool_sends_nothing_and_is_repeated(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert LIMITS.pool == 30
    monkeypatch.setattr(LIMITS, "pool", 0.05)
    repeated: list[None] = []
    release: list[Connection] = []

    def handler(request: Request, connection: Connection) -> None:
        if request.target == "/workflows/slow":
            release.append(connection)
        else:
            works(request, connection)

    def let_go() -> None:
        repeated.append(None)
        if release:
            monkeypatch.setattr(LIMITS, "pool", 30.0)
            release.pop().json(202, {"runId": "run_slow"})

    limits = httpx.Limits(max_connections=1)
    with RawServer(handler) as server, borrowed(any_world, limits=limits) as http_client:
        client = any_world.client(server.url, http_client=http_client)
        slow = Aside(lambda: client.workflows.invoke("slow"))
        assert server.wait_requests(1)
        with on_log(let_go):
            assert client.workflows.invoke("w").run_id == "run_1"
        assert slow.result().run_id == "run_slow"
        assert repeated
        assert len(server.requests) == 2


@pytest.mark.usefixtures("kept_connections")
def test_with_options_shares_connections_and_changes_nothing_on_its_parent(
    any_world: World,
) -> None:
    with RawServer(works) as server:
        parent = any_world.client(server.url, token="a", headers={"X-One": "1"})
        child = parent.with_options(token="b", headers={"X-Two": "2"}, timeout=60)
        bare = child.with_options(token=None, headers=None)
        for client in (parent, child, bare, parent):
            client.workflows.invoke("w")
        child.close()
        parent.workflows.invoke("w")
        assert server.accepted == 1
        tokens = [request.headers.get("authorization") for request in server.requests]
        assert tokens == ["Bearer a", "Bearer b", None, "Bearer a", "Bearer a"]
        assert [r.headers.get("x-one") for r in server.requests] == ["1", None, None, "1", "1"]
        assert [r.headers.get("x-two") for r in server.requests] == [None, "2", None, None, None]
        assert child.base_url == parent.base_url == server.url
        parent.close()
        assert server.wait_idle()
        for client in (parent, child):
            assert type(failure(client.workflows.invoke, "w")) is RuntimeError


@pytest.mark.parametrize("options", [{"token": ""}, {"headers": {"x": 1}}, {"timeout": 0}])
def test_with_options_checks_what_it_is_given(any_world: World, options: dict[str, Any]) -> None:
    client = any_world.client("http://h", token="t")
    assert isinstance(failure(client.with_options, **options), ValueError | TypeError)


@pytest.mark.usefixtures("kept_connections")
def test_connections_are_kept_alive_and_reused(any_world: World) -> None:
    with RawServer(works) as server:
        client = any_world.client(server.url)
        for _ in range(10):
            client.workflows.invoke("w")
            client.runs.get("run_1")
        assert server.accepted == 1


def test_a_server_that_asks_for_it_gets_a_new_connection_each_time(any_world: World) -> None:
    def polite(request: Request, connection: Connection) -> None:
        connection.json(202, {"runId": "run_1"}, {"connection": "close"})

    with RawServer(polite) as server:
        client = any_world.client(server.url)
        for _ in range(3):
            client.workflows.invoke("w")
        assert (server.accepted, server.wait_idle()) == (3, True)


PACKED = {"content-encoding": "gzip", "content-type": "application/json"}


def test_an_answer_that_is_packed_although_identity_was_asked_is_a_clear_error(
    any_world: World,
) -> None:
    record = gzip.compress(json.dumps(RECORD).encode())
    with RawServer(says(200, record, PACKED)) as server:
        error = failure(any_world.client(server.url).runs.get, "run_1")
        assert type(error) is FlueProtocolError
        assert "gzip" in error.message
        assert len(server.requests) == 1
    with RawServer(says(202, gzip.compress(b'{"runId":"run_1"}'), PACKED)) as server:
        assert type(failure(any_world.client(server.url).workflows.invoke, "w")) is (
            FlueProtocolError
        )
    with RawServer(says(502, gzip.compress(b"<html>"), PACKED)) as server:
        error = api_error(any_world.client(server.url).workflows.invoke, "w")
        assert (type(error), error.status) == (FlueApiError, 502)


@pytest.mark.parametrize("coding", ["none", "Identity", "utf-8", ""])
def test_a_coding_that_changes_nothing_is_no_reason_to_refuse_an_answer(
    any_world: World, coding: str
) -> None:
    headers = {"content-encoding": coding}
    with RawServer(says(200, json.dumps(RECORD).encode(), headers)) as server:
        assert any_world.client(server.url).runs.get("run_1").to_dict() == RECORD
    with RawServer(says(202, b'{"runId":"run_1"}', headers)) as server:
        assert any_world.client(server.url).workflows.invoke("w").run_id == "run_1"


def test_a_body_that_makes_no_sense_is_reported_with_its_unknown_coding(any_world: World) -> None:
    with RawServer(says(200, b"\x00\x01", {"content-encoding": "Snappy"})) as server:
        error = failure(any_world.client(server.url).runs.get, "run_1")
        assert type(error) is FlueProtocolError
        assert "snappy" in error.message
        with pytest.raises(FlueProtocolError, match="snappy"):
            list(any_world.client(server.url).runs.stream("run_1"))


SCRIPT = """
import logging, sys
from flue_client_ext import FlueClient, FlueError, BackoffOptions
for _ in range(3):
    client = FlueClient(sys.argv[1], token="s3cr3t")
client.workflows.invoke("w")
client.runs.get("run_1", backoff_options=BackoffOptions(initial_delay=0.001))
logging.getLogger("flue_client").warning("a warning")
print([type(handler).__name__ for handler in logging.getLogger("flue_client").handlers])
print(logging.getLogger().handlers, logging.getLogger("httpx").handlers)
"""


@pytest.mark.parametrize("level", ["debug", "info", "INFO", "", "loud"])
def test_flue_log_attaches_one_handler_to_our_logger_only(level: str, tmp_path: Path) -> None:
    with RawServer(in_turn(works, says(503), works)) as server:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, server.url],
            env={**os.environ, "FLUE_LOG": level},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
    ours, others = done.stdout.splitlines()
    assert others == "[] []"
    if level.lower() not in ("debug", "info"):
        assert ours == "['NullHandler']"
        told = "FLUE_LOG is 'loud', which has no effect: debug and info"
        assert done.stderr.count(told) == (1 if level else 0)
        assert "_client" not in done.stderr  # the warning names the line of the program
        return
    assert ours == "['NullHandler', 'StreamHandler']"
    lines = done.stderr.splitlines()
    requests = [line for line in lines if f"POST {server.url}/workflows/w -> 202" in line]
    assert len(requests) == (1 if level == "debug" else 0)
    assert sum("503" in line and "INFO" in line for line in lines) == 1
    assert sum("a warning" in line for line in lines) == 1
    assert "s3cr3t" not in done.stderr


def test_a_read_tells_its_attempts_to_the_logger(
    any_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "flue_client")
    with RawServer(in_turn(says(503), works)) as server:
        any_world.client(server.url).runs.get("run_1", backoff_options=QUICK)
        words = [record.getMessage() for record in caplog.records if record.name == "flue_client"]
    assert words[0] == f"GET {server.url}/runs/run_1 -> 503"
    assert words[-1] == f"GET {server.url}/runs/run_1 -> 200"
    assert not any("meta" in each for each in words)


def test_a_closed_client_is_not_entered_again(any_world: World) -> None:
    client = any_world.client("http://127.0.0.1:1")
    child = client.with_options(timeout=3)
    with child:
        assert not child.is_closed
    assert not client.is_closed
    with client:
        pass
    for closed in (client, child):
        assert closed.is_closed
        with pytest.raises(RuntimeError, match="closed"), closed:
            pass
