"""What the stages of cells have in common: a server, and what the call under test has brought."""

from __future__ import annotations

import ssl
import threading
from typing import Any, Protocol

from flue_client_ext import BackoffOptions, FailedAttempt
from tests.servers.raw import Connection, Handshake, Mode, RawServer, Request

from ..options import Broken
from .calls import Call
from .faults import Fault
from .many import Outcomes
from .ports import become, keep_port
from .uses import AGENT, REPLY, Observer

MOST_STRIKES = 3
"""How often a fault that passes strikes one cell: every second request until then."""


class Stage(Observer, Protocol):
    """The server of one cell."""

    struck: int
    attempts: list[FailedAttempt]

    @property
    def url(self) -> str: ...
    @property
    def context(self) -> ssl.SSLContext:
        """Trusts the server, where it speaks TLS."""
        ...

    def begin(self) -> None: ...
    def calm(self) -> None:
        """Let no fault happen any more."""

    def verify(self, *, complete: bool) -> None:
        """Raise `Broken` where something was lost, came twice or was executed twice."""

    def wait_idle(self) -> bool: ...
    def stop(self) -> None: ...


class RawStage:
    """A stage on a raw server, which sees every request before its own handler does."""

    first = 1
    """So many items are there at first; the rest comes once they were taken."""
    run_id = ""
    agent, reply = AGENT, REPLY
    most_posts = 1
    concurrency = 1

    def __init__(self, server: RawServer, call: Call, fault: Fault) -> None:
        self.server = server
        self.call = call
        self.fault = fault
        self.struck = 0
        self.items: list[Any] = []
        self.outcomes = Outcomes()
        self.attempts: list[FailedAttempt] = []
        """The failed ones, as the client has told of them."""
        self.posts = 0
        """The POSTs that were carried out."""
        self.expired: set[str] = set()
        """The credentials that were refused."""
        self.pages: dict[str, bytes] = {}
        """The latest page of each resource, by its path, for a fault that repeats it."""
        self.over = threading.Event()
        self.options = BackoffOptions(
            initial_delay=0.001,
            max_delay=0.002,
            max_retries=fault.retries,
            on_failed_attempt=self._failed,
        )
        self._asked = self._failures = 0
        self._lock = threading.Lock()
        self._serve = server.handler
        self._gone_on = False
        self._mending = threading.Lock()
        server.handler = self._handle
        keep_port(server)

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def context(self) -> ssl.SSLContext:
        return self.server.client_context()

    def begin(self) -> None:
        self.server.start()
        self.fault.what.prepare(self)

    def count(self) -> None:
        with self._lock:
            self.struck += 1
            self._failures = 0

    def take(self, item: Any) -> None:
        self.items.append(item)
        if len(self.items) == self.first:
            self.begun()

    def begun(self) -> None:
        """Do what is to happen once the call has brought, or read, what was there at first."""
        if self.fault.when == "midway":
            self.fault.what.midway(self)
        elif self.fault.when != "closing":
            self.go_on()

    def go_on(self) -> None:
        """Let happen what the call waits for."""
        if not self._gone_on:
            self._gone_on = True
            self.let_rest_happen()

    def let_rest_happen(self) -> None: ...
    def lose(self) -> None: ...
    def is_complete(self) -> bool:
        if not self._gone_on or self.fault.when == "midway":
            return False  # more is to come, or an error
        return len(self.items) == len(self.expected())

    def expected(self) -> list[Any]:
        """What the call is to bring."""
        raise NotImplementedError

    def verify(self, *, complete: bool) -> None:
        expected = self.expected()
        if self.items != (expected if complete else expected[: len(self.items)]):
            raise Broken(f"something is lost or came twice: {self.items} is not {expected}")
        if self.posts > self.most_posts or (complete and not self.posts and self.call.is_post):
            raise Broken(f"{self.posts} POSTs were carried out")

    def calm(self) -> None:
        self.over.set()
        self.mend()

    def spoil(self, mode: Mode = "serve", greet: Handshake = Connection.secure) -> None:
        """Take connections in another way from now on, or greet them in another way."""
        with self._mending:
            self.server.greet = greet
            if self.server.mode != mode:
                become(self.server, mode)

    def mend(self) -> None:
        """Take and greet connections as it should be."""
        self.spoil()

    def wait_idle(self) -> bool:
        return self.server.wait_idle()

    def stop(self) -> None:
        self.over.set()
        self.server.stop()

    def _handle(self, request: Request, connection: Connection) -> None:
        def serve() -> None:
            self.posts += request.method == "POST"
            self._serve(request, connection)

        if self.over.is_set() or not self.call.targets(request):
            serve()
        elif self._strikes() or self.fault.what.strikes_again(self, request):
            self.fault.what.strike(self, request, connection, serve)
        else:
            serve()

    def _strikes(self) -> bool:
        """Whether the next request of those that can be struck is."""
        with self._lock:
            asked, self._asked = self._asked, self._asked + 1
        when = self.fault.when
        if when == "passing":
            return asked % 2 == 0 and self.struck < MOST_STRIKES
        if when == "midway":
            return asked == self.call.midway_request and not self.call.shows_items
        return when == "lasting"

    def _failed(self, attempt: FailedAttempt) -> None:
        """Accept connections again after the second failure since they are refused."""
        self.attempts.append(attempt)
        self._failures += 1
        if self._failures >= 2 and self.fault.when != "lasting":
            self.mend()
