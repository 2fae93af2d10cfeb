"""The names of hosts, from the URL to the socket."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from flue_client_ext import FlueConnectionError
from flue_client_ext._http.address import base_address
from tests.servers.raw import RawServer
from tests.unary.support import NEVER_AGAIN, failure, works
from tests.worlds import World


@pytest.mark.parametrize(
    ("url", "host", "origin"),
    [
        ("https://flue.example.", "flue.example.", "https://flue.example."),
        ("https://flue.example.:8443/x", "flue.example.", "https://flue.example.:8443/x"),
        ("https://FLUE.Example./", "flue.example.", "https://flue.example."),
        ("https://B\xfccher.example./", "xn--bcher-kva.example.", "https://xn--bcher-kva.example."),
        ("http://[fe80::1%25eth0]:1/", "fe80::1%eth0", "http://[fe80::1%25eth0]:1"),
        ("http://[::1]/", "::1", "http://[::1]"),
    ],
)
def test_a_URLs_host_is_what_is_looked_up(url: str, host: str, origin: str) -> None:
    address = base_address(url, None, own_client=False)
    assert (address.route.host, address.url) == (host, origin)


@pytest.mark.parametrize(
    "host", ["a..b", "a..", "..", ".a", "x" * 64 + ".test", "a." * 127 + "test", "A..B", "%20.x"]
)
def test_a_name_that_DNS_cannot_hold_is_refused_before_any_IO(any_world: World, host: str) -> None:
    error = failure(any_world.client, f"http://{host}/api")
    assert type(error) is ValueError
    assert "base_url" in str(error)


@pytest.mark.parametrize(
    "host", ["127.0.0.1.", "localhost.", "LOCALHOST.", "localhost", "LocalHost"]
)
def test_a_certificate_is_verified_for_the_name_without_its_dot(
    any_world: World, host: str
) -> None:
    with RawServer(works, tls=True) as server:
        client = any_world.client(
            f"https://{host}:{server.port}", ssl_context=server.client_context()
        )
        assert client.workflows.invoke("w", input=1, wait="result").result == 1
        assert server.requests[0].headers["host"] == f"{host.lower()}:{server.port}"


def test_a_name_that_is_not_found_is_looked_up_again(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    real = socket.getaddrinfo

    def one_time_down(host: Any, *rest: Any, **options: Any) -> Any:
        if host == "flue.test" and not asked:
            asked.append(host)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real("127.0.0.1" if host == "flue.test" else host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", one_time_down)
    with RawServer(works) as server:
        client = any_world.client(f"http://flue.test:{server.port}")
        assert client.workflows.invoke("w").run_id == "run_1"
    assert asked == ["flue.test"]


def test_a_name_that_does_not_exist_is_named(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    client = any_world.client("http://flue.test")
    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    error = failure(client.runs.get, "r", backoff_options=NEVER_AGAIN)
    assert type(error) is FlueConnectionError
    assert error.cause is not None
    assert "flue.test" in error.cause
