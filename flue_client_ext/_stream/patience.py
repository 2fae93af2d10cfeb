"""How long a reading waits for the answer under way.

Over SSE a batch is due from the beginning of the answer until the tail is reached, and from the
first frame of a batch until its control frame. In a shortcut, the `Budget` limits the wait too."""

from __future__ import annotations

import math
from collections.abc import Callable

from .._values.limits import LIMITS
from .position import Position
from .recovery import Recovery
from .request import Mode


class Patience:
    """The limits of one reading; `begin` starts those of a new answer."""

    def __init__(
        self, recovery: Recovery, position: Position, monotonic: Callable[[], float]
    ) -> None:
        self._recovery = recovery
        self._position = position
        self._monotonic = monotonic
        self._shortcut = False
        self._due_at = math.inf
        """The time since which a batch is due; infinite if none is."""

    def begin(self, mode: Mode) -> None:
        self._shortcut = self._recovery.is_shortcut(mode)
        self._due_at = self._monotonic()
        if not self._recovery.retry.failures:
            self._recovery.budget.renew()

    def limit(self) -> float:
        """Seconds that the next bytes may take: fewer in a shortcut, where pages can take over."""
        if not self._shortcut:
            return LIMITS.read
        return min(LIMITS.start, self._recovery.budget.remaining)

    def is_over(self, holding: bool) -> bool:
        """Whether a batch is overdue, although bytes come. `holding`: a part of one has come."""
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
        """Restart the time after progress; otherwise leave out the consumer's `seconds`."""
        if progress:
            self._due_at = self._monotonic()
            self._recovery.budget.renew()
        else:
            self._due_at += seconds
