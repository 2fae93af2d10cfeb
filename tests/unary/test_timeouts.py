"""No call inherits a limit by accident, and a deadline is one over the whole call."""

from __future__ import annotations

import errno
import math
import socket
import time
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from flue_client_ext import FlueConnectionError, FlueTimeoutError, InvokeOutcomeUnknownError
from flue_client_ext._http import tcp
from flue_client_ext._http.async_channel import AsyncOwnChannel
from flue_client_ext._http.sync_channel import OwnChannel
from flue_client_ext._values.limits import LIMITS
from tests.servers.raw import Connection, RawServer, Request
from tests.unary.dripping import DRIPS, Drip
from tests.unary.forward_proxy import ForwardProxy
from tests.unary.support import (
    DEADLINES,
    NEVER_AGAIN,
    arrived_at,
    borrowed,
    failure,
    overdue,
    works,
)
from tests.worlds import World

SHORT = 0.15
GENEROUS = 10.0  # for a deadline of 0.15 s on a busy machine; what is stalled would last for ever


@pytest.fixture(params=["own sockets", "http_client"])
def client_of(request: pytest.FixtureRequest, any_world: World) -> Iterator[Any]:
    """Make clients of any world, on our own sockets and on an httpx client."""
    if request.param == "own sockets":
        yield any_world.client
        return
    with borrowed(any_world) as http_client:
        yield lambda url, **options: any_world.client(url, http_client=http_client, **options)


@pytest.mark.parametrize("where", DRIPS)
def test_the_deadline_holds_while_bytes_keep_dripping(client_of: Any, where: str) -> None:
    drip = Drip(*DRIPS[where])
    with RawServer(drip) as server:
        client = client_of(server.url)
        began = time.monotonic()
        error = failure(client.runs.get, "run_1", timeout=SHORT)
        lasted = time.monotonic() - began
        assert type(error) is FlueTimeoutError
        assert (error.run_id, error.offset) == ("run_1", None)
        assert isinstance(error, TimeoutError)
        assert SHORT * 0.9 <= lasted < GENEROUS
        drip.over.set()
        assert server.wait_idle()


@pytest.mark.parametrize("where", ["head", "body"])
def test_the_deadline_of_a_waiting_invoke_holds_too(client_of: Any, where: str) -> None:
    drip = Drip(*DRIPS[where])
    with RawServer(drip) as server:
        client = client_of(server.url)
        began = time.monotonic()
        error = overdue(client.workflows.invoke, "w", wait="result", far=arrived_at(server))
        assert type(error) is InvokeOutcomeUnknownError
        assert time.monotonic() - began < GENEROUS * 2
        drip.over.set()
        assert len(server.requests) == 1


def test_the_deadline_bounds_the_retries(any_world: World) -> None:
    with RawServer(lambda _, connection: connection.reset()) as server:
        began = time.monotonic()
        error = failure(any_world.client(server.url).runs.get, "run_1", timeout=SHORT)
        assert isinstance(error, FlueConnectionError)
        assert time.monotonic() - began < GENEROUS


def test_the_clients_timeout_is_the_default_of_single_calls(any_world: World) -> None:
    with RawServer(lambda _, connection: connection.wait_closed()) as server:
        client = any_world.client(server.url, timeout=SHORT)
        assert type(failure(client.runs.get, "run_1")) is FlueTimeoutError
        for timeout in DEADLINES:
            error = failure(any_world.client(server.url, timeout=timeout).workflows.invoke, "w")
            if type(error) is not FlueTimeoutError:
                break
        assert type(error) is InvokeOutcomeUnknownError
        longer = client.with_options(timeout=600)
        assert type(failure(longer.runs.get, "run_1", timeout=SHORT)) is FlueTimeoutError


@pytest.mark.parametrize("post", [False, True])
def test_a_connect_that_hangs_meets_the_deadline_with_nothing_sent(
    any_world: World, post: bool
) -> None:
    with RawServer(works, mode="full") as server:
        client = any_world.client(server.url, timeout=SHORT)
        began = time.monotonic()
        error = failure(client.workflows.invoke, "w") if post else failure(client.runs.get, "r")
        assert type(error) is FlueTimeoutError
        assert time.monotonic() - began < GENEROUS


@pytest.mark.parametrize("post", [False, True])
def test_a_tls_handshake_that_hangs_meets_the_deadline_with_nothing_sent(
    any_world: World, post: bool
) -> None:
    with RawServer(works, tls=True, mode="stall") as server:
        client = any_world.client(server.url, timeout=SHORT, ssl_context=server.client_context())
        error = failure(client.workflows.invoke, "w") if post else failure(client.runs.get, "r")
        assert type(error) is FlueTimeoutError
        assert server.wait_idle()


@pytest.mark.parametrize("stalled", ["connect", "handshake"])
def test_connecting_has_a_time_limit_without_any_deadline(
    any_world: World, monkeypatch: pytest.MonkeyPatch, stalled: str
) -> None:
    assert LIMITS.connect == 5.0
    monkeypatch.setattr(LIMITS, "connect", SHORT)
    tls = stalled == "handshake"
    with RawServer(works, tls=tls, mode="stall" if tls else "full") as server:
        context = server.client_context() if tls else None
        client = any_world.client(server.url, timeout=None, ssl_context=context)
        began = time.monotonic()
        error = failure(client.runs.get, "run_1", backoff_options=NEVER_AGAIN)
        assert type(error) is FlueConnectionError
        assert time.monotonic() - began < GENEROUS


