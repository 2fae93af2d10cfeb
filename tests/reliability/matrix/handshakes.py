"""TLS handshakes that fail: what a server does with a connection in place of a good one."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

import trustme

from tests.servers.raw import Connection, Handshake

HELLO = 65536
"""More bytes than the first flight of a client has."""


def closed(connection: Connection, context: ssl.SSLContext) -> None:
    """Close in order once the client has begun."""
    connection.socket.recv(HELLO)
    connection.close()


def reset(connection: Connection, context: ssl.SSLContext) -> None:
    connection.socket.recv(HELLO)
    connection.reset()


def cut(connection: Connection, context: ssl.SSLContext) -> None:
    """Send a half of the server's first flight, and close."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(connection.socket.recv(HELLO))
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    flight = outgoing.read()
    connection.send(flight[: len(flight) // 2])
    connection.close()


def silent(connection: Connection, context: ssl.SSLContext) -> None:
    connection.wait_closed(60)
    connection.close()


def says(data: bytes) -> Handshake:
    """Send something that is no TLS, and close."""

    def greet(connection: Connection, context: ssl.SSLContext) -> None:
        connection.socket.recv(HELLO)
        connection.send(data)
        connection.close()

    return greet


def shows(certificate: Callable[[], ssl.SSLContext]) -> Handshake:
    """Shake hands with another certificate than the client can trust."""

    def greet(connection: Connection, context: ssl.SSLContext) -> None:
        connection.secure(certificate())

    return greet


@cache
def authority() -> trustme.CA:
    """The one that clients trust; of the certificates that are wrong, too, but for one."""
    return trustme.CA()


@cache
def of_unknown_authority() -> ssl.SSLContext:
    return _context(trustme.CA())


@cache
def of_another_host() -> ssl.SSLContext:
    return _context(authority(), "other.test")


@cache
def expired() -> ssl.SSLContext:
    return _context(authority(), days=-1)


def _context(issuer: trustme.CA, name: str = "127.0.0.1", days: int = 9) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    end = datetime.now(UTC) + timedelta(days=days)
    begin = end - timedelta(days=9)
    issuer.issue_cert(name, not_before=begin, not_after=end).configure_cert(context)
    return context
