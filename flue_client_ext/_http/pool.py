"""Connections that lie idle between two calls. There is no limit on those in use: nobody queues."""

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
from .race import Favourite
from .route import Route
from .tcp import Address

MOST_IDLE = 64
_LEAST_CERTAIN = 0.01
"""Seconds that even a server is trusted with that was seen to close an idle connection, perhaps
because it was stopped: a loop of calls is faster. Not one that closed it under a request."""
_pools: weakref.WeakSet[Pool[Any]] = weakref.WeakSet()


class Closable(Protocol):
    heard_at: float
    """When bytes came last, of `time.monotonic`."""
    address: Address | None
    """That it connected to."""

    def is_stale(self) -> bool: ...
    def close(self) -> None: ...


S = TypeVar("S", bound=Closable)


class Link(NamedTuple, Generic[S]):
    """An HTTP connection with the socket that carries it."""

    http: Connection
    socket: S


def can_carry(link: Link[S], request: Request, certain: float = math.inf) -> bool:
    """Whether `link`, which has carried others, may carry this one. Its server may be closing it
    just now, unseen: then a read is sent again, but what became of a POST is not known. So a POST
    wants a connection that is certainly still open: that was used less than `certain` seconds ago,
    if the pool knows better than the connection."""
    http = link.http
    limit = (
        min(http.idle_limits.certain, certain)
        if request.method == "POST"
        else http.idle_limits.longest
    )
    return http.reusable and _silence(link) < limit and not link.socket.is_stale()


def _silence(link: Link[S]) -> float:
    return time.monotonic() - link.socket.heard_at


class Pool(Generic[S]):
    """Idle links of one route and one owner (a process, an event loop); thread-safe.

    When the owner changes (after a fork, in a new event loop), the old links are dropped: sockets
    are never shared."""

    def __init__(
        self,
        route: Route,
        make: Callable[[Favourite], S],
        owner: Callable[[], object],
        most_idle: int = MOST_IDLE,
    ) -> None:
        self._route = route
        self._make = make
        self._owner_now = owner
        self._most_idle = most_idle
        self._owner: object = None
        self._favourite = Favourite()
        self._idle: list[Link[S]] = []
        self._certain = math.inf
        self._lock = threading.RLock()  # the collector may give a link back in the middle of this
        self.closed = False
        _pools.add(self)

    def take(self, request: Request) -> Link[S]:
        """Return an idle link that can carry `request`, or a new one, not yet connected. After
        `close()` it serves the calls under way, which may need another for a second request."""
        with self._lock:
            self._check_owner()
            while self._idle:
                link = self._idle.pop()
                if self.trusts(link, request):
                    return link
                self._learn_of_idle(link)
                link.socket.close()  # a POST's own takes its place
        return Link(Connection(self._route), self._make(self._favourite))

    def trusts(self, link: Link[S], request: Request) -> bool:
        """Whether `link` may carry `request`, after all that is known of its server."""
        return can_carry(link, request, self._certain)

    def give_back(self, link: Link[S]) -> None:
        """Keep `link` for the next call if it can carry one; otherwise close it."""
        with self._lock:
            self._check_owner()
            while self._idle and _silence(self._idle[0]) > self._idle[0].http.idle_limits.longest:
                self._idle.pop(0).socket.close()  # left over from a busier time
            if link.http.reusable and not self.closed and len(self._idle) < self._most_idle:
                self._idle.append(link)
                return
        link.socket.close()

    def learn(self, link: Link[S], failure: Failure, lasted: float) -> None:
        """Learn from a request that `link` failed to carry, after `lasted` seconds. A server that
        closes a kept connection as a request comes gets no POST on a kept one any more; an address
        that gave a new connection no answer is tried last from here on."""
        if failure.stale:
            if lasted < LIMITS.routine_life:
                self._certain = 0.0
        elif not (link.http.used or link.http.responded) and link.socket.address is not None:
            self._favourite.failed(link.socket.address)

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

    def _learn_of_idle(self, link: Link[S]) -> None:
        """A server that closes connections sooner than it is trusted to is trusted no more."""
        closed_after = _silence(link)
        if closed_after < link.http.idle_limits.longest and link.socket.is_stale():
            self._certain = min(self._certain, max(closed_after / 2, _LEAST_CERTAIN))

    def _drop(self) -> None:
        for link in self._idle:
            link.socket.close()
        self._idle.clear()


def _after_fork() -> None:
    for pool in list(_pools):
        pool.renew_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
