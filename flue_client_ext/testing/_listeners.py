"""Who waits for news of what: callbacks by key, called from whatever thread brings the news."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable


class Listeners:
    """Callbacks by key; every method may be called from any thread."""

    def __init__(self) -> None:
        self._listeners: defaultdict[Hashable, set[Callable[[], None]]] = defaultdict(set)
        self._lock = threading.Lock()

    def subscribe(self, key: Hashable, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` at each change of `key`, until the returned function is called."""
        with self._lock:
            self._listeners[key].add(listener)
        return lambda: self._unsubscribe(key, listener)

    def _unsubscribe(self, key: Hashable, listener: Callable[[], None]) -> None:
        with self._lock:
            self._listeners[key].discard(listener)
            if not self._listeners[key]:
                del self._listeners[key]

    def count(self, key: Hashable) -> int:
        """Return how many wait for news of `key`."""
        return len(self._listeners.get(key, ()))

    def changed(self, key: Hashable) -> None:
        """Call everybody who waits for news of `key`."""
        with self._lock:
            listeners = list(self._listeners.get(key, ()))
        for listener in listeners:
            listener()


def until(
    done: Callable[[], bool],
    subscribe: Callable[[Callable[[], None]], Callable[[], None]],
    complaint: str,
    timeout: float | None,
) -> None:
    """Block until it is done, asking at each change; `TimeoutError` after real seconds."""
    changed, began = threading.Event(), time.monotonic()
    unsubscribe = subscribe(changed.set)
    try:
        while not done():
            left = None if timeout is None else max(0.0, began + timeout - time.monotonic())
            if not changed.wait(left):
                raise TimeoutError(f"{complaint} after {timeout} s")
            changed.clear()
    finally:
        unsubscribe()
