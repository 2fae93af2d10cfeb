"""What depends on the speed of the machine: a short time first, longer ones where it was busy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")


def patiently(attempt: Callable[[float], T], *seconds: float) -> T:
    """Return what `attempt` returns with the first of these times with which it does not fail.

    A process may stand still for seconds, and a short time pass too early for what a test is about.
    What is wrong fails with each of them, so the last failure counts."""
    *shorter, longest = seconds
    for time in shorter:
        try:
            return attempt(time)
        except (Exception, pytest.fail.Exception):
            continue
    return attempt(longest)
