"""The offset of a reading, and those that it has passed: servers, replicas and caches may repeat
batches.

Offsets are opaque and have no order, so a repeated batch is known by an offset that was reached
before. The first and the latest offsets are kept. They detect an answer that is replayed from the
start, and one that is a little outdated."""

from __future__ import annotations

from collections import deque

from .._values.steps import Batch
from .page import Reading

_REMEMBERED = 64
_CERTAIN = ("-1", "now")
"""Offsets that cannot point beyond the end of a stream."""


class Position:
    """The offset of one reading, which only moves forwards, and what is known of it."""

    def __init__(self, offset: str) -> None:
        self.offset = offset
        self.cursor: str | None = None
        self.batches = 0
        self.caught_up = False
        self.is_confirmed = self.is_certain
        """Whether the server's stream is known to reach the offset."""
        self.has_batch = self.behind = False
        """Of the answer under way: whether it has brought a batch, and whether its batches repeat
        what comes before the offset."""
        self._first = {offset}
        self._latest: deque[str] = deque((offset,), maxlen=_REMEMBERED)

    @property
    def is_certain(self) -> bool:
        """Whether no stream of this name can be too short for the offset."""
        return self.offset in _CERTAIN

    def begin_answer(self) -> None:
        self.has_batch = self.behind = False

    def reconnect(self) -> None:
        """Record that the next answer may come from a server that has lost its store."""
        self.is_confirmed = self.is_certain

    def is_repeated(self, batch: Batch) -> bool:
        """Whether `batch` was emitted before. An answer that begins with such a batch is behind
        until it reaches the current offset: all its batches before that are repeated."""
        current = batch.offset == self.offset
        old = batch.offset in self._latest or batch.offset in self._first
        self.behind = not current and (self.behind or (old and not self.has_batch))
        self.has_batch = True
        return self.behind or (old and (bool(batch.items) or not current))

    def move(self, reading: Reading) -> bool:
        """Move past a batch that was emitted; return whether its offset is a new one."""
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
