"""`signal=` ends a call wherever it is blocked, closes its connection and leaves no thread."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flue_client_ext import (
    AbortController,
    AbortSignal,
    FlueAbortError,
    InvokeOutcomeUnknownError,
)
from tests.servers.flue import FlueServer
from tests.servers.raw import Connection, RawServer, Request
from tests.unary.support import Aside, borrowed, failure, leftover_threads, on_log, says, works
from tests.worlds import World

PROMPT = 10.0  # for a busy machine; what is aborted would last 30 s or for ever


@pytest.fixture(params=["own sockets", "http_client"])
def client_of(request: pytest.FixtureRequest, any_world: World) -> Iterator[Any]:
    with borrowed(any_world) as http_client:
        own = {"http_client": http_client} if request.param == "http_client" else {}
        yield lambda url, **options: any_world.client(url, **options, **own)


def stall(_: Request, connection: Connection) -> None:
    connection.wait_closed()


def stall_in_body(_: Request, connection: Connection) -> None:
    connection.head(200, {"content-length": "50"})
    connection.wait_closed()


CALLS: dict[str, Callable[..., Any]] = {
    "invoke": lambda client, signal: client.workflows.invoke("w", signal=signal),
    "wait": lambda client, signal: client.workflows.invoke("w", wait="result", signal=signal),
    "get": lambda client, signal: client.runs.get("run_1", signal=signal),
    "run": lambda client, signal: client.workflows.run("w", signal=signal),
    "send": lambda client, signal: client.agents.send("a", "1", "x", signal=signal),
    "ask": lambda client, signal: client.agents.conversation("a", "1").ask("x", signal=signal),
    "read": lambda client, signal: client.agents.read("a", "1", "sub_1", signal=signal),
}


def aborted_soon(call: Callable[[AbortSignal], Any], blocked: Callable[[], object]) -> None:
    """Abort `call` once it is `blocked`, and check that it ends promptly with the reason."""
    controller = AbortController()
    aside = Aside(lambda: call(controller.signal))
    assert blocked()
    began = time.monotonic()
    controller.abort("enough")
    error = aside.error()
    assert time.monotonic() - began < PROMPT
    assert type(error) is FlueAbortError
    assert error.reason == "enough"
    assert not controller.signal._listeners
    assert leftover_threads() == []


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("call", CALLS)
def test_a_call_blocked_before_its_head_ends(any_world: World, call: str, tls: bool) -> None:
    with RawServer(stall, tls=tls) as server:
        context = server.client_context() if tls else None
        client = any_world.client(server.url, ssl_context=context)
        aborted_soon(lambda signal: CALLS[call](client, signal), lambda: server.wait_requests(1))
        assert server.wait_idle()
        assert len(server.requests) == 1
        server.handler = works
        assert client.workflows.invoke("w").run_id == "run_1"


@pytest.mark.parametrize("call", ["wait", "get"])
@pytest.mark.parametrize("handler", [stall, stall_in_body])
def test_a_call_on_either_kind_of_client_ends(client_of: Any, call: str, handler: Any) -> None:
    with RawServer(handler) as server:
        client = client_of(server.url)
        aborted_soon(lambda signal: CALLS[call](client, signal), lambda: server.wait_requests(1))
        assert server.wait_idle()
        server.handler = works
        for _ in range(3):
            assert client.workflows.invoke("w").run_id == "run_1"


@pytest.mark.usefixtures("kept_connections")
@pytest.mark.parametrize("call", CALLS)
def test_a_call_on_a_reused_connection_ends(any_world: World, call: str) -> None:
    with RawServer(works) as server:
        client = any_world.client(server.url)
        client.workflows.invoke("w")
        server.handler = stall
        aborted_soon(lambda signal: CALLS[call](client, signal), lambda: server.wait_requests(2))
        assert server.accepted == 1
        assert server.wait_idle()


@pytest.mark.parametrize("call", ["wait", "get"])
def test_a_call_on_a_reused_connection_of_the_users_own_client_ends(
    any_world: World, call: str
) -> None:
    # httpx does not tell which of its connections a request uses before that has answered: in
    # the blocking world the abandoned thread waits for the answer and then closes it.
    answered = threading.Event()

    def late(request: Request, connection: Connection) -> None:
        if any_world.is_async:
            connection.wait_closed()
        elif answered.wait(10):
            works(request, connection)

    with RawServer(works) as server, borrowed(any_world) as http_client:
        client = any_world.client(server.url, http_client=http_client)
        client.workflows.invoke("w")
        server.handler = late
        controller = AbortController()
        aside = Aside(lambda: CALLS[call](client, controller.signal))
        assert server.wait_requests(2)
        controller.abort()
        assert type(aside.error(PROMPT)) is FlueAbortError
        answered.set()
        assert leftover_threads() == []
        assert server.wait_idle()


@pytest.mark.parametrize("call", CALLS)
def test_a_call_blocked_in_connect_ends(any_world: World, call: str) -> None:
    under_way = threading.Event()

    def token() -> str:
        under_way.set()
        return "t"

    with RawServer(works, mode="full") as server:
        client = any_world.client(server.url, token=token)
        aborted_soon(lambda signal: CALLS[call](client, signal), lambda: under_way.wait(10))


@pytest.mark.parametrize("call", CALLS)
def test_a_call_blocked_in_its_tls_handshake_ends(any_world: World, call: str) -> None:
    with RawServer(works, tls=True, mode="stall") as server:
        client = any_world.client(server.url, ssl_context=server.client_context())
        aborted_soon(
            lambda signal: CALLS[call](client, signal),
            lambda: server.wait_until(lambda: server.accepted == 1),
        )
        assert server.wait_idle()


@pytest.mark.parametrize("call", ["wait", "get"])
def test_a_call_blocked_in_the_name_lookup_ends(
    any_world: World, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    # A name server cannot be made to hang here, so the look-up itself is replaced. Nothing can
    # interrupt a real one either: its thread goes on, and ends with it.
    asked, answer = threading.Event(), threading.Event()

    def getaddrinfo(
        host: str, port: int, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> Any:
        if not flags & socket.AI_NUMERICHOST:
            asked.set()
            answer.wait(20)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    client = any_world.client("http://flue.invalid")
    controller = AbortController()
    aside = Aside(lambda: CALLS[call](client, controller.signal))
    assert asked.wait(10)
    began = time.monotonic()
    controller.abort()
    assert type(aside.error()) is FlueAbortError
    assert time.monotonic() - began < PROMPT
    answer.set()
    assert leftover_threads() == []


def test_a_call_blocked_between_two_attempts_ends(any_world: World) -> None:
    waiting = threading.Event()
    with RawServer(says(503, headers={"retry-after": "60"})) as server, on_log(waiting.set):
        client = any_world.client(server.url, timeout=None)
        aborted_soon(lambda signal: CALLS["get"](client, signal), lambda: waiting.wait(10))
        assert server.wait_until(lambda: len(server.requests) == 1)


@pytest.mark.parametrize("call", CALLS)
def test_a_signal_that_was_aborted_before_costs_no_io(any_world: World, call: str) -> None:
    controller = AbortController()
    reason = object()
    controller.abort(reason)
    with RawServer(works) as server:
        error = failure(CALLS[call], any_world.client(server.url), controller.signal)
        assert type(error) is FlueAbortError
        assert error.reason is reason
        assert server.accepted == 0


def test_one_signal_ends_many_calls(any_world: World) -> None:
    controller = AbortController()
    with RawServer(stall) as server:
        client = any_world.client(server.url)
        asides = [Aside(lambda: CALLS["wait"](client, controller.signal)) for _ in range(8)]
        assert server.wait_requests(8)
        controller.abort()
        assert {type(aside.error()) for aside in asides} == {FlueAbortError}
        assert server.wait_idle()
        assert leftover_threads() == []


def test_a_signal_with_a_timeout_ends_a_call_with_a_timeout_error_as_reason(
    any_world: World,
) -> None:
    with RawServer(stall) as server:
        client = any_world.client(server.url)
        both = AbortSignal.any([AbortSignal.timeout(0.1), AbortController().signal])
        for signal in (AbortSignal.timeout(0.1), both):
            error = failure(CALLS["wait"], client, signal)
            assert type(error) is FlueAbortError
            assert isinstance(error.reason, TimeoutError)
        assert server.wait_idle()
        assert leftover_threads() == []


def test_a_call_that_ends_by_itself_leaves_no_listener_and_no_timer(client_of: Any) -> None:
    controller = AbortController()
    timeout = AbortSignal.timeout(600)
    both = AbortSignal.any([controller.signal, timeout])
    before = set(threading.enumerate())
    with RawServer(works) as server:
        client = client_of(server.url)
        for signal in (controller.signal, timeout, both):
            client.workflows.invoke("w", signal=signal)
            client.runs.get("run_1", signal=signal)
            assert not signal._listeners
        assert not controller.signal._listeners
        assert not timeout._listeners
    assert leftover_threads() == []
    more = set(threading.enumerate()) - before
    assert not [each for each in more if isinstance(each, threading.Timer)]
    assert len(more) <= 2


def test_an_abort_is_not_an_unknown_outcome_and_the_run_goes_on(
    any_world: World, genuine: FlueServer
) -> None:
    client = any_world.client(genuine.url)
    before = {run["runId"] for run in genuine.runs("gate")}
    key = f"aborted-{any_world.name}"
    controller = AbortController()
    aside = Aside(
        lambda: client.workflows.invoke(
            "gate", input={"key": key}, wait="result", signal=controller.signal
        )
    )
    while not (new := {run["runId"] for run in genuine.runs("gate")} - before):
        assert aside._thread.is_alive()
    controller.abort()
    error = aside.error()
    assert type(error) is FlueAbortError
    assert not isinstance(error, InvokeOutcomeUnknownError)
    genuine.release(key, result="in the end")
    assert client.runs.wait(new.pop()).result == "in the end"
