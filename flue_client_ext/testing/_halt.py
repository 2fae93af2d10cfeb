"""A stop that any thread may give, and waits that it ends: how an abort reaches a function."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from ._clock import Clock
from ._wake import Wake


class Stopped(BaseException):
    """The submission has been aborted, or its conversation lost: nobody wants the rest.

    Not an `Exception`, so that what a function does about errors does not take it for one.
    """


class Halt:
    """Whether work is to end, and who waits meanwhile."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rings: set[Callable[[], None]] = set()
        self._stopped = False

    def stop(self) -> None:
        """Stop for good, and wake all that wait."""
        with self._lock:
            self._stopped = True
            rings = list(self._rings)
        for ring in rings:
            ring()

    def check(self) -> None:
        """Raise `Stopped` if it is."""
        if self._stopped:
            raise Stopped

    def wait(self, seconds: float) -> None:
        """Block for some seconds of the clock; raise `Stopped` when that comes first."""
        done = threading.Event()
        with self._ringing(done.set, seconds):
            done.wait()
        self.check()

    async def wait_async(self, seconds: float) -> None:
        """Do the same in an async function."""
        wake = Wake()
        with self._ringing(wake.ring, seconds):
            await wake.wait()
        self.check()

    @contextmanager
    def _ringing(self, ring: Callable[[], None], seconds: float) -> Generator[None]:
        with self._lock:
            self.check()
            self._rings.add(ring)
        cancel = self._clock.call_later(seconds, ring)
        try:
            yield
        finally:
            cancel()
            with self._lock:
                self._rings.discard(ring)
