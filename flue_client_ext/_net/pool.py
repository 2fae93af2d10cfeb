"""Connections that lie idle between two calls. There is no limit on those in use: nobody queues."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from .._core.http11 import Connection
from .._core.wire import Route

_MOST_IDLE = 20
_pools: weakref.WeakSet[Pool[Any]] = weakref.WeakSet()


class Closable(Protocol):
    def is_stale(self) -> bool: ...
    def close(self) -> None: ...


S = TypeVar("S", bound=Closable)


class Link(NamedTuple, Generic[S]):
    """An HTTP connection with the socket that carries it."""

    http: Connection
    socket: S


class Pool(Generic[S]):
    """Idle links of one route and one owner (a process, an event loop); thread-safe.

    When the owner changes (after a fork, in a new event loop), the old links are dropped: sockets
    are never shared."""

    def __init__(
        self,
        route: Route,
        make: Callable[[], S],
        owner: Callable[[], object],
        most_idle: int = _MOST_IDLE,
    ) -> None:
        self._route = route
        self._make = make
        self._owner_now = owner
        self._most_idle = most_idle
        self._owner: object = None
        self._idle: list[tuple[Link[S], float]] = []
        self._lock = threading.RLock()  # the collector may give a link back in the middle of this
        self.closed = False
        _pools.add(self)

    def take(self) -> Link[S]:
        """Return an idle link that is still good, or a new one, not yet connected."""
        with self._lock:
            if self.closed:
                raise RuntimeError("the client has been closed")
            self._check_owner()
            while self._idle:
                link, until = self._idle.pop()
                if time.monotonic() < until and not link.socket.is_stale():
                    return link
                link.socket.close()
        return Link(Connection(self._route), self._make())

    def give_back(self, link: Link[S]) -> None:
        """Keep `link` for the next call if it can carry one; otherwise close it."""
        with self._lock:
            self._check_owner()
            if link.http.reusable and not self.closed and len(self._idle) < self._most_idle:
                self._idle.append((link, time.monotonic() + link.http.idle_limit))
                return
        link.socket.close()

    def close(self) -> None:
        """Close the idle links; those in use close when their calls end."""
        with self._lock:
            self.closed = True
            self._drop()

    def __del__(self) -> None:
        self._drop()

    def renew_lock(self) -> None:
        """Forget who holds the lock: a thread that a fork did not take along never lets go."""
        self._lock = threading.RLock()

    def _check_owner(self) -> None:
        owner = self._owner_now()
        if owner != self._owner:
            self._drop()
            self._owner = owner

    def _drop(self) -> None:
        for link, _ in self._idle:
            link.socket.close()
        self._idle.clear()


def _after_fork() -> None:
    for pool in list(_pools):
        pool.renew_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
