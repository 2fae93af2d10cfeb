"""What every kind of TCP socket here has in common: options, addresses, staleness."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Sequence
from typing import Any

CONNECT_TIMEOUT = 5.0
"""Seconds for name look-up, connection, proxy tunnel and TLS together."""

READ_SIZE = 256 * 1024

UNDER_WAY = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)
"""What `connect_ex` of a non-blocking socket says when nothing is wrong."""

Address = tuple[Any, Any, Any, Any, Any]
"""One row of `getaddrinfo`."""


def make_socket(address: Address) -> socket.socket:
    """Return a non-blocking socket for `address` that notices a dead peer within a minute."""
    sock = socket.socket(address[0], address[1], address[2])
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return sock


def literal(host: str, port: int) -> Sequence[Address] | None:
    """The addresses of `host` when it is an IP address already: no look-up, which may block."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)


def resolve(host: str, port: int) -> Sequence[Address] | OSError:
    """Look a name up, for as long as that takes; run it in a thread that nobody waits for."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return error
    except UnicodeError as error:
        return OSError(f"not a host name: {error}")


def share(remaining: float, addresses_left: int) -> float:
    """Seconds for the next address, so that one that never answers leaves time for the others."""
    return remaining / addresses_left


def peer_spoke(sock: socket.socket) -> bool:
    """Whether an idle, non-blocking socket has bytes or an end to read: it is no longer usable."""
    try:
        sock.recv(1, socket.MSG_PEEK)
    except (BlockingIOError, InterruptedError):
        return False
    except OSError:
        return True
    return True
