"""A part of the matrix: every call, fault, mode, world and kind of connection."""

from __future__ import annotations

from collections import defaultdict

import pytest

from .__main__ import PAGE
from .faults import CIRCUMSTANCES, MODES, OVER_TLS, cells, checked
from .matrix.calls import CALLS
from .matrix.lasting import BY_NAME
from .matrix.table import tables


@pytest.mark.parametrize("fault", BY_NAME)
def test_each_call_under_a_fault_is_as_declared(fault: str) -> None:
    for cell in cells(fault, quick=True):
        checked(cell, [])


def test_the_part_that_is_run_has_all_calls_worlds_and_channels() -> None:
    these = [cell for name in BY_NAME for cell in cells(name, quick=True)]
    assert {cell.call.name for cell in these} == {call.name for call in CALLS}
    circumstances = {*CIRCUMSTANCES, *OVER_TLS}
    for fault in BY_NAME:
        assert any(cell.fault.name == fault for cell in these)
    for column in MODES:
        found = {(cell.world, cell.channel) for cell in these if cell.call.column == column}
        assert len(found) > len(circumstances) / 2
    assert {(cell.world, cell.channel) for cell in these} == circumstances


def test_the_page_shows_what_is_declared() -> None:
    outcomes: dict[tuple[str, str], dict[tuple[str, str, str], str]] = defaultdict(dict)
    for name in BY_NAME:
        for cell in cells(name, quick=False):
            circumstances = cell.call.mode, cell.world, cell.channel
            outcomes[name, cell.call.column][circumstances] = cell.declared
    assert tables(outcomes) in PAGE.read_text()
