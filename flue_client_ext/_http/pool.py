"""The connections that are idle between two calls, of one route.

Decides which request an idle connection may carry, and learns from failures. There is no limit on
connections in use, so no call waits for another. Opens nothing; closing a socket does not wait."""

from __future__ import annotations

import math
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from .._values.http import Request
from .._values.limits import LIMITS
from .._values.steps import Failure
from .http11 import Connection
from .race import AddressHistory
from .route import Route
from .tcp import Address

MOST_IDLE = 64
_MIN_CERTAIN = 0.01
"""Seconds for which a connection counts as open even if its server has closed an idle one early,
perhaps as it was stopped: a loop of calls is faster."""

_pools: weakref.WeakSet[Pool[Any]] = weakref.WeakSet()


class Transport(Protocol):
    """The socket of a connection, as far as the pool needs it."""

    received_at: float
    """The time of `time.monotonic` at which bytes arrived last."""
    address: Address | None

    def is_stale(self) -> bool:
        """Whether the peer has closed the connection, or sent bytes that belong to no request."""
        ...

    def close(self) -> None: ...


S = TypeVar("S", bound=Transport)


class PooledConnection(NamedTuple, Generic[S]):
    """An HTTP connection with the socket that carries it."""

    http: Connection
    socket: S


def can_carry(connection: PooledConnection[S], request: Request, certain: float = math.inf) -> bool:
    """Whether `connection` may carry one more request.

    Its server may be closing it at this moment (RFC 9112 section 9.3.1). A GET is sent again then;
    the outcome of a POST is unknown. So a POST needs a connection that is certainly open: idle for
    less than `certain` seconds, if the pool knows better than the connection.
    """
    http = connection.http
    limits = http.idle_limits
    limit = min(limits.certain, certain) if not request.idempotent else limits.longest
    return http.reusable and _idle_time(connection) < limit and not connection.socket.is_stale()


def _idle_time(connection: PooledConnection[S]) -> float:
    return time.monotonic() - connection.socket.received_at


def _has_expired(connection: PooledConnection[S]) -> bool:
    return _idle_time(connection) > connection.http.idle_limits.longest


class Pool(Generic[S]):
    """Idle connections of one route and one owner (a process, an event loop); thread-safe.

    When the owner changes, after a fork or in a new event loop, the pool closes them: no two owners
    share a socket.
    """

    def __init__(
        self,
        route: Route,
        make_socket: Callable[[AddressHistory], S],
        current_owner: Callable[[], object],
        most_idle: int = MOST_IDLE,
    ) -> None:
        self._route = route
        self._make_socket = make_socket
        self._current_owner = current_owner
        self._most_idle = most_idle
        self._owner: object = None
        self._history = AddressHistory()
        self._idle: list[PooledConnection[S]] = []
        self._certain = math.inf
        # Reentrant: the garbage collector may release a connection in the middle of a method.
        self._lock = threading.RLock()
        self.closed = False
        _pools.add(self)

    def acquire(self, request: Request) -> PooledConnection[S]:
        """Return an idle connection that can carry `request`, or a new one, not yet connected. A
        closed pool does so too: a call under way may need a connection for its next request."""
        with self._lock:
            self._check_owner()
            while self._idle:
                connection = self._idle.pop()
                if self.can_carry(connection, request):
                    return connection
                self._learn_of_idle(connection)
                # A connection that only a GET could use is closed too: the POST's replaces it.
                connection.socket.close()
        return PooledConnection(Connection(self._route), self._make_socket(self._history))

    def can_carry(self, connection: PooledConnection[S], request: Request) -> bool:
        """Whether `connection` may carry `request`, by all that the pool knows of its server."""
        return can_carry(connection, request, self._certain)

    def release(self, connection: PooledConnection[S]) -> None:
        """Keep `connection` for the next call if it is reusable; otherwise close it."""
        # `closed` is read under the lock, so no connection becomes idle after `close`.
        with self._lock:
            self._check_owner()
            while self._idle and _has_expired(self._idle[0]):
                self._idle.pop(0).socket.close()
            if connection.http.reusable and not self.closed and len(self._idle) < self._most_idle:
                self._idle.append(connection)
                return
        connection.socket.close()

    def learn(self, connection: PooledConnection[S], failure: Failure, lasted: float) -> None:
        """Learn from a request that failed on `connection` after `lasted` seconds.

        If a used connection was closed as the request came, no POST goes over a used one again. An
        address whose new connection brought no response is tried last from now on.
        """
        http, address = connection.http, connection.socket.address
        if failure.stale:
            if lasted < LIMITS.routine_life:
                self._certain = 0.0
        elif not (http.used or http.responded) and address is not None:
            self._history.failed(address)

    def close(self) -> None:
        """Close the idle connections; those in use close when their calls end."""
        with self._lock:
            self.closed = True
            self._drop()

    def __del__(self) -> None:
        self._drop()  # without the lock: nothing refers to the pool any more

    def renew_lock(self) -> None:
        """Replace the lock: a thread of the parent may hold it, and does not run in a fork."""
        self._lock = threading.RLock()

    def _check_owner(self) -> None:
        owner = self._current_owner()
        if owner != self._owner:
            self._drop()
            self._owner = owner

    def _learn_of_idle(self, connection: PooledConnection[S]) -> None:
        """Lower the certain time if the server has closed an idle connection within its limit."""
        closed_after = _idle_time(connection)
        if not _has_expired(connection) and connection.socket.is_stale():
            self._certain = min(self._certain, max(closed_after / 2, _MIN_CERTAIN))

    def _drop(self) -> None:
        for connection in self._idle:
            connection.socket.close()
        self._idle.clear()


def _after_fork() -> None:
    for pool in list(_pools):
        pool.renew_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
