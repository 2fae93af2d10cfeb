"""The requests of one connection as bytes, whatever the one before had in its headers."""

from __future__ import annotations

import h11
import pytest
from attrs import evolve

from flue_client_ext._http.http11 import Connection
from flue_client_ext._http.route import Proxy
from flue_client_ext._values.http import Request

from .connection import GET, POST, Wire, exchange, route

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
BEARER = Request("GET", "http://server.test/a", {"accept": "*/*", "authorization": "Bearer one"})
REQUESTS = [
    GET,
    GET,
    evolve(GET, url="http://server.test/a?b=2"),
    BEARER,
    evolve(BEARER, headers={"accept": "*/*", "authorization": "Bearer two"}),
    POST,
    evolve(POST, body=b"{}"),
    evolve(POST, body=None),
    evolve(POST, method="GET", body=None, url="http://server.test"),
    GET,
]
ROUTES = {
    "to the server": route(),
    "through a proxy": route(proxy=Proxy("proxy.test", 3128, False, "Basic eA==")),
}


def _sent(http: Connection, request: Request) -> bytes:
    wire = Wire([ANSWER])
    exchange(wire, http, request)
    return wire.sent


@pytest.mark.parametrize("way", ROUTES)
def test_a_request_is_the_same_on_a_used_connection_as_on_a_new_one(way: str) -> None:
    used = Connection(ROUTES[way])
    for request in REQUESTS:
        assert _sent(used, request) == _sent(Connection(ROUTES[way]), request)
    assert used.used


@pytest.mark.parametrize(
    "refused",
    [
        evolve(BEARER, headers={**BEARER.headers, "authorization": "Bearer one\r\nx: y"}),
        evolve(BEARER, headers={**BEARER.headers, "x y": "z"}),
        evolve(BEARER, url="http://server.test/a HTTP/1.1\r\nx:"),
        evolve(BEARER, method="GET /x"),
    ],
    ids=["value", "name", "target", "method"],
)
def test_a_used_connection_refuses_what_would_inject_a_header(refused: Request) -> None:
    http, wire = Connection(route()), Wire([ANSWER])
    _sent(http, BEARER)
    for _ in range(2):
        with pytest.raises(h11.LocalProtocolError):
            exchange(wire, http, refused)
    assert not wire.sent
