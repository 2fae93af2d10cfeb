"""The cutting proxy is cruel, and fair: it loses the end of what was sent, never a part of it."""

from __future__ import annotations

import socket

import pytest

from tests.servers import cutting
from tests.servers.cutting import PASSING, CuttingProxy
from tests.servers.raw import Connection, RawServer, Request

BODY = b"".join(b"%07d\n" % number for number in range(8000))
PART, PAUSE = 16_000, 0.02
CONNECTIONS = 20
MAY_SPARE = ("drip", "late reset", "late end", "cut request")
"""Kinds that may come too late for an answer, or let all of it pass."""


def answer(_: Request, connection: Connection) -> None:
    """Send the body in parts, so that some come after a drip."""
    for start in range(0, len(BODY), PART):
        connection.send(BODY[start : start + PART])
        if connection.wait_closed(PAUSE):
            break
    connection.close()


def received(port: int) -> bytes:
    """All that comes until an end, a reset or silence."""
    data = b""
    with socket.create_connection(("127.0.0.1", port), 0.5) as sock:
        try:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while got := sock.recv(65536):
                data += got
        except OSError:
            pass
    return data


@pytest.mark.parametrize("kinds", [*cutting.KINDS, "drip status page", "every kind"])
def test_what_arrives_is_a_page_or_the_start_of_the_answer(
    monkeypatch: pytest.MonkeyPatch, kinds: str
) -> None:
    chosen = {kind: 1 for kind in cutting.KINDS if kind in kinds or kinds == "every kind"}
    monkeypatch.setattr(cutting, "KINDS", chosen)
    pages = tuple(b"HTTP/1.1 %d " % status for status in PASSING)
    count = 2 if kinds == "stall" else CONNECTIONS
    with RawServer(answer) as server, CuttingProxy(("127.0.0.1", server.port), 1) as proxy:
        seen = [received(proxy.port) for _ in range(count)]
        struck = +proxy.struck
    for data in seen:
        assert data.startswith(pages) or BODY.startswith(data)
    if kinds not in MAY_SPARE:
        assert struck and min(map(len, seen)) < len(BODY)
