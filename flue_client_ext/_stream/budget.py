"""The part of a call's deadline that a shortcut may spend without a new batch.

The budget is half of the time that remains when the shortcut begins, or when a batch comes. The
other half is for pages, so a call with a deadline gets at least what pages alone would bring."""

from __future__ import annotations

import math
from collections.abc import Callable


class Budget:
    """The seconds that a shortcut may still use; infinite without a deadline."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._deadline = self._ends = math.inf

    def begin(self, time_left: float) -> None:
        """`time_left`: seconds until the deadline of the call."""
        self._deadline = self._monotonic() + time_left
        self.renew()

    def renew(self) -> None:
        """Start again with half of the time that remains now."""
        if self._deadline < math.inf:
            now = self._monotonic()
            self._ends = now + (self._deadline - now) / 2

    @property
    def remaining(self) -> float:
        return max(self._ends - self._monotonic(), 0.0)
