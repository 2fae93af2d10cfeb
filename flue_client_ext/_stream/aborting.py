"""How an abort signal ends a reading. Knows a signal by its interface only."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Protocol

Listener = Callable[[], None]


class Signal(Protocol):
    """What a reading needs of an `AbortSignal`."""

    @property
    def aborted(self) -> bool: ...
    @property
    def reason(self) -> Any: ...
    def add_listener(self, listener: Listener) -> None: ...
    def remove_listener(self, listener: Listener) -> None: ...


class Aborted(BaseException):  # becomes a clean end or a FlueAbortError
    """The signal was aborted. Like a task's cancellation, it passes every `except Exception`."""


class _ClientClosed:
    def __repr__(self) -> str:
        return "the client has been closed"


CLIENT_CLOSED = _ClientClosed()
"""The reason of a signal that the client's `close()` has aborted."""


def client_closed() -> RuntimeError:
    return RuntimeError(repr(CLIENT_CLOSED))


class Wakeable(Protocol):
    def wake(self) -> None:
        """End the wait under way; called in the aborting thread."""


def weak_listener(driver: Wakeable) -> Listener:
    """Return a listener that does not keep an abandoned driver alive through a long-lived
    signal."""
    reference = weakref.ref(driver)

    def listener() -> None:
        if (alive := reference()) is not None:
            alive.wake()

    return listener
