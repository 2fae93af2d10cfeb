"""Where requests go: arguments, environment, and what is refused without showing a secret."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import AsyncFlueClient, FlueClient
from tests.servers.raw import RawServer
from tests.unary.support import chain, failure, spoken, works
from tests.worlds import World

CANARY = "s3cr3t-canary"
REFUSED = [
    "",
    "   ",
    "localhost:3583",
    "//localhost:3583",
    "/api",
    "flue.example",
    "ftp://flue.example",
    "ws://flue.example",
    "http://",
    "http:///api",
    "http://h:99999",
    "http://a b",
    "http://a%20b",
    "http://h:port",
    "http://[::1",
    "http://h/\x00",
    "http://h?",
    "http://h/api#",
    f"http://user:{CANARY}@h",
    f"http://{CANARY}@h",
    f"http://user:{CANARY}/x@h",
    f"http://user:{CANARY}@h:port",
    f"http://user:{CANARY}\x01@h",
    f"http://h/api?token={CANARY}",
    f"http://h/api#{CANARY}",
    f"user:{CANARY}@h",
    f"http://{CANARY}\ud800@h",
    "http://\ud800.example",
    "http://\u00fc..example",
]


@pytest.mark.parametrize("kind", [FlueClient, AsyncFlueClient])
@pytest.mark.parametrize("base_url", REFUSED, ids=ascii)
def test_an_unfit_base_url_is_refused_and_its_secret_is_not_shown(kind: Any, base_url: str) -> None:
    error = failure(kind, base_url)
    assert type(error) is ValueError
    assert "base_url" in str(error)
    assert CANARY not in spoken(error)
    assert all(not type(link).__module__.startswith("httpx") for link in chain(error))


@pytest.mark.parametrize("kind", [FlueClient, AsyncFlueClient])
def test_a_missing_base_url_is_an_error_that_names_the_variable(kind: Any) -> None:
    error = failure(kind)
    assert type(error) is ValueError
    assert "FLUE_BASE_URL" in str(error)


@pytest.mark.parametrize("kind", [FlueClient, AsyncFlueClient])
def test_a_base_url_that_is_no_string_is_a_type_error(kind: Any) -> None:
    assert type(failure(kind, b"http://h")) is TypeError
    assert type(failure(kind, 3583)) is TypeError


def test_the_argument_comes_before_the_environment(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(works) as named, RawServer(works) as from_environment:
        monkeypatch.setenv("FLUE_BASE_URL", from_environment.url + "/env")
        any_world.client().workflows.invoke("w")
        any_world.client(named.url).workflows.invoke("w")
    assert [request.target for request in from_environment.requests] == ["/env/workflows/w"]
    assert [request.target for request in named.requests] == ["/workflows/w"]


KEPT = [
    ("", ""),
    ("/", ""),
    ("/api", "/api"),
    ("/api/", "/api"),
    ("/a/b/", "/a/b"),
    ("/%2F/x", "/%2F/x"),
    ("/a b", "/a%20b"),
    ("/\u00fc", "/%C3%BC"),
]


@pytest.mark.parametrize(("path", "prefix"), KEPT)
def test_the_mount_prefix_is_kept(any_world: World, path: str, prefix: str) -> None:
    with RawServer(works) as server:
        client = any_world.client(server.url + path)
        assert client.base_url == server.url + prefix
        client.workflows.invoke("w", wait="result")
        client.runs.get("run_1")
    assert [request.target for request in server.requests] == [
        f"{prefix}/workflows/w?wait=result",
        f"{prefix}/runs/run_1?meta=",
    ]


def test_a_host_name_and_capital_letters_work(any_world: World) -> None:
    with RawServer(works) as server:
        client = any_world.client(f"HTTP://LocalHost:{server.port}/Api")
        client.workflows.invoke("w")
    assert server.requests[0].target == "/Api/workflows/w"
