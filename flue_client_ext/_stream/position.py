"""Where a reading stands, and where it has been: servers, replicas and caches repeat themselves.

Offsets are opaque, so all that can be told is that one was reached before. The first and the latest
of a reading are remembered: an answer that is replayed from the start, and one of a while ago."""

from __future__ import annotations

from collections import deque

from .._values.steps import Batch
from .page import Reading

_REMEMBERED = 64
_CERTAIN = ("-1", "now")
"""Offsets that cannot point beyond the end of a stream."""


class Position:
    """The offset of one reading, and what is known of it; it only moves on."""

    def __init__(self, offset: str) -> None:
        self.offset = offset
        self.cursor: str | None = None
        self.batches = 0
        self.caught_up = False
        self.is_confirmed = offset in _CERTAIN
        """Whether the server's stream is known to reach as far."""
        self.has_batch = self.behind = False
        """Of the answer under way: whether it has brought a batch, and whether these have not yet
        come to where the reading stands."""
        self._first = {offset}
        self._latest: deque[str] = deque((offset,), maxlen=_REMEMBERED)

    def begin_answer(self) -> None:
        self.has_batch = self.behind = False

    def reconnect(self) -> None:
        """The next answer may come from a server that has lost its store."""
        self.is_confirmed = self.offset in _CERTAIN

    def is_repeated(self, batch: Batch) -> bool:
        """Whether `batch` was handed over before. An answer that begins with such a one is behind
        until it comes to where the reading stands: all before that is repeated."""
        current = batch.offset == self.offset
        old = batch.offset in self._latest or batch.offset in self._first
        self.behind = not current and (self.behind or (old and not self.has_batch))
        self.has_batch = True
        return self.behind or (old and (bool(batch.items) or not current))

    def move(self, reading: Reading) -> bool:
        """Stand behind a batch that was handed over; say whether the offset is a new one."""
        batch = reading.batch
        self.batches += 1
        self.is_confirmed = True
        self.cursor = reading.cursor or self.cursor
        self.caught_up = batch.up_to_date
        if batch.offset == self.offset:
            return False
        self.offset = batch.offset
        self._latest.append(self.offset)
        if len(self._first) < _REMEMBERED:
            self._first.add(self.offset)
        return True
