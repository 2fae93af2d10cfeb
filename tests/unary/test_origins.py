"""Credentials go to the configured origin only; a redirect is an error that names its target."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from flue_client_ext import FlueApiError
from tests.servers.raw import RawServer
from tests.unary.support import QUICK, api_error, borrowed, failure, says, works
from tests.worlds import World

MOVED = [301, 302, 303, 307, 308]


@pytest.fixture(params=["own sockets", "http_client"])
def client_of(request: pytest.FixtureRequest, any_world: World) -> Iterator[Any]:
    """Make clients whose http_client, if any, would follow redirects by itself."""
    with borrowed(any_world, follow_redirects=True) as http_client:
        own = {"http_client": http_client} if request.param == "http_client" else {}
        yield lambda url, **options: any_world.client(url, **options, **own)


@pytest.mark.parametrize("status", MOVED)
def test_no_redirect_to_another_origin_is_followed(client_of: Any, status: int) -> None:
    with RawServer(works) as other:
        target = f"{other.url}/elsewhere?signature=s3cr3t"
        with RawServer(says(status, b"", {"location": target})) as server:
            client = client_of(server.url, token="t", headers={"X-Key": "k"})
            for call in (
                lambda: client.workflows.invoke("w", input=1),
                lambda: client.workflows.invoke("w", wait="result"),
                lambda: client.runs.get("run_1", backoff_options=QUICK),
                lambda: client.runs.events("run_1"),
            ):
                error = failure(call)
                assert isinstance(error, FlueApiError)
                assert (error.status, error.retryable) == (status, False)
                assert other.url in error.message
                assert "s3cr3t" not in repr(error) + repr(vars(error))
            assert len(server.requests) == 4
        assert other.accepted == 0


@pytest.mark.parametrize("location", ["/elsewhere", "elsewhere", "?x=1", "//[::1", "", "\xff"])
def test_a_redirect_within_the_server_or_without_a_target_is_an_error_too(
    any_world: World, location: str
) -> None:
    with RawServer(says(307, b"", {"location": location})) as server:
        error = api_error(any_world.client(server.url).workflows.invoke, "w")
        assert (type(error), error.status) == (FlueApiError, 307)
        assert len(server.requests) == 1


def test_a_redirect_without_location_is_an_error(client_of: Any) -> None:
    with RawServer(says(302)) as server:
        assert api_error(client_of(server.url).workflows.invoke, "w").status == 302


@pytest.mark.parametrize("run_id", ["http://{other}/x", "//{other}/x", "@{other}", "..\\{other}"])
def test_no_run_id_leads_to_another_origin(client_of: Any, run_id: str) -> None:
    with RawServer(works) as other, RawServer(works) as server:
        client = client_of(server.url, token="t")
        address = run_id.format(other=other.url.removeprefix("http://"))
        client.workflows.invoke(address)
        client.runs.get(address)
        assert (len(server.requests), other.accepted) == (2, 0)


def test_the_users_base_url_and_parameters_do_not_bend_the_request(any_world: World) -> None:
    with (
        RawServer(works) as other,
        RawServer(works) as server,
        borrowed(any_world, base_url=other.url + "/theirs") as http_client,
    ):
        any_world.client(server.url, http_client=http_client).workflows.invoke("w")
        assert [request.target for request in server.requests] == ["/workflows/w"]
        assert other.accepted == 0


def test_cookies_are_not_kept(any_world: World) -> None:
    def baker(request: Any, connection: Any) -> None:
        connection.json(202, {"runId": "run_1"}, [("set-cookie", "session=tracked; Path=/")])

    with RawServer(baker) as server:
        client = any_world.client(server.url)
        for _ in range(3):
            client.workflows.invoke("w")
        assert [request.headers.get("cookie") for request in server.requests] == [None] * 3


def test_a_client_of_the_users_own_keeps_cookies_as_it_does_without_us(any_world: World) -> None:
    def baker(_: Any, connection: Any) -> None:
        connection.json(202, {"runId": "run_1"}, [("set-cookie", "session=kept; Path=/")])

    with RawServer(baker) as server, borrowed(any_world) as http_client:
        client = any_world.client(server.url, http_client=http_client)
        client.workflows.invoke("w")
        client.workflows.invoke("w")
        client.with_options(headers={"Cookie": "own=1"}).workflows.invoke("w")
        cookies = [request.headers.get("cookie") for request in server.requests]
        assert cookies == [None, "session=kept", "own=1"]


def test_a_mock_transport_of_the_users_own_answers(any_world: World) -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.method == "POST":
            return httpx.Response(202, json={"runId": "run_1"})
        return httpx.Response(503 if len(seen) < 4 else 200, json={"runId": "run_1"})

    with borrowed(any_world, transport=httpx.MockTransport(handler)) as http_client:
        client = any_world.client("https://flue.test/api", http_client=http_client, token="t")
        assert client.workflows.invoke("w", input=None).run_id == "run_1"
        assert client.runs.get("run_1", backoff_options=QUICK).run_id == "run_1"
    assert [str(request.url) for request in seen] == [
        "https://flue.test/api/workflows/w",
        *["https://flue.test/api/runs/run_1?meta="] * 3,
    ]
    assert seen[0].content == b"null"
    assert {request.headers["authorization"] for request in seen} == {"Bearer t"}
