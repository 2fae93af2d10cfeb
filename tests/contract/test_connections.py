"""The HTTP/1.1 under the protocol, byte by byte over a bare socket: what Node does, ours does."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from tests.contract.peers import Peer

GET = b"GET /runs/x HTTP/1.1\r\nHost: flue\r\n\r\n"
POST = b"POST /workflows/echo HTTP/1.1\r\nHost: flue\r\nContent-Type: application/json\r\n"


@pytest.fixture
def wire(peer: Peer) -> Iterator[socket.socket]:
    port = int(peer.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        yield sock


def heads(sock: socket.socket, count: int) -> list[bytes]:
    """Read until so many answers have begun, and return their status lines."""
    data = b""
    while data.count(b"HTTP/1.1 ") < count:
        chunk = sock.recv(65536)
        assert chunk, "the server hung up"
        data += chunk
    return re.findall(rb"HTTP/1\.1 [^\r]+", data)


def rest(sock: socket.socket) -> bytes:
    data = b""
    while chunk := sock.recv(65536):
        data += chunk
    return data


def test_a_connection_is_kept_and_pipelined_requests_are_answered_in_turn(
    wire: socket.socket,
) -> None:
    wire.sendall(GET + POST + b"Content-Length: 1\r\n\r\n3" + GET)
    assert heads(wire, 3) == [
        b"HTTP/1.1 404 Not Found",
        b"HTTP/1.1 202 Accepted",
        b"HTTP/1.1 404 Not Found",
    ]
    wire.sendall(GET)
    assert heads(wire, 1) == [b"HTTP/1.1 404 Not Found"]


def test_a_request_may_come_byte_by_byte(wire: socket.socket) -> None:
    for byte in GET:
        wire.sendall(bytes([byte]))
    assert heads(wire, 1) == [b"HTTP/1.1 404 Not Found"]


def test_an_idle_connection_is_closed_after_five_seconds(wire: socket.socket) -> None:
    wire.sendall(GET)
    assert b"Keep-Alive: timeout=5\r\n" in rest(wire)


@pytest.mark.parametrize(
    "request_bytes",
    [
        GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        b"GET /runs/x HTTP/1.0\r\nHost: flue\r\n\r\n",
    ],
)
def test_a_connection_is_closed_when_the_peer_wants_it(
    wire: socket.socket, request_bytes: bytes
) -> None:
    wire.sendall(request_bytes)
    answer = rest(wire)
    assert b"Connection: close\r\n" in answer
    assert answer.endswith(b"}}")


@pytest.mark.parametrize("request_bytes", [b"hello there\r\n\r\n", b"GET /x HTTP/1.1\r\n\r\n"])
def test_what_is_not_http_or_names_no_host_is_a_400_and_the_end(
    wire: socket.socket, request_bytes: bytes
) -> None:
    wire.sendall(request_bytes)
    answer = rest(wire)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"\r\nConnection: close\r\n" in answer


def test_a_peer_that_waits_for_leave_to_send_gets_it(wire: socket.socket) -> None:
    wire.sendall(POST + b"Content-Length: 1\r\nExpect: 100-continue\r\n\r\n")
    assert heads(wire, 1) == [b"HTTP/1.1 100 Continue"]
    wire.sendall(b"3")
    assert heads(wire, 1) == [b"HTTP/1.1 202 Accepted"]
