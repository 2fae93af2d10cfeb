"""Where a reading stands, and where it has been: servers, replicas and caches repeat themselves.

Offsets are opaque, so all that can be told is that one was reached before. The first and the latest
of a reading are remembered: an answer that is replayed from the start, and one of a while ago."""

from __future__ import annotations

from collections import deque

from .steps import Batch

_REMEMBERED = 64


class Position:
    """The offset of one reading; it only moves on."""

    def __init__(self, offset: str) -> None:
        self.offset = offset
        self.behind = False
        """Whether the answer under way has not yet come to where the reading stands."""
        self._begins = True
        self._first = {offset}
        self._latest: deque[str] = deque((offset,), maxlen=_REMEMBERED)

    def begin_answer(self) -> None:
        self._begins, self.behind = True, False

    def is_repeated(self, batch: Batch) -> bool:
        """Whether `batch` was handed over before. An answer that begins with such a one is behind
        until it comes to where the reading stands: all before that is repeated."""
        current = batch.offset == self.offset
        old = batch.offset in self._latest or batch.offset in self._first
        self.behind = not current and (self.behind or (self._begins and old))
        self._begins = False
        return self.behind or (old and (bool(batch.items) or not current))

    def move(self, offset: str) -> None:
        self.offset = offset
        self._latest.append(offset)
        if len(self._first) < _REMEMBERED:
            self._first.add(offset)
