"""Functions that wait for the disk, for blocking code: they may."""

from __future__ import annotations

from collections.abc import Callable


def aside(function: Callable[[], object]) -> Callable[[], object]:
    """Return `function` as a driver may call it."""
    return function
