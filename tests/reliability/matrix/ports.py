"""A raw server that stops to accept connections, and begins again on the same port."""

from __future__ import annotations

import contextlib
import socket

from tests.servers.raw import Mode, RawServer


def become(server: RawServer, mode: Mode) -> None:
    """Go on in another mode. What is open stays open; only new connections meet the mode.

    A socket that was shut down no longer listens, so connects are refused; it keeps its port, and
    may listen again."""
    if server.mode != "refuse":
        with contextlib.suppress(OSError):
            server._listener.shutdown(socket.SHUT_RDWR)
    if server._accepting:  # it would go on to accept if the socket listened again before it woke
        server._accepting.join(10)
    for filler in server._fillers:
        filler.close()
    server._fillers.clear()
    server.mode = mode
    server.start()


def keep_port(server: RawServer) -> None:
    """Bind the port of a server that does not listen yet by its number: a port that the system has
    chosen is given back when the socket is shut down."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((server.host, server.port))
    server._listener.close()
    server._listener = listener
