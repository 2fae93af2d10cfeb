"""The raw server's proofs are proofs."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.servers.raw import Connection, RawServer, Request


def says_nothing(request: Request, connection: Connection) -> None:
    connection.wait_closed()


def test_it_is_idle_only_when_all_that_came_has_been_seen() -> None:
    """A busy machine may let the accepting thread wait while a client comes and goes."""
    release, server = threading.Event(), RawServer(says_nothing)
    accept = server._listener.accept

    class Late(socket.socket):
        def accept(self) -> tuple[socket.socket, object]:
            release.wait(10)
            return accept()

    late = Late(fileno=server._listener.detach())
    accept, server._listener = super(Late, late).accept, late
    with server:
        with socket.create_connection(("127.0.0.1", server.port), 10) as client:
            client.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx")
        releasing = threading.Timer(0.05, release.set)
        releasing.start()
        assert server.wait_idle()
        assert len(server.requests) == 1
        releasing.join(10)
    assert server.accepted == 1


@pytest.mark.parametrize("mode", ["serve", "stall"])
def test_a_connection_that_is_open_is_not_idle(mode: str) -> None:
    with (
        RawServer(says_nothing, mode=mode) as server,  # type: ignore[arg-type]
        socket.create_connection(("127.0.0.1", server.port), 10),
    ):
        assert not server.wait_idle(0.05)
