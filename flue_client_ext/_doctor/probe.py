"""Sends the doctor's requests over the client's own sockets, and measures.

Every request is a GET or a HEAD over a connection of its own. Decides nothing: an error of the
transport becomes a part of the `Exchange`. Blocking."""

from __future__ import annotations

import time
from typing import NamedTuple

from attrs import evolve

from .._drivers.functions import call
from .._http.failures import UNTRUSTED, tls_reason
from .._http.http11 import Connection
from .._http.operations import HttpCut
from .._http.race import AddressHistory
from .._http.route import Route
from .._http.sync_channel import perform
from .._http.sync_socket import SyncSocket
from .._stream.credentials import Credentials
from .._values.http import Head, Request
from .._values.limits import LIMITS
from .._values.steps import Call, Flow, T
from .exchange import Exchange, Listening

_MOST_BYTES = 1 << 20
"""Of a body that is read. A longer one is cut off: no check needs it whole."""
_HANDSHAKE = 2.0
"""Seconds for the handshake of a server that speaks TLS: it has answered by then, or closed."""


class UnusableCredentials(Exception):
    """A function that was to return a token or a header failed. The message is its error's type."""


class _Opened(NamedTuple):
    connection: Connection
    socket: SyncSocket
    exchange: Exchange
    head: Head | None


class Probe:
    """`timeout`: seconds for a connection with its request, and again for the body. `trusted`: the
    source of the trusted certificates, in words."""

    def __init__(
        self, route: Route, credentials: Credentials, timeout: float, trusted: str
    ) -> None:
        self.route = route
        self._trusted = trusted
        self._credentials = credentials
        self._timeout = timeout
        self._history = AddressHistory()

    def send(self, request: Request) -> Exchange:
        """Send `request` once, redirects not followed, and read its response.

        Raises `UnusableCredentials`.
        """
        opened = self._open(request)
        try:
            return self._with_body(opened)
        finally:
            opened.socket.close()

    def listen(self, request: Request, patience: float, watch: float) -> Listening:
        """Open an event stream; wait `patience` seconds for its first byte, then read on for
        `watch` seconds. A response that is no event stream is read as `send` does."""
        opened = self._open(request)
        head = opened.head
        try:
            if head is None or head.status != 200 or head.content_type != "text/event-stream":
                return Listening(self._with_body(opened))
            return _watched(opened, head, patience, watch)
        finally:
            opened.socket.close()

    def speaks_tls(self) -> bool:
        """Whether the port of a plain URL answers a TLS handshake. Nothing is sent after it."""
        socket, connection = SyncSocket(self._history), Connection(self.route._replace(tls=True))
        deadline = time.monotonic() + min(self._timeout, _HANDSHAKE)
        try:
            perform(socket, connection.establish(), LIMITS.connect, None, deadline)
        except (HttpCut, OSError) as error:
            return tls_reason(error) == UNTRUSTED
        finally:
            socket.close()
        return True

    def _open(self, request: Request) -> _Opened:
        prepared = self._prepared(request)
        connection, socket = Connection(self.route), SyncSocket(self._history)
        began = connected = time.monotonic()
        deadline = began + self._timeout
        head: Head | None = None
        error: Exception | None = None
        try:
            perform(socket, connection.establish(), LIMITS.connect, None, deadline)
            connected = time.monotonic()
            head = perform(socket, connection.open(prepared), None, None, deadline)
        except (HttpCut, OSError) as raised:
            error = raised
        exchange = Exchange(
            request,
            self.route,
            error=error,
            address="" if socket.address is None else str(socket.address[4][0]),
            sent=connection.sent,
            tls_host=connection.tls_host,
            trusted=self._trusted,
            connected_after=connected - began,
            answered_after=time.monotonic() - connected,
            answered_at=time.time(),
        )
        return _Opened(connection, socket, exchange, head)

    def _prepared(self, request: Request) -> Request:
        try:
            return _resolved(self._credentials.applied_to(request))
        except Exception as error:
            raise UnusableCredentials(type(error).__name__) from None

    def _with_body(self, opened: _Opened) -> Exchange:
        connection, socket, exchange, head = opened
        if head is None:
            return exchange
        body, error = bytearray(), None
        deadline = time.monotonic() + self._timeout
        try:
            while len(body) < _MOST_BYTES:
                part = perform(socket, connection.read(), None, None, deadline)
                if not part:
                    break
                body += part
        except (HttpCut, OSError) as raised:
            error = raised
        return evolve(exchange, head=head, body=bytes(body), error=error)


def _watched(opened: _Opened, head: Head, patience: float, watch: float) -> Listening:
    exchange = evolve(opened.exchange, head=head)
    began = latest = time.monotonic()
    first: float | None = None
    silence, until = 0.0, began + patience
    while True:
        part, is_open = b"", False
        try:
            part = perform(opened.socket, opened.connection.read(), None, None, until)
        except TimeoutError:
            is_open = True
        except (HttpCut, OSError):
            pass
        now = time.monotonic()
        lasted = now - began
        silence = 0.0 if first is None else max(silence, now - latest)
        if not part:
            return Listening(exchange, first, None if is_open else lasted, lasted, silence)
        latest = now
        if first is None:
            first, until = lasted, now + watch


def _resolved(flow: Flow[T]) -> T:
    """Run a flow whose steps are calls of the user's functions."""
    reply = None
    try:
        while True:
            step = flow.send(reply)
            assert isinstance(step, Call)
            reply = call(step.function)
    except StopIteration as stop:
        value: T = stop.value
        return value
