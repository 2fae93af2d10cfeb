"""Credentials: evaluated for every attempt, refreshed after a 401, sent to one origin only."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flue_client_ext import FlueApiError, FlueClient
from tests.servers.flue import FlueServer
from tests.servers.raw import RawServer
from tests.unary.support import QUICK, api_error, borrowed, failure, in_turn, says, works
from tests.worlds import NAMES, World, world


def sent(server: RawServer, name: str = "authorization") -> list[str | None]:
    return [request.headers.get(name) for request in server.requests]


def counting(prefix: str) -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"{prefix}{next(numbers)}"


Wrap = Callable[[Callable[[], Any]], Callable[[], Any]]
KINDS = [("sync", "plain"), *((n, k) for n in NAMES[1:] for k in ("plain", "async"))]


def made_async(function: Callable[[], Any]) -> Callable[[], Any]:
    async def later() -> Any:
        return function()

    return later


@pytest.fixture(params=KINDS, ids="-".join)
def speaking(request: pytest.FixtureRequest) -> Iterator[tuple[World, Wrap]]:
    """Each world with each kind of function that it takes."""
    name, kind = request.param
    with world(name) as entered:
        yield entered, made_async if kind == "async" else lambda function: function


def test_a_token_is_a_bearer_token(any_world: World) -> None:
    with RawServer(works) as server:
        any_world.client(server.url, token="t0ken").workflows.invoke("w")
    assert sent(server) == ["Bearer t0ken"]


def test_a_token_function_runs_for_every_attempt(speaking: tuple[World, Wrap]) -> None:
    any_world, wrapped = speaking
    with RawServer(in_turn(says(503), says(503), works)) as server:
        token = wrapped(counting("t"))
        client = any_world.client(server.url, token=token)
        client.runs.get("run_1", backoff_options=QUICK)
        client.workflows.invoke("w")
    assert sent(server) == ["Bearer t1", "Bearer t2", "Bearer t3", "Bearer t4"]


def test_headers_may_be_a_function_or_hold_some(speaking: tuple[World, Wrap]) -> None:
    any_world, wrapped = speaking
    with RawServer(in_turn(says(503), works)) as server:
        number = wrapped(counting("n"))
        mapping = {"X-Number": number, "X-Fixed": "f"}
        any_world.client(server.url, headers=mapping).runs.get("run_1", backoff_options=QUICK)
        whole = wrapped(lambda: {"X-Number": "whole"})
        any_world.client(server.url, headers=whole).workflows.invoke("w")
    assert sent(server, "x-number") == ["n1", "n2", "whole"]
    assert sent(server, "x-fixed") == ["f", "f", None]


@pytest.mark.parametrize("call", ["invoke", "get"])
def test_a_401_evaluates_the_credentials_anew(speaking: tuple[World, Wrap], call: str) -> None:
    any_world, wrapped = speaking
    with RawServer(in_turn(says(401), says(401), works)) as server:
        client = any_world.client(server.url, token=wrapped(counting("t")))
        client.workflows.invoke("w", input=1) if call == "invoke" else client.runs.get("run_1")
    assert sent(server) == ["Bearer t1", "Bearer t2", "Bearer t3"]
    assert {request.body for request in server.requests} == ({b"1"} if call == "invoke" else {b""})


@pytest.mark.parametrize("call", ["invoke", "get"])
def test_401s_in_a_row_end_the_call_after_three_refreshes(any_world: World, call: str) -> None:
    with RawServer(says(401, b"no")) as server:
        client = any_world.client(server.url, token=counting("t"))
        error = (
            failure(client.workflows.invoke, "w")
            if call == "invoke"
            else failure(client.runs.get, "run_1")
        )
        assert isinstance(error, FlueApiError)
        assert (error.status, error.body) == (401, "no")
    assert sent(server) == ["Bearer t1", "Bearer t2", "Bearer t3", "Bearer t4"]


def test_a_fixed_token_is_not_tried_twice(any_world: World) -> None:
    with RawServer(says(401)) as server:
        client = any_world.client(server.url, token="t", headers={"X-A": "1"})
        assert api_error(client.workflows.invoke, "w").status == 401
        assert api_error(client.runs.get, "run_1").status == 401
        assert len(server.requests) == 2


def test_the_genuine_server_lets_a_refreshed_token_in(any_world: World) -> None:
    with FlueServer(token="good") as server:
        tokens = iter(["stale", "good", "good"])
        client = any_world.client(server.url, token=lambda: next(tokens))
        run_id = client.workflows.invoke("echo", input=1, wait="result").run_id
        assert client.runs.get(run_id).result == 1
        refused = api_error(any_world.client(server.url).workflows.invoke, "echo")
        assert (refused.status, refused.type) == (401, None)
        assert refused.body == {"error": "unauthorized"}


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_an_explicit_authorization_header_wins_over_the_token(any_world: World, name: str) -> None:
    never: list[str] = []

    def called() -> str:
        never.append("called")
        return "t"

    with RawServer(works) as server:
        for token in ("t", called):
            for headers in ({name: "Basic abc"}, lambda: {name: "Basic abc"}):
                any_world.client(server.url, token=token, headers=headers).workflows.invoke("w")
    assert sent(server) == ["Basic abc"] * 4
    assert not never


def test_the_environments_token_is_the_default_and_none_means_none(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLUE_TOKEN", "from-env")
    with RawServer(works) as server:
        any_world.client(server.url).workflows.invoke("w")
        any_world.client(server.url, token="own").workflows.invoke("w")
        any_world.client(server.url, token=None).workflows.invoke("w")
        any_world.client(server.url).with_options(token=None).workflows.invoke("w")
        monkeypatch.setenv("FLUE_TOKEN", "")
        any_world.client(server.url).workflows.invoke("w")
    assert sent(server) == ["Bearer from-env", "Bearer own", None, None, None]


def test_what_a_credential_function_raises_reaches_the_caller_before_any_io(
    speaking: tuple[World, Wrap],
) -> None:
    any_world, wrapped = speaking

    class VaultSealed(Exception):
        pass

    def sealed() -> str:
        raise VaultSealed

    with RawServer(works) as server:
        function = wrapped(sealed)
        for options in ({"token": function}, {"headers": function}, {"headers": {"x": function}}):
            client = any_world.client(server.url, **options)
            assert type(failure(client.workflows.invoke, "w")) is VaultSealed
            assert type(failure(client.runs.get, "run_1")) is VaultSealed
        assert not server.requests


def test_an_async_function_given_to_the_sync_client_is_a_type_error() -> None:
    async def fetched() -> str:
        return "t"

    token: Any = fetched
    with RawServer(works) as server, FlueClient(server.url, token=token) as client:
        assert type(failure(client.workflows.invoke, "w")) is TypeError
        assert not server.requests


UNFIT: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"token": ""}, ValueError),
    ({"token": "a\nb"}, ValueError),
    ({"token": " t"}, ValueError),
    ({"token": "snow\u2603man"}, ValueError),
    ({"token": 7}, TypeError),
    ({"token": b"t"}, TypeError),
    ({"headers": {"x": "a\r\nx-injected: 1"}}, ValueError),
    ({"headers": {"x y": "a"}}, ValueError),
    ({"headers": {"": "a"}}, ValueError),
    ({"headers": {"x": 7}}, TypeError),
    ({"headers": {"Host": "evil.example"}}, ValueError),
    ({"headers": {"Content-Length": "5"}}, ValueError),
    ({"headers": {"Transfer-Encoding": "chunked"}}, ValueError),
    ({"headers": [("x", "a")]}, TypeError),
    ({"headers": "x: a"}, TypeError),
]


@pytest.mark.parametrize(("options", "wanted"), UNFIT, ids=ascii)
def test_unfit_credentials_are_refused_when_the_client_is_made(
    any_world: World, options: dict[str, Any], wanted: type[Exception]
) -> None:
    assert type(failure(any_world.client, "http://h", **options)) is wanted


@pytest.mark.parametrize(("options", "wanted"), UNFIT, ids=ascii)
def test_unfit_credentials_of_a_function_are_refused_before_anything_is_sent(
    any_world: World, options: dict[str, Any], wanted: type[Exception]
) -> None:
    (name, value), *_ = options.items()
    with RawServer(works) as server:
        client = any_world.client(server.url, **{name: lambda: value})
        assert type(failure(client.workflows.invoke, "w")) is wanted
        assert not server.requests


@pytest.mark.parametrize("transport", ["own sockets", "http_client"])
@pytest.mark.parametrize("value", ["plain", "t\u00f6k\u00e9n", "with space", "a=b;c,d\"e\\f'"])
def test_every_legal_value_arrives(any_world: World, transport: str, value: str) -> None:
    with RawServer(works) as server, borrowed(any_world) as http_client:
        own = {"http_client": http_client} if transport == "http_client" else {}
        client = any_world.client(server.url, token=value, headers={"X-Value": value}, **own)
        client.workflows.invoke("w")
    assert sent(server) == [f"Bearer {value}"]
    assert sent(server, "x-value") == [value]
