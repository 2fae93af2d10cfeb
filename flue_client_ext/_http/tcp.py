"""TCP without a wait: addresses and their look-up, socket options, and what an idle socket shows.

Both kinds of sockets use it. Nothing here blocks, except a look-up in a thread of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from .._values.limits import LIMITS
from .host import address_of, without_dot
from .operations import Unreachable
from .threads import start_daemon

Address = tuple[Any, Any, Any, Any, Any]
"""One row of `getaddrinfo`."""

Resolution = Sequence[Address] | OSError | Unreachable


def make_socket(address: Address) -> socket.socket:
    """Return a non-blocking socket for `address` that detects a dead peer."""
    sock = socket.socket(address[0], address[1], address[2])
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _detect_dead_peer(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def _detect_dead_peer(sock: socket.socket) -> None:
    """Let the kernel end a connection whose peer has vanished (RFC 1122 section 4.2.3.6, RFC 5482).

    Keepalive probes an idle connection only. Where sent data is not acknowledged, Linux needs the
    user timeout; it replaces the count of probes there. Some kernels that look like Linux do not
    have it: a connection works without.
    """
    probes = (LIMITS.dead_peer - LIMITS.probe_after) / LIMITS.probe_interval
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", LIMITS.probe_after),
        ("TCP_KEEPALIVE", LIMITS.probe_after),  # the name on macOS
        ("TCP_KEEPINTVL", LIMITS.probe_interval),
        ("TCP_KEEPCNT", probes),
        ("TCP_USER_TIMEOUT", LIMITS.dead_peer * 1000),
    ):
        if hasattr(socket, name):
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), round(value))


def literal(host: str, port: int) -> Sequence[Address] | None:
    """Return the addresses of a `host` that is an IP address, without a look-up; else `None`."""
    if address_of(host) is None:
        return None
    numeric = socket.AI_NUMERICHOST
    return socket.getaddrinfo(without_dot(host), port, type=socket.SOCK_STREAM, flags=numeric)


def look_up(host: str, port: int, on_result: Callable[[Resolution], object]) -> None:
    """Resolve `host` and pass the result to `on_result`, in a thread that the caller may abandon:
    `getaddrinfo` cannot be interrupted. Where no thread can start, resolve it here."""

    def resolve() -> None:
        on_result(_resolve(host, port))

    if start_daemon(resolve, "lookup") is None:
        resolve()


def addresses_of(resolution: Resolution) -> Sequence[Address]:
    """Return the addresses that were found, or raise the error of the look-up."""
    if isinstance(resolution, Exception):
        raise resolution
    return resolution


def _resolve(host: str, port: int) -> Resolution:
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


def is_readable(sock: socket.socket) -> bool:
    """Whether a non-blocking socket has bytes or an end to read. An idle one is unusable then."""
    try:
        sock.recv(1, socket.MSG_PEEK)
    except (BlockingIOError, InterruptedError):
        return False
    except OSError:
        return True
    return True
