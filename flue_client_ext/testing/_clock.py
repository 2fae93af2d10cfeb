"""The server's only source of time: holds, heartbeats, retention and faults all ask a clock.

Callbacks run on whatever thread moves the clock and must only wake somebody. `RealClock` moves by
itself; `VirtualClock` moves when a test says so, or, with `autojump`, when nothing else happens.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from anyio.lowlevel import checkpoint

from ._wake import Wake

Cancel = Callable[[], None]
_log = logging.getLogger("flue_client.testing")


class Clock(Protocol):
    """What the server needs of a clock."""

    def time(self) -> float:
        """Seconds since the epoch, as the clock sees them."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Cancel:
        """Run `callback` once, `seconds` from now, unless the returned function is called."""
        ...


def timestamp(clock: Clock) -> str:
    """Return the clock's time in the form of every `timestamp` on the wire."""
    now = datetime.fromtimestamp(clock.time(), UTC)
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sleep(clock: Clock, seconds: float) -> None:
    """Block this thread for `seconds` of the clock's time."""
    done = threading.Event()
    clock.call_later(seconds, done.set)
    done.wait()


async def asleep(clock: Clock, seconds: float) -> None:
    """Suspend this task for `seconds` of the clock's time; none at all only yields."""
    if seconds <= 0:
        return await checkpoint()
    wake = Wake()
    cancel = clock.call_later(seconds, wake.ring)
    try:
        await wake.wait()
    finally:
        cancel()


class _Timers:
    """A heap of callbacks by due time; `changed` is notified whenever it is touched."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._live: set[int] = set()
        self._ids = itertools.count()
        self.changed = threading.Condition()

    def add(self, when: float, callback: Callable[[], None]) -> Cancel:
        with self.changed:
            key = next(self._ids)
            self._live.add(key)
            heapq.heappush(self._heap, (when, key, callback))
            self.changed.notify_all()
        return lambda: self._cancel(key)

    def _cancel(self, key: int) -> None:
        with self.changed:
            self._live.discard(key)
            self.changed.notify_all()

    def next_due(self) -> float | None:
        """The earliest due time; call it with `changed` held."""
        while self._heap and self._heap[0][1] not in self._live:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> Callable[[], None] | None:
        due = self.next_due()
        if due is None or due > now:
            return None
        _, key, callback = heapq.heappop(self._heap)
        self._live.discard(key)
        return callback

    def __len__(self) -> int:
        return len(self._live)


class RealClock:
    """The machine's time; one daemon thread fires the callbacks."""

    def __init__(self) -> None:
        self._timers = _Timers()
        self._thread: threading.Thread | None = None

    def time(self) -> float:
        return time.time()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Cancel:
        with self._timers.changed:
            if self._thread is None or not self._thread.is_alive():  # dead in a forked child
                self._thread = threading.Thread(target=self._run, name="flue-clock", daemon=True)
                self._thread.start()
        return self._timers.add(time.monotonic() + seconds, callback)

    def _run(self) -> None:
        timers = self._timers
        while True:
            with timers.changed:
                callback = timers.pop_due(time.monotonic())
                if callback is None:
                    due = timers.next_due()
                    timers.changed.wait(None if due is None else max(0.0, due - time.monotonic()))
            if callback is not None:
                try:
                    callback()
                except Exception:
                    _log.exception("a timer's callback failed")


REAL = RealClock()


class VirtualClock:
    """A clock that stands still until it is told to move, for tests of long waits.

    `advance` fires everything due on the way, in order. With `autojump=0.02` the clock jumps to
    the next timer by itself once nothing has asked it for anything for that many real seconds, so
    that a 30 s hold costs 20 ms without a word in the test. `start` is in epoch seconds.
    """

    def __init__(self, *, start: float | None = None, autojump: float | None = None) -> None:
        self._now = time.time() if start is None else start
        self._timers = _Timers()
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
