"""What every kind of TCP socket here has in common: options, addresses, staleness."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Any

from .host import address_of, without_dot
from .operations import Unreachable
from .threads import start_daemon

READ_SIZE = 256 * 1024

Address = tuple[Any, Any, Any, Any, Any]
"""One row of `getaddrinfo`."""

Found = Sequence[Address] | OSError | Unreachable


def make_socket(address: Address) -> socket.socket:
    """Return a non-blocking socket for `address` that notices a dead peer within a minute."""
    sock = socket.socket(address[0], address[1], address[2])
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    except BaseException:
        sock.close()
        raise
    return sock


def literal(host: str, port: int) -> Sequence[Address] | None:
    """The addresses of `host` when it is an IP address already: no look-up, which may block."""
    if address_of(host) is None:
        return None
    numeric = socket.AI_NUMERICHOST
    return socket.getaddrinfo(without_dot(host), port, type=socket.SOCK_STREAM, flags=numeric)


def look_up(host: str, port: int, tell: Callable[[Found], object]) -> None:
    """Resolve a name and pass the result to `tell`, in a thread that the caller may abandon:
    `getaddrinfo` cannot be interrupted. Where no thread can start, resolve it here."""

    def resolve() -> None:
        tell(_resolve(host, port))

    if start_daemon(resolve, "lookup") is None:
        resolve()


def _resolve(host: str, port: int) -> Found:
    # glibc looks for absolute names in DNS only, which has no such name (RFC 6761 section 6.3).
    known = "localhost" if host == "localhost." else host
    try:
        return socket.getaddrinfo(known, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return socket.gaierror(error.errno, f"{error.strerror} (looking up {host})")
    except OSError as error:
        return error
    except UnicodeError as error:
        return Unreachable(f"{host} is not a host name: {error}")


def peer_spoke(sock: socket.socket) -> bool:
    """Whether an idle, non-blocking socket has bytes or an end to read: it is no longer usable."""
    try:
        sock.recv(1, socket.MSG_PEEK)
    except (BlockingIOError, InterruptedError):
        return False
    except OSError:
        return True
    return True
