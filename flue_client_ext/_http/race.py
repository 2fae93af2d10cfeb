"""Connecting to the first of several addresses that answers (RFC 8305, "Happy Eyeballs").

The attempts are in flight side by side: the next one starts 250 ms after the last, or at once when
one has failed. Waiting is left to the driver, so that one race serves every kind of socket."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Generator, Sequence
from typing import NamedTuple, TypeAlias

from .._values.limits import LIMITS
from .tcp import Address, make_socket

_UNDER_WAY = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)


class Wait(NamedTuple):
    """Wait until some of `sockets` are writable, at most `seconds`; the reply are those that are:
    none when the time has passed. `doing` says what for, in an error."""

    sockets: Sequence[socket.socket]
    seconds: float | None
    doing: str


class Connected(NamedTuple):
    socket: socket.socket
    address: Address


Race: TypeAlias = Generator[Wait, Sequence[socket.socket], Connected]


class Favourite:
    """The address that answered last, tried first until it fails, and those that failed, tried
    last, the latest behind the others. Of one client, hence one host."""

    def __init__(self) -> None:
        self._address: Address | None = None
        self._failed: list[Address] = []

    def first(self, addresses: Sequence[Address]) -> list[Address]:
        return sorted(addresses, key=self._rank)

    def answered(self, address: Address) -> None:
        self._address = address
        self._forgive(address)

    def failed(self, address: Address) -> None:
        """Put `address` behind all others: it refused, was silent for the delay of an attempt, or
        connected and never answered."""
        if address == self._address:
            self._address = None
        self._forgive(address)
        self._failed = [*self._failed, address]

    def _forgive(self, address: Address) -> None:
        self._failed = [other for other in self._failed if other != address]

    def _rank(self, address: Address) -> int:
        if address == self._address:
            return -1
        failed = self._failed  # which another thread may replace
        return failed.index(address) + 1 if address in failed else 0


def race(host: str, addresses: Sequence[Address], favourite: Favourite) -> Race:
    """Return a connected socket and close the others; closing the race closes all of them.

    Raises the only error, or one that names every address with its own.
    """
    waiting = favourite.first(_interleaved(list(dict.fromkeys(addresses))))
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
                    favourite.failed(address)
                    errors.append((address, error))
                    continue
            while in_flight:
                delay = LIMITS.attempt_delay if waiting else None
                ready = yield Wait(tuple(in_flight), delay, _doing(host, tried))
                if not ready and address is not None:
                    favourite.failed(address)
                for sock in [sock for sock in in_flight if sock in ready]:
                    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    if not code:
                        winner = sock
                        favourite.answered(in_flight[sock])
                        return Connected(sock, in_flight[sock])
                    failed = in_flight.pop(sock)
                    sock.close()
                    favourite.failed(failed)
                    errors.append((failed, OSError(code, os.strerror(code))))
                if waiting:
                    break
        raise _none_answered(host, errors)
    finally:
        for sock in in_flight:
            if sock is not winner:
                sock.close()


def _start(address: Address, in_flight: dict[socket.socket, Address]) -> None:
    sock = make_socket(address)
    in_flight[sock] = address
    code = sock.connect_ex(address[4])
    if code not in _UNDER_WAY:
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


def _none_answered(host: str, errors: Sequence[tuple[Address, OSError]]) -> OSError:
    if not errors:
        return OSError(f"no address for {host}")
    last = errors[-1][1]
    if len(errors) == 1:
        return last
    each = "; ".join(f"{address[4][0]}: {error.strerror or error}" for address, error in errors)
    return type(last)(f"no address of {host} answers ({each})")
