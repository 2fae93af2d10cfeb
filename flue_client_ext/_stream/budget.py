"""The part of a call's deadline that a shortcut may use up without bringing anything.

It is half of the time that remained when the shortcut began, or when the last batch came. Pages
have the other half, so a call with a deadline gets what pages alone would have brought."""

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
        """Count from now on."""
        now = self._monotonic()
        self._ends = now + (self._deadline - now) / 2

    @property
    def remaining(self) -> float:
        return max(self._ends - self._monotonic(), 0.0)
