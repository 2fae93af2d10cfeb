"""A peer that vanishes is noticed, with limits of a few seconds: see `vanished`."""

from __future__ import annotations

import pytest

from tests.servers.wire import NoNetwork

from . import vanished
from .options import Options


def test_a_vanished_peer_is_noticed_wherever_a_call_waits() -> None:
    try:
        rows = vanished.measure(Options(quick=True))
    except NoNetwork as error:
        pytest.skip(f"a network of its own is needed: {error}")
    assert [row for row in rows if not row["ok"]] == []
