"""A peer that vanishes is noticed, with limits of a few seconds: see `vanished`."""

from __future__ import annotations

import pytest

from tests.servers.wire import NoNetwork

from . import vanished
from .options import Options
from .vanished_cases import Row


def test_a_vanished_peer_is_noticed_wherever_a_call_waits() -> None:
    """Twice at most: a network of which a process stands still is like one that has vanished."""
    try:
        if failing():
            assert failing() == []
    except NoNetwork as error:
        pytest.skip(f"a network of its own is needed: {error}")


def failing() -> list[Row]:
    """What is not as it should be."""
    return [row for row in vanished.measure(Options(quick=True)) if not row["ok"]]
