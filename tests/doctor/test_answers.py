"""What responses say of the way, whatever answers: access, gateways, coding, caches, clocks."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest

from flue_client_ext.testing import LocalFlue
from tests.servers.connection import Connection, Request
from tests.servers.raw import RawServer
from tests.servers.reverse import ReverseProxy
from tests.unary.support import says

from .conftest import Served
from .support import only, report, the_wrong, wrong

TYPE = {"content-type": "application/json"}
NOT_FOUND = b'{"error":{"type":"run_not_found","message":"m","details":"d"}}'


def redirects(to: str, status: int = 308) -> Any:
    """A handler that redirects to `to`, in which `{path}` is the path that was asked for."""

    def handler(request: Request, connection: Connection) -> None:
        path = request.target.partition("?")[0]
        connection.answer(status, b"", {"location": to.format(path=path)})

    return handler


@pytest.mark.parametrize(
    ("to", "better"),
    [
        ("https://flue.test{path}?canary=1", "https://flue.test/api"),
        ("https://user:canary@flue.test:8443{path}#canary", "https://flue.test:8443/api"),
        ("https://[::1]:8443{path}/", "https://[::1]:8443/api"),
        ("/v2{path}/", "{origin}/v2/api"),
        ("https://sso.test/sign-in?next={path}", None),
        ("http://[", None),
    ],
)
def test_a_redirect_and_the_base_url_that_it_asks_for(to: str, better: str | None) -> None:
    with RawServer(redirects(to)) as server:
        found = the_wrong(f"{server.url}/api", "redirect")
        expected = better and better.format(origin=server.url)
        assert found.facts == {"status": 308, "base_url": expected}
        assert "canary" not in repr(found)
        assert not better or str(expected) in found.advice


@pytest.mark.parametrize("given", [None, "canary"])
@pytest.mark.parametrize(("status", "code"), [(401, "unauthorized"), (403, "forbidden")])
def test_a_server_that_wants_other_credentials(status: int, code: str, given: str | None) -> None:
    challenge = {"www-authenticate": 'Bearer realm="canary"'}
    with RawServer(says(status, b'"canary"', challenge)) as server:
        found = the_wrong(server.url, code, token=given)
        assert found.facts == {
            "status": status,
            "scheme": "Bearer",
            "credentials_sent": given is not None,
        }
        assert "canary" not in repr(found)
        assert len(server.requests) == 1
        assert wrong(report(server.url, token=given, agent="a")) == [code]


def test_headers_are_credentials_too() -> None:
    with RawServer(says(401)) as server:
        headers = {"x-key": "k"}
        assert the_wrong(server.url, "unauthorized", headers=headers).facts["credentials_sent"]


def test_the_token_of_a_local_server() -> None:
    server = LocalFlue(token="right")
    with server.run() as url:
        assert not the_wrong(url, "unauthorized").facts["credentials_sent"]
        assert the_wrong(url, "unauthorized", token="wrong").facts["credentials_sent"]
        assert report(url, token="right").healthy


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (429, b"", "rate_limited"),
        (502, b"<html>", "unavailable"),
        (503, b"", "unavailable"),
        (500, b"<html>", "server_error"),
        (500, b'{"error":{"type":"internal_error","message":"m"}}', "server_error"),
    ],
)
def test_a_server_that_fails_or_a_gateway_for_it(status: int, body: bytes, code: str) -> None:
    with RawServer(says(status, body)) as server:
        assert the_wrong(server.url, code).facts["status"] == status


def test_a_server_that_keeps_no_runs() -> None:
    body = b'{"error":{"type":"run_store_unavailable","message":"m","details":"d"}}'
    with RawServer(says(501, body)) as server:
        the_wrong(server.url, "no_run_store")


def test_a_proxy_that_compresses_responses(workflows: Served) -> None:
    with ReverseProxy(workflows.url, compresses=True) as proxy:
        found = the_wrong(proxy.url, "compressed")
        assert found.facts == {"coding": "gzip", "content_type": "application/json"}


def test_a_cache_in_front_of_the_server(workflows: Served) -> None:
    with ReverseProxy(workflows.url, adds=[("age", "30")]) as proxy:
        assert the_wrong(proxy.url, "cached").facts == {"age": "30"}


def test_a_proxy_whose_responses_have_no_length(workflows: Served) -> None:
    with ReverseProxy(workflows.url, unframed=True) as proxy:
        the_wrong(proxy.url, "close_delimited")


def cut(request: Request, connection: Connection) -> None:
    connection.head(404, {**TYPE, "content-length": "500"})
    connection.send(NOT_FOUND[:20])
    connection.close()


def test_a_response_that_breaks_off() -> None:
    with RawServer(cut) as server:
        assert the_wrong(server.url, "answer_cut").facts == {"status": 404}


@pytest.mark.parametrize("ahead", [-3600, 3600])
def test_a_clock_that_shows_another_time(ahead: int, workflows: Served) -> None:
    date = formatdate(time.time() - ahead, usegmt=True)
    with ReverseProxy(workflows.url, strips=["date"], adds=[("date", date)]) as proxy:
        found = the_wrong(proxy.url, "clock_skew")
        assert abs(found.facts["seconds"] - ahead) < 60


@pytest.mark.parametrize("date", ["", "yesterday", "now"])
def test_a_date_that_says_nothing_of_the_clock(date: str, workflows: Served) -> None:
    adds = [("date", formatdate(usegmt=True) if date == "now" else date)] if date else []
    with ReverseProxy(workflows.url, strips=["date"], adds=adds) as proxy:
        assert wrong(report(proxy.url)) == []


def test_an_old_date_of_a_cache_is_no_skew(workflows: Served) -> None:
    date = formatdate(time.time() - 3600, usegmt=True)
    adds = [("date", date), ("age", "3600")]
    with ReverseProxy(workflows.url, strips=["date"], adds=adds) as proxy:
        assert only(report(proxy.url), "cached")
        assert wrong(report(proxy.url)) == ["cached"]
