"""An HTTP server without manners: it sends exactly the bytes that a test tells it to send.

A handler is a function `(request, connection)`, called in its connection's own thread for each
request that has arrived whole and is recorded. What it does not send is not sent. When it returns,
whatever it returns, the connection waits for its next request, unless the handler closed it.
Nothing sleeps.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal, Self

import trustme

from tests.servers.connection import Connection, Request

__all__ = ["Connection", "Handler", "Handshake", "Mode", "RawServer", "Request"]

Handler = Callable[[Request, Connection], object]
Handshake = Callable[[Connection, ssl.SSLContext], object]
# serve: call the handler. stall: accept and read, never answer, not even a TLS handshake.
# full: let connects hang (the backlog is full). refuse: let connects fail.
Mode = Literal["serve", "stall", "full", "refuse"]


class RawServer:
    """Serves one handler on a loopback port, plain or TLS; a context manager. `tls`: the authority
    of its certificate, if not one of its own.

    An open connection is one whose peer has not closed it, or whose handler has not come back.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        tls: bool | trustme.CA = False,
        mode: Mode = "serve",
        address: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self.handler = handler
        self.mode: Mode = mode
        self.requests: list[Request] = []
        self.accepted = 0
        self.open: dict[int, Connection] = {}
        self._authority = trustme.CA() if tls is True else tls or None
        self._context: ssl.SSLContext | None = None
        if self._authority:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._authority.issue_cert("127.0.0.1", "localhost").configure_cert(self._context)
        self.greet: Handshake = Connection.secure
        """What is done first on a connection, if the server speaks TLS."""
        self._changed = threading.Condition()
        self._probes: set[Any] = set()
        self._error: BaseException | None = None
        self._stopping = False
        self._threads: list[threading.Thread] = []
        self._accepting: threading.Thread | None = None
        self._fillers: list[socket.socket] = []
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(address)
        self.host = address[0]
        self.port = int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"{'https' if self._authority else 'http'}://{self.host}:{self.port}"

    def client_context(self) -> ssl.SSLContext:
        """Return a client's TLS context that trusts this server and nothing else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        assert self._authority, "This server speaks no TLS."
        self._authority.configure_trust(context)
        return context

    def wait_until(self, condition: Callable[[], bool], timeout: float = 10.0) -> bool:
        """Block until `condition` holds; asked after every request, connect and close."""
        with self._changed:
            return self._changed.wait_for(condition, timeout)

    def wait_requests(self, count: int, timeout: float = 10.0) -> bool:
        return self.wait_until(lambda: len(self.requests) >= count, timeout)

    def wait_idle(self, timeout: float = 10.0) -> bool:
        """Block until no connection is open: the proof that the clients let go of all of them.

        Those that wait to be accepted count, and so does what they have sent by then.
        """
        self._accept_all(timeout)
        return self.wait_until(lambda: not self.open, timeout)

    def _accept_all(self, timeout: float) -> None:
        """Accept what was connected before: connections are accepted in their order."""
        with socket.socket() as probe, contextlib.suppress(ConnectionError):
            probe.settimeout(timeout)
            probe.bind(("127.0.0.1", 0))
            address = probe.getsockname()
            self._probes.add(address)
            probe.connect((self.host, self.port))
            self.wait_until(lambda: address not in self._probes, timeout)

    def reset_all(self) -> None:
        """Reset every open connection, whatever its handler is doing."""
        with self._changed:
            doomed = list(self.open.values())
        for connection in doomed:
            connection.reset()

    def start(self) -> Self:
        if self.mode == "refuse":
            return self
        self._listener.listen(0 if self.mode == "full" else 1024)
        if self.mode == "full":
            with contextlib.suppress(TimeoutError):  # a client may have come first
                self._fillers.append(socket.create_connection((self.host, self.port), 1))
        else:
            self._accepting = self._spawn(self._accept)
        return self

    def stop(self) -> None:
        """Reset what is open, wait for the threads, and raise what a handler has raised."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for filler in self._fillers:
            filler.close()
        self.reset_all()
        for thread in self._threads:
            thread.join(10)
        if self._error:
            raise self._error

    def _spawn(self, run: Callable[..., None], *arguments: Any) -> threading.Thread:
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        while not self._stopping:
            try:
                sock, address = self._listener.accept()
            except OSError:
                return
            if address in self._probes:
                sock.close()
                with self._changed:
                    self._probes.discard(address)
                    self._changed.notify_all()
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                self.accepted += 1
                self.open[self.accepted] = Connection(sock, self.accepted)
                self._changed.notify_all()
                self._spawn(self._converse, self.open[self.accepted])

    def _converse(self, connection: Connection) -> None:
        try:
            if self.mode == "stall":
                connection.wait_closed(timeout=600)
                return
            if self._context:
                self.greet(connection, self._context)
            while not connection.closed and (request := connection.read_request()):
                with self._changed:
                    self.requests.append(request)
                    self._changed.notify_all()
                self.handler(request, connection)
        except OSError:
            pass  # the peer went away, which is what many tests are about
        except Exception as error:  # `stop` raises it
            self._error = self._error or error
        finally:
            if not connection.closed:
                connection.close()
            with self._changed:
                del self.open[connection.number]
                self._changed.notify_all()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
