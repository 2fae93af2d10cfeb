"""Every call under every fault, once: modes, worlds and connections in turns."""

from __future__ import annotations

from collections import defaultdict

import pytest

from .__main__ import PAGE
from .faults import cells
from .matrix.calls import CALLS
from .matrix.lasting import BY_NAME
from .matrix.table import tables


@pytest.mark.parametrize("fault", BY_NAME)
def test_each_call_under_a_fault_is_as_declared(fault: str) -> None:
    for cell in cells(fault, quick=True):
        cell.check()


def test_the_part_that_is_run_has_each_call_once() -> None:
    columns = list(dict.fromkeys(call.column for call in CALLS))
    seen = [[cell.call.column for cell in cells(name, quick=True)] for name in BY_NAME]
    assert all(sorted(each) == sorted(columns) for each in seen)


def test_the_page_shows_what_is_declared() -> None:
    outcomes: dict[tuple[str, str], dict[tuple[str, str, str], str]] = defaultdict(dict)
    for name in BY_NAME:
        for cell in cells(name, quick=False):
            circumstances = cell.call.mode, cell.world, cell.channel
            outcomes[name, cell.call.column][circumstances] = cell.declared
    assert tables(outcomes) in PAGE.read_text()
