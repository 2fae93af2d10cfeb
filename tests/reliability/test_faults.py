"""Every call under every fault, once: modes, worlds and connections in turns."""

from __future__ import annotations

import pytest

from .faults import cells
from .matrix.calls import CALLS
from .matrix.lasting import BY_NAME


@pytest.mark.parametrize("fault", BY_NAME)
def test_each_call_under_a_fault_is_as_declared(fault: str) -> None:
    for cell in cells(fault, quick=True):
        cell.check()


def test_the_part_that_is_run_has_each_call_once() -> None:
    columns = list(dict.fromkeys(call.column for call in CALLS))
    seen = [[cell.call.column for cell in cells(name, quick=True)] for name in BY_NAME]
    assert all(sorted(each) == sorted(columns) for each in seen)
