"""The server's only source of time: holds, heartbeats, retention and faults all ask a clock.

Callbacks run on whatever thread moves the clock and must only wake somebody. `RealClock` moves by
itself; `_virtual_clock` has the one that a test moves.
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


class Timers:
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
        self._timers = Timers()
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
