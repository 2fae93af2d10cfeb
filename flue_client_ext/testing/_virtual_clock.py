"""A clock that moves when a test says so, or, with `autojump`, when nothing else happens."""

from __future__ import annotations

import time
from collections.abc import Callable

from ._clock import REAL, Cancel, Timers


class VirtualClock:
    """A clock that stands still until it is told to move, for tests of long waits.

    `advance` fires everything due on the way, in order. With `autojump=0.02` the clock jumps to
    the next timer by itself once nothing has asked it for anything for that many real seconds, so
    that a 30 s hold costs 20 ms without a word in the test. `start` is in epoch seconds.
    """

    def __init__(self, *, start: float | None = None, autojump: float | None = None) -> None:
        self._now = time.time() if start is None else start
        self._timers = Timers()
        self._autojump = autojump
        self._touched = 0.0
        self._watched = False

    def time(self) -> float:
        return self._now

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Cancel:
        cancel = self._timers.add(self._now + seconds, callback)
        self._touch()
        return cancel

    def wait_for_sleepers(self, count: int = 1, timeout: float = 5.0) -> None:
        """Block until at least `count` timers are pending; `TimeoutError` after real seconds."""
        changed = self._timers.changed
        with changed:
            if not changed.wait_for(lambda: len(self._timers) >= count, timeout):
                raise TimeoutError(f"{len(self._timers)} of {count} timers after {timeout} s")

    def advance(self, seconds: float, *, settle: float = 0.02) -> None:
        """Move `seconds` on, one due time after the other.

        After each due time the woken side gets up to `settle` real seconds to set its next timer,
        so that three heartbeats in a row are three heartbeats.
        """
        end = self._now + seconds
        while (due := self._due()) is not None and due <= end:
            self._now = max(self._now, due)
            self._fire()
            self._settle(settle)
        self._now = end

    def _due(self) -> float | None:
        with self._timers.changed:
            return self._timers.next_due()

    def _fire(self) -> None:
        while True:
            with self._timers.changed:
                callback = self._timers.pop_due(self._now)
            if callback is None:
                return
            callback()

    def _settle(self, seconds: float) -> None:
        with self._timers.changed:
            while self._timers.changed.wait(seconds):
                pass

    def _touch(self) -> None:
        self._touched = time.monotonic()
        if self._autojump is not None and not self._watched:
            self._watched = True
            REAL.call_later(self._autojump, self._jump)

    def _jump(self) -> None:
        """Move to the next timer, unless one has been set so lately that more may follow."""
        assert self._autojump is not None
        left = self._touched + self._autojump - time.monotonic()
        if left > 0:
            REAL.call_later(left, self._jump)
            return
        self._watched = False
        due = self._due()
        if due is not None:
            self._now = max(self._now, due)
            self._fire()
            self._touch()
