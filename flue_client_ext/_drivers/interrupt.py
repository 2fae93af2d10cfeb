"""How a signal reaches a driver."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Protocol


class Aborted(Exception):  # becomes a clean end or a FlueAbortError
    """The signal was aborted."""


class _ClientClosed:
    def __repr__(self) -> str:
        return "the client has been closed"


CLIENT_CLOSED = _ClientClosed()
"""The reason of a signal that the client's `close()` has aborted."""


def client_closed() -> RuntimeError:
    return RuntimeError(repr(CLIENT_CLOSED))


class Wakeable(Protocol):
    def wake(self) -> None: ...


def weak_listener(driver: Wakeable) -> Callable[[], None]:
    """Return a listener that does not keep an abandoned driver alive through a long-lived
    signal."""
    reference = weakref.ref(driver)

    def listener() -> None:
        if (alive := reference()) is not None:
            alive.wake()

    return listener