def slow(request: Request, connection: Connection) -> None:
    """Say nothing for twice as long as a read may be silent in these tests; then work, if the
    request has no limit."""
    waits = request.target.endswith("wait=result")
    if not connection.wait_closed(timeout=2 * SHORT if waits else 60):
        works(request, connection)


def test_only_a_waiting_invoke_may_be_silent_beyond_the_read_limit(
    client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LIMITS, "read", SHORT)
    with RawServer(slow) as server:
        client = client_of(server.url, timeout=None)
        assert client.workflows.invoke("w", input=1, wait="result").result == 1
        error = failure(client.workflows.invoke, "w")
        assert type(error) is InvokeOutcomeUnknownError
        assert len(server.requests) == 2


def test_the_limits_are_those_that_are_documented(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = AsyncOwnChannel if any_world.is_async else OwnChannel
    opened: list[tuple[float | None, float]] = []
    real = own.open

    def spying(self: Any, request: Any, limit: float | None, deadline: float) -> Any:
        opened.append((limit, deadline))
        return real(self, request, limit, deadline)

    def limits(call: Any, *args: Any, **options: Any) -> tuple[float | None, float]:
        """The seconds a peer may be silent, and the seconds until the deadline."""
        call(*args, **options)
        limit, deadline = opened.pop()
        clock = anyio.current_time if any_world.is_async else time.monotonic
        now = any_world.portal.call(clock) if any_world.portal else clock()
        return limit, deadline if deadline == math.inf else round((deadline - now) / 30) * 30

    monkeypatch.setattr(own, "open", spying)
    with RawServer(works) as server:
        client = any_world.client(server.url)
        assert limits(client.workflows.invoke, "w") == (None, 30)
        assert limits(client.workflows.invoke, "w", timeout=600) == (None, 600)
        assert limits(client.workflows.invoke, "w", timeout=None) == (45, math.inf)
        assert limits(client.workflows.invoke, "w", wait="result") == (None, math.inf)
        assert limits(client.workflows.invoke, "w", wait="result", timeout=600) == (None, 600)
        assert limits(client.runs.get, "run_1") == (45, 30)
        assert limits(client.runs.get, "run_1", timeout=math.inf) == (45, math.inf)
        for timeout, seconds in ((60, 60), (None, math.inf)):
            other = any_world.client(server.url, timeout=timeout)
            assert limits(other.runs.get, "run_1") == (45, seconds)
            assert limits(other.workflows.invoke, "w", wait="result") == (None, math.inf)


@pytest.mark.parametrize("timeout", [0, -1, math.nan])
def test_a_timeout_must_be_above_zero(any_world: World, timeout: float) -> None:
    client = any_world.client("http://127.0.0.1:9")
    assert type(failure(any_world.client, "http://h", timeout=timeout)) is ValueError
    assert type(failure(client.runs.get, "r", timeout=timeout)) is ValueError
    assert type(failure(client.workflows.invoke, "w", timeout=timeout)) is ValueError


@pytest.mark.parametrize("timeout", ["5", True, [1]])
def test_a_timeout_must_be_a_number(any_world: World, timeout: Any) -> None:
    client = any_world.client("http://127.0.0.1:9")
    assert type(failure(any_world.client, "http://h", timeout=timeout)) is TypeError
    assert type(failure(client.runs.get, "r", timeout=timeout)) is TypeError


@pytest.mark.parametrize("over", ["TCP", "TLS", "a tunnel"])
def test_our_sockets_notice_a_dead_peer_and_do_not_delay(
    any_world: World, monkeypatch: pytest.MonkeyPatch, over: str
) -> None:
    made: list[socket.socket] = []
    real = tcp.make_socket

    def remembered(address: Any) -> socket.socket:
        made.append(real(address))
        return made[-1]

    monkeypatch.setattr("flue_client_ext._http.race.make_socket", remembered)
    with RawServer(works, tls=over != "TCP") as server, ForwardProxy() as proxy:
        if over == "a tunnel":
            monkeypatch.setenv("https_proxy", proxy.url)
        context = None if over == "TCP" else server.client_context()
        any_world.client(server.url, ssl_context=context).workflows.invoke("w")
        (sock,) = made
        assert len(proxy.requests) == (over == "a tunnel")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        if hasattr(socket, "TCP_KEEPIDLE"):
            idle = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
            every = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL)
            times = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT)
            assert idle + every * times == LIMITS.dead_peer
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            unanswered = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert unanswered == 1000 * LIMITS.dead_peer


def test_a_kernel_without_an_option_of_tcp_makes_no_connection_fail(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_option, refused = socket.socket.setsockopt, []

    def refuse(sock: socket.socket, level: int, name: int, value: int) -> None:
        if level == socket.IPPROTO_TCP and name != socket.TCP_NODELAY:
            refused.append(name)
            raise OSError(errno.ENOPROTOOPT, "Protocol not available")
        set_option(sock, level, name, value)

    monkeypatch.setattr(socket.socket, "setsockopt", refuse)
    with RawServer(works) as server:
        assert any_world.client(server.url).workflows.invoke("w").run_id
    assert len(set(refused)) == len(refused) > 0
