"""Proxies, tunnels, and TLS over memory, with ciphertext in pieces of every size."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from itertools import count

import pytest
import trustme
from attrs import evolve

from flue_client_ext._http.failures import failure_of
from flue_client_ext._http.http11 import Connection
from flue_client_ext._http.operations import HttpCut
from flue_client_ext._http.route import Proxy

from .connection import (
    CLOSE_NOTIFY,
    DAMAGE,
    GET,
    TlsPeer,
    Wire,
    exchange,
    route,
    single_bytes,
    trusting,
)

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
TUNNEL = b"HTTP/1.1 200 Connection established\r\n\r\n"
PROXY = Proxy("proxy.test", 3128, tls=False, authorization="Basic c2VjcmV0")
SECURE = evolve(GET, url="https://server.test/a?b=1")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_a_plain_request_through_a_proxy_names_the_whole_URL() -> None:
    wire = Wire([ANSWER])
    exchange(wire, Connection(route(proxy=PROXY)))
    assert wire.connects == [("proxy.test", 3128)]
    assert wire.sent.startswith(b"GET http://server.test/a?b=1 HTTP/1.1\r\nhost: server.test\r\n")
    assert b"proxy-authorization: Basic c2VjcmV0\r\n" in wire.sent


def test_a_request_to_a_port_of_its_own_says_so_in_its_host_header() -> None:
    wire = Wire([ANSWER])
    exchange(wire, Connection(route()), evolve(GET, url="http://[::1]:8080"))
    assert wire.sent.startswith(b"GET / HTTP/1.1\r\nhost: [::1]:8080\r\n")


class ThroughProxy(TlsPeer):
    """A proxy that opens its tunnel to the TLS peer once it was asked."""

    def __init__(self, answer: list[bytes], peer: TlsPeer) -> None:
        Wire.__init__(self, answer)
        self.peer = peer
        self.asked = b""

    def take(self, data: bytes) -> None:
        if b"\r\n\r\n" in self.asked:
            self.peer.take(data)
        else:
            self.asked += data

    def give(self) -> bytes:
        return next(self.chunks, None) or self.peer.give()


@pytest.mark.parametrize("pieces", [[TUNNEL], single_bytes(TUNNEL)])
def test_TLS_goes_through_a_tunnel_that_does_not_see_the_request(
    pieces: list[bytes], authority: trustme.CA
) -> None:
    peer = TlsPeer([ANSWER], authority, "server.test", size=1000)
    proxy = ThroughProxy(pieces, peer)
    to_server = route(tls=True, proxy=PROXY, context=lambda: trusting(authority))
    _, body = exchange(proxy, Connection(to_server), SECURE)
    assert body == b"hello"
    assert proxy.connects == [("proxy.test", 3128)]
    assert proxy.asked.startswith(b"CONNECT server.test:443 HTTP/1.1\r\nhost: server.test:443\r\n")
    assert b"proxy-authorization: Basic c2VjcmV0\r\n" in proxy.asked
    assert peer.sent.startswith(b"GET /a?b=1 HTTP/1.1\r\n")
    assert b"proxy-authorization" not in peer.sent


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 502 Bad Gateway\r\n\r\nno way",
        b"not HTTP\r\n\r\n",
        TUNNEL[:-2],
        b"",
    ],
)
def test_a_refused_tunnel_is_a_cut_before_the_request_was_sent(answer: bytes) -> None:
    http = Connection(route(tls=True, proxy=PROXY))
    with pytest.raises(HttpCut) as caught:
        exchange(Wire([answer]), http, SECURE)
    assert not http.sent
    assert "c2VjcmV0" not in str(caught.value)


def test_an_IPv6_server_is_named_in_brackets_in_a_tunnel() -> None:
    wire = Wire([])
    with pytest.raises(HttpCut):
        exchange(wire, Connection(route(tls=True, proxy=PROXY, host="2001:db8::1")), SECURE)
    assert wire.sent.startswith(b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\n")


def test_a_plain_request_goes_to_a_TLS_proxy_inside_TLS(authority: trustme.CA) -> None:
    peer = TlsPeer([ANSWER], authority, "proxy.test", size=1 << 16)
    to_server = route(proxy=evolve(PROXY, tls=True), context=lambda: trusting(authority))
    assert exchange(peer, Connection(to_server))[1] == b"hello"
    assert peer.sent.startswith(b"GET http://server.test/a?b=1 ")


@pytest.mark.parametrize("size", [1, 2, 7, 100, 1 << 20])
def test_TLS_carries_an_exchange_whatever_the_size_of_the_pieces(
    size: int, authority: trustme.CA
) -> None:
    big = bytes(range(256)) * 2000
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked += b"%x\r\n" % len(big) + big + b"\r\n0\r\n\r\n"
    raw = chunked if size > 2 else ANSWER
    peer = TlsPeer([raw[:40], raw[40:], ANSWER], authority, "server.test", size)
    http = Connection(route(tls=True, context=lambda: trusting(authority)))
    assert exchange(peer, http, SECURE)[1] == (big if size > 2 else b"hello")
    assert exchange(peer, http, SECURE)[1] == b"hello"
    assert peer.connects == [("server.test", 443)]
    assert peer.sent.count(b"GET /a?b=1 HTTP/1.1\r\n") == 2


def test_a_certificate_for_another_name_is_refused_with_an_alert(
    authority: trustme.CA,
) -> None:
    peer = TlsPeer([ANSWER], authority, "other.test", size=1 << 16)
    http = Connection(route(tls=True, context=lambda: trusting(authority)))
    with pytest.raises(ssl.SSLCertVerificationError):
        exchange(peer, http, SECURE)
    assert not http.sent
    assert peer.alert


def test_a_certificate_of_an_unknown_authority_is_refused(authority: trustme.CA) -> None:
    peer = TlsPeer([ANSWER], authority, "server.test", size=1 << 16)
    http = Connection(route(tls=True, context=lambda: trusting(trustme.CA())))
    with pytest.raises(ssl.SSLCertVerificationError):
        exchange(peer, http, SECURE)
    assert not http.sent


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x01\x00"])
def test_a_handshake_that_is_cut_or_not_TLS_fails_as_a_socket_does(
    raw: bytes, authority: trustme.CA
) -> None:
    http = Connection(route(tls=True, context=lambda: trusting(authority)))
    with pytest.raises((OSError, HttpCut)):
        exchange(Wire([raw] if raw else []), http, SECURE)
    assert not http.sent


class CutPeer(TlsPeer):
    """A TLS server whose ciphertext ends after so many pieces."""

    def __init__(self, pieces: int, authority: trustme.CA) -> None:
        super().__init__([ANSWER], authority, "server.test", size=64)
        self.pieces = iter(range(pieces))

    def give(self) -> bytes:
        return b"" if next(self.pieces, None) is None else super().give()


def ciphertexts(authority: trustme.CA) -> Iterator[tuple[CutPeer, Connection]]:
    for pieces in count():
        http = Connection(route(tls=True, context=lambda: trusting(authority)))
        yield CutPeer(pieces, authority), http


def test_ciphertext_that_is_cut_anywhere_is_a_cut_or_an_error_of_the_socket(
    authority: trustme.CA,
) -> None:
    whole = 0
    for pieces, (peer, http) in enumerate(ciphertexts(authority)):
        try:
            assert exchange(peer, http, SECURE)[1] == b"hello"
        except (HttpCut, OSError):
            assert not http.reusable
            continue
        whole = pieces
        break
    assert whole > 10


def test_a_close_notify_within_a_body_that_has_a_length_is_a_cut(authority: trustme.CA) -> None:
    peer = TlsPeer([ANSWER[:-2], CLOSE_NOTIFY], authority, "server.test", size=1 << 16)
    with pytest.raises(HttpCut):
        exchange(peer, Connection(route(tls=True, context=lambda: trusting(authority))), SECURE)


def test_a_close_notify_ends_a_body_while_the_socket_stays_open(
    authority: trustme.CA,
) -> None:
    class StaysOpen(TlsPeer):
        def give(self) -> bytes:
            given = super().give()
            assert given, "it waits for the end of the socket, which does not come"
            return given

    raw = b"HTTP/1.1 200 OK\r\n\r\nhello"
    peer = StaysOpen([raw, CLOSE_NOTIFY], authority, "server.test", size=1 << 16)
    http = Connection(route(tls=True, context=lambda: trusting(authority)))
    head, body = exchange(peer, http, SECURE)
    assert (body, head.close_delimited, http.reusable) == (b"hello", True, False)


@pytest.mark.parametrize("end", [b"", CLOSE_NOTIFY], ids=["without", "with"])
@pytest.mark.parametrize(
    ("head", "body", "needs_it"),
    [
        (b"\r\n", b"hello", True),
        (b"\r\n", b"", True),
        (b"content-length: 5\r\n\r\n", b"hello", False),
        (b"transfer-encoding: chunked\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", False),
    ],
)
def test_a_body_without_length_is_whole_only_with_a_close_notify(
    authority: trustme.CA, head: bytes, body: bytes, needs_it: bool, end: bytes
) -> None:
    """RFC 9112 section 9.8: anybody on the way can end the TCP connection."""
    raw = [b"HTTP/1.1 200 OK\r\n" + head + body, *([end] if end else [])]
    peer = TlsPeer(raw, authority, "server.test", size=1 << 16)
    http = Connection(route(tls=True, context=lambda: trusting(authority)))
    if needs_it and not end:
        with pytest.raises(HttpCut):
            exchange(peer, http, SECURE)
    else:
        assert exchange(peer, http, SECURE)[1] in (body, b"hello")


def test_what_came_before_a_damaged_record_is_received(authority: trustme.CA) -> None:
    peer = TlsPeer([ANSWER[:-2] + DAMAGE], authority, "server.test", size=1 << 16)
    http = Connection(route(tls=True, context=lambda: trusting(authority)))
    peer.perform(http.open(SECURE))
    assert peer.perform(http.read()) == ANSWER[-5:-2]
    with pytest.raises(ssl.SSLError) as caught:
        peer.perform(http.read())
    failure = failure_of(http, caught.value)
    assert (failure.kind, failure.sent, failure.permanent) == ("cut", True, False)
    assert "does not speak TLS" not in failure.cause  # the reason is that of the version of OpenSSL
    with pytest.raises(ssl.SSLError):
        peer.perform(http.read())


def test_a_close_notify_after_a_response_ends_use_of_the_connection(authority: trustme.CA) -> None:
    """Otherwise the outcome of the next POST over it would be unknown."""
    peer = TlsPeer([ANSWER + CLOSE_NOTIFY], authority, "server.test", size=1 << 16)
    http = Connection(route(tls=True, context=lambda: trusting(authority)))
    assert exchange(peer, http, SECURE)[1] == b"hello"
    assert not http.reusable
