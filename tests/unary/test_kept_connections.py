"""Which request a kept connection carries: a POST only where it is certainly still open."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from flue_client_ext import FlueApiError, InvokeOutcomeUnknownError
from flue_client_ext._http.http11 import Connection as Http
from flue_client_ext._http.pool import Pool, PooledConnection, can_carry
from flue_client_ext._http.tcp import Address
from flue_client_ext._values.limits import LIMITS
from flue_client_ext._values.steps import Failure
from tests.core.connection import GET, POST, Wire, exchange, route
from tests.servers.raw import Connection, Handler, RawServer, Request
from tests.unary.support import failure, works
from tests.worlds import World

NOW = 1000.0


@pytest.fixture
def frozen_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the pool's clock."""
    clock = SimpleNamespace(monotonic=lambda: NOW)
    monkeypatch.setattr("flue_client_ext._http.pool.time", clock)


class Quiet:
    """A socket that received bytes `idle` seconds ago, and is still open."""

    def __init__(self, idle: float) -> None:
        self.received_at = NOW - idle
        self.address: Address | None = None
        self.closed = self.ended = False

    def is_stale(self) -> bool:
        return self.ended

    def close(self) -> None:
        self.closed = True


@pytest.mark.usefixtures("frozen_clock")
@pytest.mark.parametrize(
    ("announced", "idle", "reads", "posts"),
    [
        (None, 0.0, True, True),
        (None, 0.1, True, False),
        (None, 3.9, True, False),
        (None, 4.1, False, False),
        ("timeout=5", 3.5, True, True),
        ("timeout=5", 4.1, False, False),
        ("timeout=30, max=5", 28.0, True, True),
        ("timeout=30, max=5", 29.5, False, False),
        ("timeout=1", 0.4, True, True),
        ("timeout=1", 0.6, False, False),
        ("timeout=0", 0.1, True, False),
        ("max=5", 0.1, True, False),
        ("timeout=soon", 0.1, True, False),
    ],
)
def test_the_limits_of_idleness(
    announced: str | None, idle: float, reads: bool, posts: bool
) -> None:
    http = Http(route())
    line = f"Keep-Alive: {announced}\r\n" if announced else ""
    exchange(Wire([f"HTTP/1.1 200 OK\r\n{line}Content-Length: 0\r\n\r\n".encode()]), http)
    connection = PooledConnection(http, Quiet(idle))
    assert can_carry(connection, GET) is reads
    assert can_carry(connection, POST) is posts


@pytest.mark.usefixtures("kept_connections")
@pytest.mark.parametrize("announced", [False, True])
def test_POSTs_in_a_loop_share_one_connection(any_world: World, announced: bool) -> None:
    def handler(request: Request, connection: Connection) -> None:
        headers = {"keep-alive": "timeout=30"} if announced else {}
        connection.json(202, {"runId": "run_1"}, headers)

    with RawServer(handler) as server:
        client = any_world.client(server.url)
        for _ in range(20):
            client.workflows.invoke("w")
        assert server.accepted == 1


def once_each(request: Request, connection: Connection) -> None:
    """Answer a connection's first request, and close it as soon as another one comes in."""
    seen = vars(connection).setdefault("seen", [])
    if seen:
        connection.close()
    else:
        seen.append(request)
        works(request, connection)


CALLS: dict[str, Callable[[Any], Any]] = {
    "GET": lambda client: client.runs.get("r"),
    "POST": lambda client: client.workflows.invoke("w"),
}


