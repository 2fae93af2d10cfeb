"""How long the answer under way may keep a reading waiting.

SSE owes a batch from its beginning until it has reached the tail, and again from the first frame of
a batch to its control frame. In a shortcut the time is a part of the call's deadline, too."""

from __future__ import annotations

import math
from collections.abc import Callable

from .._values.limits import LIMITS
from .position import Position
from .recovery import Recovery
from .request import Mode


class Patience:
    """Of one reading; `begin` is told of each of its answers."""

    def __init__(
        self, recovery: Recovery, position: Position, monotonic: Callable[[], float]
    ) -> None:
        self._recovery = recovery
        self._position = position
        self._monotonic = monotonic
        self._shortcut = False
        self._due_at = math.inf
        """Since when SSE owes a batch."""

    def begin(self, mode: Mode) -> None:
        self._shortcut = self._recovery.is_shortcut(mode)
        self._due_at = self._monotonic()
        if not self._recovery.retry.failures:
            self._recovery.budget.renew()

    def limit(self) -> float:
        """Seconds that the next bytes may take; before the tail a server has something to send."""
        if not self._shortcut:
            return LIMITS.read
        return min(LIMITS.start, self._recovery.budget.remaining)

    def is_over(self, holding: bool) -> bool:
        """Whether SSE brings bytes and no batch, although one is due. `holding`: a part of one has
        come."""
        position, budget, shortcut = self._position, self._recovery.budget, self._shortcut
        at_tail = position.has_batch and position.caught_up
        if not (position.behind or (shortcut and (holding or not at_tail))):
            self._due_at = math.inf
            return False
        now = self._monotonic()
        if self._due_at == math.inf:
            self._due_at = now
            budget.renew()
        return now - self._due_at > LIMITS.batch or (shortcut and not budget.remaining)

    def delivered(self, progress: bool, seconds: float) -> None:
        """Count from now after progress; leave out the `seconds` that the consumer took."""
        if progress:
            self._due_at = self._monotonic()
            self._recovery.budget.renew()
        else:
            self._due_at += seconds
