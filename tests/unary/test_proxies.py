"""The environment's proxies, with a real proxy between a real client and a real server."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from flue_client_ext import AsyncFlueClient, FlueApiError, FlueClient, FlueConnectionError
from tests.servers.flue import FlueServer
from tests.servers.raw import RawServer
from tests.unary.forward_proxy import ForwardProxy
from tests.unary.support import NEVER_AGAIN, borrowed, chain, failure, spoken, works
from tests.worlds import World

PASSWORD = "p:w@ secret"
USER_AND_PASSWORD = "us%40er:p%3Aw%40%20secret"
AUTHORIZATION = "Basic " + base64.b64encode(f"us@er:{PASSWORD}".encode()).decode()


def trusted(server: RawServer, folder: Path) -> str:
    """Write the certificate of the server's authority to a file; return its path."""
    assert server._authority is not None
    path = folder / "authority.pem"
    server._authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_http_goes_through_the_environments_proxy(
    any_world: World, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with RawServer(works) as server, ForwardProxy() as proxy:
        monkeypatch.setenv(variable, proxy.url)
        client = any_world.client(server.url, token="t")
        assert client.workflows.invoke("w", input=1, wait="result").result == 1
        assert client.runs.get("run_1").status == "completed"
        assert [request.target for request in proxy.requests] == [
            f"{server.url}/workflows/w?wait=result",
            f"{server.url}/runs/run_1?meta=",
        ]
        assert [request.headers["via"] for request in server.requests] == ["1.1 test"] * 2
        assert server.requests[0].headers["host"] == server.url.removeprefix("http://")


@pytest.mark.usefixtures("kept_connections")
def test_https_goes_through_a_tunnel_that_sees_no_credential(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(works, tls=True) as server, ForwardProxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        client = any_world.client(server.url, token="t", ssl_context=server.client_context())
        for _ in range(3):
            client.workflows.invoke("w")
        (connect,) = proxy.requests
        assert (connect.method, connect.target) == ("CONNECT", f"127.0.0.1:{server.port}")
        assert "authorization" not in connect.headers
        assert [r.headers["authorization"] for r in server.requests] == ["Bearer t"] * 3
        assert (server.accepted, proxy.accepted) == (1, 1)


def test_the_genuine_server_is_reached_through_a_proxy(
    any_world: World, genuine: FlueServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ForwardProxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        client = any_world.client(genuine.url)
        assert client.workflows.invoke("echo", input=7, wait="result").result == 7
        assert len(proxy.requests) == 1


@pytest.mark.parametrize("tls", [False, True])
def test_the_proxys_user_and_password_are_for_the_proxy_alone(
    any_world: World, monkeypatch: pytest.MonkeyPatch, tls: bool
) -> None:
    with RawServer(works, tls=tls) as server, ForwardProxy(authorization=AUTHORIZATION) as proxy:
        own = proxy.url.replace("://", f"://{USER_AND_PASSWORD}@")
        monkeypatch.setenv("HTTPS_PROXY" if tls else "HTTP_PROXY", own)
        context = server.client_context() if tls else None
        client = any_world.client(server.url, ssl_context=context)
        client.workflows.invoke("w")
        assert "proxy-authorization" not in server.requests[0].headers
        assert PASSWORD not in repr(client) + repr(getattr(client, "real", client).__dict__)


@pytest.mark.usefixtures("hasty_retries")
@pytest.mark.parametrize("tls", [False, True])
def test_a_proxy_that_refuses_is_a_clear_error_that_shows_no_password(
    any_world: World, monkeypatch: pytest.MonkeyPatch, tls: bool
) -> None:
    with RawServer(works, tls=tls) as server, ForwardProxy(authorization="other") as proxy:
        own = proxy.url.replace("://", f"://{USER_AND_PASSWORD}@")
        monkeypatch.setenv("HTTPS_PROXY" if tls else "HTTP_PROXY", own)
        context = server.client_context() if tls else None
        client = any_world.client(server.url, ssl_context=context)
        error = failure(client.workflows.invoke, "w")
        assert type(error) is (FlueConnectionError if tls else FlueApiError)
        assert "407" in str(error)
        for secret in (PASSWORD, USER_AND_PASSWORD, AUTHORIZATION):
            assert secret not in spoken(error)
        assert server.accepted == 0


@pytest.mark.parametrize(
    "exempt",
    [
        "127.0.0.1",
        "*",
        "localhost, 127.0.0.1",
        "127.0.0.1:{port}",
        "example,127.0.0.1",
        "127.0.0.0/8",
        "10.0.0.0/8 127.0.0.1",
    ],
)
def test_no_proxy_exempts_a_host(
    any_world: World, monkeypatch: pytest.MonkeyPatch, exempt: str
) -> None:
    with RawServer(works) as server, ForwardProxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", exempt.format(port=server.port))
        any_world.client(server.url).workflows.invoke("w")
        assert (proxy.accepted, len(server.requests)) == (0, 1)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001"])
def test_no_proxy_exempts_an_address_in_every_notation(
    any_world: World, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    with RawServer(works) as server, ForwardProxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
        any_world.client(f"http://{host}:{server.port}", token="t").workflows.invoke("w")
        assert (proxy.accepted, len(server.requests)) == (0, 1)


def test_no_proxy_for_others_exempts_nobody_else(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(works) as server, ForwardProxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "example.com,10.0.0.1,127.0.0.1:1")
        any_world.client(server.url).workflows.invoke("w")
        assert len(proxy.requests) == 1


def test_a_proxy_may_use_tls_itself(
    any_world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with RawServer(works) as server, ForwardProxy(tls=True) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("SSL_CERT_FILE", trusted(proxy, tmp_path))
        any_world.client(server.url).workflows.invoke("w")
        assert len(proxy.requests) == len(server.requests) == 1


@pytest.mark.usefixtures("kept_connections")
def test_a_tls_proxy_tunnels_tls(any_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        RawServer(works, tls=True) as server,
        ForwardProxy(tls=True, authorization=AUTHORIZATION) as proxy,
    ):
        assert proxy._authority is not None
        context = server.client_context()
        proxy._authority.configure_trust(context)
        own = proxy.url.replace("://", f"://{USER_AND_PASSWORD}@")
        monkeypatch.setenv("HTTPS_PROXY", own)
        client = any_world.client(server.url, token="t", ssl_context=context)
        for size in (1, 1_000_000):
            value = "x" * size
            assert client.workflows.invoke("w", input=value, wait="result").result == value
        assert [request.method for request in proxy.requests] == ["CONNECT"]
        assert "authorization" not in proxy.requests[0].headers
        assert (server.accepted, proxy.accepted) == (1, 1)


@pytest.mark.parametrize("stranger", ["proxy", "server"])
def test_both_certificates_of_a_tunnel_in_tls_are_verified(
    any_world: World, monkeypatch: pytest.MonkeyPatch, stranger: str
) -> None:
    with RawServer(works, tls=True) as server, ForwardProxy(tls=True) as proxy:
        known = server if stranger == "proxy" else proxy
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        client = any_world.client(server.url, ssl_context=known.client_context())
        error = failure(client.workflows.invoke, "w")
        assert type(error) is FlueConnectionError
        assert "CERTIFICATE_VERIFY_FAILED" in str(error)
        assert (len(proxy.requests), len(server.requests)) == (int(stranger == "server"), 0)


def test_proxy_and_certificate_file_work_together(
    any_world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with RawServer(works, tls=True) as server, ForwardProxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("SSL_CERT_FILE", trusted(server, tmp_path))
        client = any_world.client(f"https://localhost:{server.port}")
        client.workflows.invoke("w")
        assert proxy.requests[0].target == f"localhost:{server.port}"


def test_a_certificate_file_is_trusted_and_other_servers_are_not(
    any_world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with RawServer(works, tls=True) as server, RawServer(works, tls=True) as stranger:
        monkeypatch.setenv("SSL_CERT_FILE", trusted(server, tmp_path))
        assert any_world.client(server.url).workflows.invoke("w").run_id == "run_1"
        error = failure(any_world.client(stranger.url, token="t").workflows.invoke, "w")
        assert type(error) is FlueConnectionError
        assert (stranger.accepted, len(stranger.requests)) == (1, 0)


def test_a_certificate_for_another_name_is_refused(any_world: World) -> None:
    with RawServer(works, tls=True) as server:
        context = server.client_context()
        named = any_world.client(f"https://localhost:{server.port}", ssl_context=context)
        assert named.workflows.invoke("w").run_id == "run_1"
        other = any_world.client(f"https://127.0.0.2:{server.port}", ssl_context=context)
        error = failure(other.runs.get, "run_1", backoff_options=NEVER_AGAIN)
        assert type(error) is FlueConnectionError
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5://user:{secret}@127.0.0.1:1080",
        "ftp://user:{secret}@127.0.0.1",
        "http://user:{secret}/x@127.0.0.1:1",
        "http://user:{secret}@:1",
        "http://user:{secret}@h:99999",
    ],
)
@pytest.mark.parametrize("kind", [FlueClient, AsyncFlueClient])
def test_an_unusable_proxy_is_refused_without_its_password(
    kind: Any, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy.format(secret="s3cr3t"))
    error = failure(kind, "https://flue.example")
    assert type(error) is ValueError
    assert "s3cr3t" not in spoken(error)
    assert all(not type(link).__module__.startswith("httpx") for link in chain(error))


def test_a_client_of_the_users_own_decides_about_proxies_itself(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(works) as server, ForwardProxy() as from_environment, ForwardProxy() as own:
        monkeypatch.setenv("HTTP_PROXY", from_environment.url)
        with borrowed(any_world, proxy=own.url) as http_client:
            any_world.client(server.url, http_client=http_client).workflows.invoke("w")
        assert (from_environment.accepted, len(own.requests)) == (0, 1)


@pytest.mark.usefixtures("hasty_retries")
def test_a_proxy_that_does_not_answer_is_named_without_its_password(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{USER_AND_PASSWORD}@127.0.0.1:1")
    error = failure(any_world.client("http://flue.test").workflows.invoke, "w")
    assert type(error) is FlueConnectionError
    assert "through the proxy 127.0.0.1:1, from HTTP_PROXY" in str(error)
    assert PASSWORD not in spoken(error)
