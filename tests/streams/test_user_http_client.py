"""Streams over the user's own httpx client: the same promises, and it is never closed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from flue_client_ext import BackoffOptions, FlueApiError
from flue_client_ext._values.limits import LIMITS
from tests.servers.proxy import TcpProxy
from tests.servers.raw import Connection, RawServer, Request
from tests.worlds import World

from .conftest import Serve
from .reading import dicts
from .replay import RUN, Replay, offset_at, query, whole_run
from .test_cancel import AT_ONCE, BLOCKED, Stopping, connecting_to, says_nothing, wait_for
from .test_reconnection import FAULTS, every_second

FRAME = b"""event: data
data:[%d]

event: control
data:{"streamNextOffset":"o%b","upToDate":true}

"""
CLOSED = b"""event: control
data:{"streamNextOffset":"o3","upToDate":true,"streamClosed":true}

"""
FEW = ["reset before the head", "truncated chunk", "cut short of its length", "silence in the body"]


@pytest.fixture
def given(any_world: World) -> Iterator[Any]:
    """A user's client, which outlives the test's own."""
    made: list[Any] = []

    def make(**options: Any) -> Any:
        kind: Any = httpx.AsyncClient if any_world.is_async else httpx.Client
        made.append(kind(trust_env=False, **options))
        return made[-1]

    yield make
    for client in made:
        assert not client.is_closed
        if any_world.portal is None:
            client.close()
        else:
            any_world.portal.call(client.aclose)


def test_all_modes_read_all_events(any_world: World, serve: Serve, given: Any, live: Any) -> None:
    server = serve(Replay(run := whole_run(30), page=4))
    http_client = given()
    with any_world.client(server.url, http_client=http_client) as client:
        stream = client.runs.stream(RUN, live=live)
        assert dicts(stream) == run
        assert stream.offset == offset_at(30)
    durable = any_world.durable(f"{server.url}/s", live=live, http_client=http_client)
    assert list(durable) == run


def test_a_pause_at_the_tail_is_no_fault_of_SSE(
    any_world: World, serve: Serve, given: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The head of an event stream has to come soon; what comes at the tail may take its time."""

    def pauses(request: Request, connection: Connection) -> None:
        if "live=sse" not in request.target:
            connection.answer(410)
            return
        connection.event_stream()
        connection.chunk(FRAME % (1, b"1"))
        if not connection.wait_closed(2 * LIMITS.start):
            connection.chunk(FRAME % (2, b"2") + CLOSED)

    items: list[Any] = []
    for seconds in (0.5, 2.0, 8.0):  # the first ones may be too short for a busy machine
        monkeypatch.setattr(LIMITS, "start", seconds)
        server = serve(pauses)
        stream = any_world.durable(f"{server.url}/s", live="auto", http_client=given())
        try:
            items = list(stream)
        except FlueApiError:
            continue
        if len(server.requests) == 1:
            break
    assert items == [1, 2]
    assert len(server.requests) == 1


@pytest.mark.usefixtures("soon_silent")
@pytest.mark.parametrize("name", FEW)
def test_it_survives_the_same_faults(
    any_world: World, serve: Serve, given: Any, live: Any, name: str
) -> None:
    replay = Replay(run := whole_run(9), page=4, faults=every_second(FAULTS[name]))
    client = any_world.client(serve(replay).url, http_client=given())
    quick = BackoffOptions(initial_delay=0.001, max_delay=0.002, max_retries=200)
    stream = client.runs.stream(RUN, live=live, backoff_options=quick)
    assert dicts(stream) == run
    # Where the server is slow, the client takes it for silent before the fault can strike.
    assert stream.stats.reconnects >= 1


@pytest.mark.parametrize("live", ["long-poll", "sse"])
def test_it_survives_a_proxy_that_cuts(
    any_world: World, genuine: Any, given: Any, live: str
) -> None:
    with TcpProxy(("127.0.0.1", genuine.port), cut_bytes=30_000) as proxy:
        direct = any_world.client(genuine.url)
        run = direct.workflows.run("flood", input={"n": 250}).run_id
        client = any_world.client(proxy.url, http_client=given())
        quick = BackoffOptions(initial_delay=0.001)
        events = dicts(client.runs.stream(run, live=live, backoff_options=quick))
        assert events == dicts(direct.runs.events(run))


def trusting(server: RawServer, tls: bool) -> dict[str, Any]:
    return {"verify": server.client_context()} if tls else {}


@pytest.mark.parametrize("how", ["cancel", "signal"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("where", [name for name in BLOCKED if "the wait" not in name])
def test_a_stream_blocked_in(
    any_world: World, serve: Serve, given: Any, where: str, tls: bool, how: str
) -> None:
    handler, live = BLOCKED[where]
    server = serve(handler, tls=tls)
    client = any_world.client(server.url, http_client=given(**trusting(server, tls)))
    stopping = Stopping(client, live, how)
    assert server.wait_requests(1)
    stopping.stops_at_once()
    assert server.wait_idle(AT_ONCE)
    server.handler = Replay(run := whole_run(3))
    assert dicts(client.runs.stream(RUN)) == run


def test_a_stream_blocked_in_connect_or_handshake(
    any_world: World, serve: Serve, given: Any
) -> None:
    full = serve(says_nothing, mode="full")
    stopping = Stopping(any_world.client(full.url, http_client=given()), "sse", "cancel")
    wait_for(lambda: connecting_to(full.port))
    stopping.stops_at_once()
    silent = serve(says_nothing, tls=True, mode="stall")
    secured = given(verify=silent.client_context())
    stopping = Stopping(any_world.client(silent.url, http_client=secured), "sse", "cancel")
    assert silent.wait_until(lambda: silent.accepted == 1)
    stopping.stops_at_once()
    assert silent.wait_idle(AT_ONCE)


def test_its_own_parameters_stand_beside_those_of_the_protocol(
    any_world: World, serve: Serve, given: Any, live: Any
) -> None:
    server = serve(Replay(run := whole_run(9), page=4))
    http_client = given(params={"apikey": "k", "offset": "nonsense"})
    client = any_world.client(server.url, http_client=http_client)
    assert dicts(client.runs.stream(RUN, live=live)) == run
    assert client.runs.get(RUN).run_id == RUN
    asked = [query(request) for request in server.requests]
    assert all(each["apikey"] == "k" for each in asked)
    assert asked[0]["offset"] == "-1"
    assert "meta" in asked[-1]
