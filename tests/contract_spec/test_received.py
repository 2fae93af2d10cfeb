"""Every answer that a test receives is checked: over own sockets, over httpx, whole or cut."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flue_client_ext import BackoffOptions, FlueError
from tests.contract_spec.received import Answers, checked_answers
from tests.servers.agents import AgentServer
from tests.servers.raw import Connection, RawServer, Request
from tests.unary.support import borrowed
from tests.worlds import World

ONCE = BackoffOptions(max_retries=0)
Make = Callable[[RawServer], Any]


def odd(request: Request, connection: Connection) -> None:
    """Answer a snapshot without messages; a cut one to `cut`; chunks of no type to `updates`."""
    if "view=updates" in request.target:
        connection.event_stream()
        connection.chunk(b'event: data\ndata:[{"a":1}]\n\nevent: data\nda')
        connection.close()
    elif "/cut" in request.target:
        kind = {"content-type": "application/json", "content-length": "99"}
        connection.head(200, kind)
        connection.send(b'{"v":1,')
        connection.close()
    else:
        connection.json(200, {"v": 1})


@pytest.fixture
def odd_server() -> Iterator[RawServer]:
    with RawServer(odd) as running:
        yield running


@pytest.fixture(params=["own sockets", "httpx"])
def client_of(any_world: World, request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes a client, in each world and over each transport."""
    if request.param == "own sockets":
        yield lambda server: any_world.client(server.url)
        return
    with borrowed(any_world) as http_client:
        yield lambda server: any_world.client(server.url, http_client=http_client)


def received(call: Callable[[], Any]) -> Answers:
    """The answers that `call` receives; what is wrong with them is in their `violations`."""
    found: list[Answers] = []
    with (
        contextlib.suppress(AssertionError),
        checked_answers() as seen,
        contextlib.suppress(FlueError),
    ):
        found.append(seen)
        call()
    return found[0]


def test_an_answer_that_breaks_the_contract_is_found(
    client_of: Make, odd_server: RawServer
) -> None:
    client = client_of(odd_server)
    (violation,) = received(lambda: client.agents.history("a", "c")).violations
    assert "/agents/a/c" in violation
    assert "messages" in violation


def test_an_answer_that_was_cut_is_not_judged(client_of: Make, odd_server: RawServer) -> None:
    client = client_of(odd_server)
    seen = received(lambda: client.agents.history("a", "cut", backoff_options=ONCE))
    assert (seen.checked, seen.violations) == (0, [])


def test_an_event_stream_is_judged_up_to_its_cut(client_of: Make, odd_server: RawServer) -> None:
    client = client_of(odd_server)
    stream = client.agents.updates("a", "c", live="sse", backoff_options=ONCE)
    (violation,) = received(lambda: next(stream)).violations
    assert "data frame" in violation


def test_answers_that_fit_are_counted_and_pass(client_of: Make) -> None:
    with AgentServer() as server, checked_answers() as seen:
        conversation = client_of(server).agents.conversation("a", "c")
        conversation.ask("hello", live="sse")
        assert conversation.history().messages
        stream = conversation.updates(live="sse")
        next(stream)
        stream.close()
        assert seen.checked >= 3
    assert seen.violations == []


def test_what_the_contract_does_not_describe_is_not_judged(any_world: World) -> None:
    with RawServer(lambda _, connection: connection.json(200, 5)) as server:
        stream = any_world.durable(f"{server.url}/elsewhere")
        assert received(lambda: list(stream)).checked == 0
