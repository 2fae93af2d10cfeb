"""What a stream has done so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from attrs import frozen

State: TypeAlias = Literal["new", "connecting", "reading", "waiting", "ended"]


@frozen
class StreamStats:
    """A snapshot of a stream's counters.

    `state`: `new`, `connecting` (a request is out), `reading`, `waiting` (before a retry) or
    `ended`; `mode`: how it reads now (`page`, `long-poll`, `sse`, or `bulk`: SSE used for
    catching up); `reconnects`: requests sent after a failed one; `duplicates_dropped`: items
    that a server sent twice; `bytes_received`: of bodies; `last_byte_age`: seconds since the last
    byte, `None` before the first."""

    state: State
    mode: str | None
    reconnects: int
    duplicates_dropped: int
    bytes_received: int
    last_byte_age: float | None


class Counters:
    """The counters behind `StreamStats`; written by the flow only."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._last_byte: float | None = None
        self.state: State = "new"
        self.mode: str | None = None
        self.reconnects = 0
        self.duplicates = 0
        self.bytes = 0

    def begin(self, mode: str) -> None:
        self.state = "connecting"
        if mode != "tail":  # a check between two reads
            self.mode = mode

    def reading(self) -> None:
        """Note that bytes have come."""
        self.state, self._last_byte = "reading", self._monotonic()

    def received(self, size: int) -> None:
        self.reading()
        self.bytes += size

    def snapshot(self) -> StreamStats:
        age = None if self._last_byte is None else max(self._monotonic() - self._last_byte, 0.0)
        return StreamStats(self.state, self.mode, self.reconnects, self.duplicates, self.bytes, age)
