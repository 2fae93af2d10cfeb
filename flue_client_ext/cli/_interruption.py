"""Ctrl-C as the end of one thing, not of the program."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Self


class Interruption:
    """Takes Ctrl-C for a block of code: it stops what the block does, and nothing is raised. So no
    step of the block is interrupted in its middle. A second one is raised."""

    def __init__(self) -> None:
        self.happened = False
        self._stop: Callable[[], object] = lambda: None

    def stops(self, stop: Callable[[], object]) -> None:
        """Call `stop` at Ctrl-C, in whatever state the program is then."""
        self._stop = stop
        if self.happened:
            stop()

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._heard)
        return self

    def __exit__(self, *exception: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self.happened:
            raise KeyboardInterrupt
        self.happened = True
        self._stop()