@pytest.mark.parametrize("first", CALLS)
def test_a_POST_after_a_pause_uses_a_new_connection(
    any_world: World, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    monkeypatch.setattr(LIMITS, "certain_idle", 0.0)
    with RawServer(once_each) as server:
        client = any_world.client(server.url)
        CALLS[first](client)
        for _ in range(5):
            assert client.workflows.invoke("w").run_id == "run_1"
        assert (server.accepted, len(server.requests)) == (6, 6)


def test_a_GET_on_a_used_connection_that_closes_is_sent_again(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LIMITS, "certain_idle", 0.0)
    monkeypatch.setattr(LIMITS, "idle", 60.0)
    with RawServer(once_each) as server:
        client = any_world.client(server.url)
        for _ in range(2):
            CALLS["GET"](client)
        assert (server.accepted, len(server.requests)) == (2, 3)


@pytest.mark.parametrize("announced", [False, True])
def test_a_server_that_drops_second_requests_costs_one_outcome(
    any_world: World, announced: bool
) -> None:
    """One that has closed under a request gets no POST on a kept connection again."""

    def handler(request: Request, connection: Connection) -> None:
        headers = {"keep-alive": "timeout=5"} if announced else {}
        if vars(connection).setdefault("seen", []):
            connection.close()
        else:
            vars(connection)["seen"].append(request)
            connection.json(202, {"runId": "run_1"}, headers)

    with RawServer(handler) as server:
        client = any_world.client(server.url)
        errors = [error for _ in range(12) if (error := outcome(client)) is not None]
        assert len(errors) <= 1
        assert all(type(error) is InvokeOutcomeUnknownError for error in errors)


def outcome(client: Any) -> BaseException | None:
    try:
        client.workflows.invoke("w")
    except Exception as error:
        return error
    return None


@pytest.mark.usefixtures("kept_connections")
def test_after_a_GET_met_the_close_no_POST_does(any_world: World) -> None:
    with RawServer(once_each) as server:
        client = any_world.client(server.url)
        for _ in range(2):
            CALLS["GET"](client)
        for _ in range(3):
            assert client.workflows.invoke("w").run_id == "run_1"


def test_a_POST_with_renewed_credentials_obeys_the_same_rule(any_world: World) -> None:
    def handler(request: Request, connection: Connection) -> None:
        if request.headers["authorization"] == "Bearer old":
            vars(connection)["seen"] = [request]
            connection.answer(401, b"")
        else:
            once_each(request, connection)

    tokens = iter(["new", "new", "new", "old", "new"])
    with RawServer(handler) as server:
        client = any_world.client(server.url, token=lambda: next(tokens))
        for _ in range(2):
            CALLS["GET"](client)  # the second one meets the close, and is sent again
        assert client.workflows.invoke("w").run_id == "run_1"


def test_the_outcome_is_unknown_on_a_connection_that_was_certain(any_world: World) -> None:
    def announces(request: Request, connection: Connection) -> None:
        if len(server.requests) == 1:
            connection.json(202, {"runId": "run_1"}, {"keep-alive": "timeout=60"})
        else:
            connection.close()

    handler: Handler = announces
    with RawServer(handler) as server:
        client = any_world.client(server.url)
        client.workflows.invoke("w")
        error = failure(client.workflows.invoke, "w")
        assert type(error) is InvokeOutcomeUnknownError


def test_a_POST_leaves_no_idle_connections_behind(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LIMITS, "certain_idle", 0.0)
    with RawServer(works) as server:
        client = any_world.client(server.url)
        for _ in range(5):
            client.workflows.invoke("w")
        assert server.accepted == 5
        assert server.wait_until(lambda: len(server.open) == 1)


def used(idle: float) -> PooledConnection[Quiet]:
    """A connection that has carried an exchange, `idle` seconds ago."""
    http = Http(route())
    exchange(Wire([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]), http)
    return PooledConnection(http, Quiet(idle))


@pytest.mark.usefixtures("frozen_clock")
def test_a_release_closes_connections_that_have_been_idle_too_long() -> None:
    pool = Pool(route(), lambda _: Quiet(0.0), lambda: None)
    old, fresh = [used(5.0), used(5.0)], used(0.0)
    for connection in (*old, fresh):
        pool.release(connection)
    assert [connection.socket.closed for connection in old] == [True, True]
    assert pool.acquire(GET) is fresh
    assert not fresh.socket.closed


@pytest.mark.usefixtures("frozen_clock")
def test_a_POST_uses_the_latest_connection_and_closes_uncertain_ones() -> None:
    pool = Pool(route(), lambda _: Quiet(0.0), lambda: None)
    doubtful, fresh = used(1.0), used(0.0)
    pool.release(doubtful)
    pool.release(fresh)
    assert pool.acquire(POST) is fresh
    assert pool.acquire(POST) not in (doubtful, fresh)
    assert doubtful.socket.closed


@pytest.mark.usefixtures("frozen_clock")
@pytest.mark.parametrize(
    ("closed_after", "short", "too_long"),
    [(0.06, 0.02, 0.035), (0.001, 0.005, 0.02), (1.0, 0.07, 0.09), (5.0, 0.07, 0.09)],
)
def test_a_server_that_closes_early_is_trusted_for_half_as_long(
    closed_after: float, short: float, too_long: float
) -> None:
    pool = Pool(route(), lambda _: Quiet(0.0), lambda: None)
    closed = used(closed_after)
    closed.socket.ended = True
    pool.release(closed)
    assert pool.acquire(GET) is not closed
    for idle, expected in ((short, True), (too_long, False)):
        connection = used(idle)
        pool.release(connection)
        assert (pool.acquire(POST) is connection) is expected


@pytest.mark.usefixtures("frozen_clock")
@pytest.mark.parametrize(
    ("failure", "lasted", "trusted"),
    [
        (Failure("cut", "closed", stale=True), 0.01, False),
        (Failure("cut", "closed", stale=True), 100.0, True),  # the server ended while it worked
        (Failure("cut", "closed"), 0.01, True),
        (Failure("timeout", "silent"), 0.01, True),
    ],
)
def test_a_server_that_closes_under_a_request_gets_no_POST_again(
    failure: Failure, lasted: float, trusted: bool
) -> None:
    pool = Pool(route(), lambda _: Quiet(0.0), lambda: None)
    pool.learn(used(0.0), failure, lasted)
    connection = used(0.0)
    assert pool.can_carry(connection, POST) is trusted
    assert pool.can_carry(connection, GET)


@pytest.mark.usefixtures("kept_connections")
def test_a_call_that_ends_in_an_error_keeps_its_connection(any_world: World) -> None:
    def handler(request: Request, connection: Connection) -> None:
        connection.json(404, {"error": {"type": "run_not_found", "message": "no such run"}})

    with RawServer(handler) as server:
        client = any_world.client(server.url)
        for _ in range(3):
            assert isinstance(failure(client.runs.get, "run_1"), FlueApiError)
        assert server.accepted == 1


@pytest.mark.usefixtures("kept_connections")
def test_a_kept_connection_needs_no_time_for_connecting(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(works) as server:
        client = any_world.client(server.url)
        client.runs.get("run_1")
        monkeypatch.setattr(LIMITS, "connect", 0.0)
        client.runs.get("run_1")
        assert len(server.requests) == 2
