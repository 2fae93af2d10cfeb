"""Connecting to the first of several addresses that accepts (RFC 8305, "Happy Eyeballs").

The attempts overlap: the next one starts 250 ms after the last (section 5), or at once when one has
failed. The caller waits, so that one race serves every kind of socket. No clock here."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Generator, Sequence
from typing import NamedTuple, TypeAlias

from .._values.limits import LIMITS
from .tcp import Address, make_socket

_IN_PROGRESS = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)


class Wait(NamedTuple):
    """Wait until some of `sockets` are writable, at most `seconds`. The reply is the list of those
    that are, empty after the time limit. `doing` describes the wait in an error message."""

    sockets: Sequence[socket.socket]
    seconds: float | None
    doing: str


class Connected(NamedTuple):
    socket: socket.socket
    address: Address


Race: TypeAlias = Generator[Wait, Sequence[socket.socket], Connected]


class AddressHistory:
    """Which addresses of one host to try first: the one that connected last, until it fails. Those
    that failed come last, the latest of them at the end. RFC 8305 section 4 allows for it."""

    def __init__(self) -> None:
        self._preferred: Address | None = None
        self._failed: list[Address] = []

    def ordered(self, addresses: Sequence[Address]) -> list[Address]:
        return sorted(addresses, key=self._rank)

    def connected(self, address: Address) -> None:
        self._preferred = address
        self._forget_failure(address)

    def failed(self, address: Address) -> None:
        """Put `address` last: it refused, did not respond within the delay of an attempt, or
        connected and sent no response."""
        if address == self._preferred:
            self._preferred = None
        self._forget_failure(address)
        self._failed = [*self._failed, address]

    def _forget_failure(self, address: Address) -> None:
        self._failed = [other for other in self._failed if other != address]

    def _rank(self, address: Address) -> int:
        if address == self._preferred:
            return -1
        failed = self._failed  # one read: another thread may replace the list
        return failed.index(address) + 1 if address in failed else 0


def race(host: str, addresses: Sequence[Address], history: AddressHistory) -> Race:
    """Return a connected socket and close the others; closing the generator closes all of them.

    Raises the only error, or one that names each address with its error.
    """
    waiting = history.ordered(_interleaved(list(dict.fromkeys(addresses))))
    tried: list[str] = []
    address: Address | None = None
    in_flight: dict[socket.socket, Address] = {}
    errors: list[tuple[Address, OSError]] = []
    winner = None
    try:
        while waiting or in_flight:
            if waiting:
                address = waiting.pop(0)
                tried.append(address[4][0])
                try:
                    _start(address, in_flight)
                except OSError as error:
                    history.failed(address)
                    errors.append((address, error))
                    continue
            while in_flight:
                delay = LIMITS.attempt_delay if waiting else None
                ready = yield Wait(tuple(in_flight), delay, _doing(host, tried))
                if not ready and address is not None:
                    history.failed(address)
                for sock in [sock for sock in in_flight if sock in ready]:
                    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    if not code:
                        winner = sock
                        history.connected(in_flight[sock])
                        return Connected(sock, in_flight[sock])
                    failed = in_flight.pop(sock)
                    sock.close()
                    history.failed(failed)
                    errors.append((failed, OSError(code, os.strerror(code))))
                if waiting:
                    break
        raise _all_failed(host, errors)
    finally:  # also when the caller closes the generator: cancelled, aborted or out of time
        for sock in in_flight:
            if sock is not winner:
                sock.close()


def _start(address: Address, in_flight: dict[socket.socket, Address]) -> None:
    sock = make_socket(address)
    in_flight[sock] = address
    code = sock.connect_ex(address[4])
    if code not in _IN_PROGRESS:
        del in_flight[sock]
        sock.close()
        raise OSError(code, os.strerror(code))


def _doing(host: str, tried: Sequence[str]) -> str:
    return f"connecting to {host}" + (f" ({', '.join(tried)})" if tried != [host] else "")


def _interleaved(addresses: Sequence[Address]) -> list[Address]:
    """Alternate the families, beginning with the resolver's first (RFC 8305 section 4)."""
    if len(addresses) < 2:
        return list(addresses)
    groups: dict[object, list[Address]] = {}
    for address in addresses:
        groups.setdefault(address[0], []).append(address)
    longest = max(map(len, groups.values()))
    return [group[i] for i in range(longest) for group in groups.values() if i < len(group)]


def _all_failed(host: str, errors: Sequence[tuple[Address, OSError]]) -> OSError:
    if not errors:
        return OSError(f"no address for {host}")
    last = errors[-1][1]
    if len(errors) == 1:
        return last
    each = "; ".join(f"{address[4][0]}: {error.strerror or error}" for address, error in errors)
    return type(last)(f"no address of {host} accepts a connection ({each})")
