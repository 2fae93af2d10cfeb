"""What a host's name is for: the look-up, the Host header, and TLS."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
import trustme
from attrs import evolve

from flue_client_ext._http.host import address_of, bare
from flue_client_ext._http.http11 import Connection
from flue_client_ext._http.route import Proxy
from flue_client_ext._http.tcp import literal

from .connection import GET, TlsPeer, Wire, exchange, route, trusting

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("flue.example", "flue.example"),
        ("flue.example.", "flue.example"),
        ("xn--bcher-kva.example.", "xn--bcher-kva.example"),
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.1.", "10.0.0.1"),
        ("::1", "::1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_TLS_requests_a_name_without_dot_and_zone(host: str, name: str) -> None:
    assert bare(host) == name


@pytest.mark.parametrize(
    ("host", "issued"),
    [
        ("server.test.", "server.test"),
        ("10.0.0.1.", "10.0.0.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("xn--bcher-kva.example.", "b\xfccher.example"),
    ],
)
def test_the_dot_and_the_zone_belong_to_the_look_up(
    host: str, issued: str, authority: trustme.CA
) -> None:
    peer = TlsPeer([ANSWER], authority, issued, size=1 << 16)
    to_server = route(tls=True, host=host, context=lambda: trusting(authority))
    assert exchange(peer, Connection(to_server))[1] == b"hello"
    assert peer.connects == [(host, 443)]


def test_the_name_of_a_proxy_that_speaks_TLS_has_no_dot_either(authority: trustme.CA) -> None:
    peer = TlsPeer([ANSWER], authority, "proxy.test", size=1 << 16)
    proxy = Proxy("proxy.test.", 443, tls=True, authorization=None)
    to_server = route(proxy=proxy, context=lambda: trusting(authority))
    assert exchange(peer, Connection(to_server))[1] == b"hello"
    assert peer.connects == [("proxy.test.", 443)]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://server.test./a", "server.test."),
        ("http://server.test.:8080/a", "server.test.:8080"),
        ("http://[fe80::1%25eth0]/a", "[fe80::1]"),
        ("http://[fe80::1%25eth0]:8080/a", "[fe80::1]:8080"),
        ("http://[::1]:8080/a", "[::1]:8080"),
    ],
)
@pytest.mark.parametrize("proxied", [False, True])
def test_the_Host_header_has_the_dot_and_no_zone(url: str, host: str, proxied: bool) -> None:
    wire = Wire([ANSWER])
    proxy = Proxy("proxy.test", 3128, tls=False, authorization=None) if proxied else None
    exchange(wire, Connection(route(proxy=proxy)), evolve(GET, url=url))
    target = f"http://{host}/a" if proxied else "/a"
    assert wire.sent.startswith(f"GET {target} HTTP/1.1\r\nhost: {host}\r\n".encode())


def test_a_tunnel_is_asked_for_without_a_zone() -> None:
    to_server = route(tls=True, host="fe80::1%eth0")
    assert to_server.authority == "[fe80::1]:443"
    assert route(tls=True, host="server.test.").authority == "server.test.:443"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.1.", "10.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.1.", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("127.1.example", None),
        ("256.0.0.1", None),
        ("server.test", None),
    ],
)
def test_an_address_needs_no_look_up_in_any_notation(host: str, address: str | None) -> None:
    found = literal(host, 80)
    assert (found and found[0][4][0]) == address
    assert address_of(host) == (address and ip_address(address))


def test_an_address_is_read_without_its_zone() -> None:
    assert str(address_of("fe80::1%eth0")) == "fe80::1"
