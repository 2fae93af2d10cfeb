"""Which socket of a user's httpx client a call may shut down, and until when."""

from __future__ import annotations

import socket
from typing import Any

from flue_client_ext._http.httpx_progress import IGNORED
from flue_client_ext._http.httpx_socket import RequestSocket


class Stream:
    """A network stream of httpcore."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def get_extra_info(self, name: str) -> Any:
        return {"socket": self._socket}[name]


def test_a_socket_that_may_carry_another_request_is_not_shut_down() -> None:
    end = "http11.response_closed.started"
    assert end not in IGNORED
    ours, theirs = socket.socketpair()
    with ours, theirs:
        carries = RequestSocket()
        carries.note("connection.connect_tcp.complete", {"return_value": Stream(ours)})
        assert carries.known
        carries.note(end, {})
        assert not carries.known
        carries.shut_down()
        ours.send(b"another request")
        assert theirs.recv(100) == b"another request"


def test_a_shutdown_ends_the_wait_on_the_socket() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        carries = RequestSocket()
        carries.remember(Stream(ours))
        carries.shut_down()
        assert ours.recv(1) == theirs.recv(1) == b""
