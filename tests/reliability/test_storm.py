"""A small storm of cancellations; `python -m tests.reliability storm` is the whole one."""

from __future__ import annotations

from .options import Options
from .storm import experiment


def test_calls_that_are_cut_off_end_and_leave_nothing() -> None:
    assert "cancelled" in experiment(Options(quick=True))
