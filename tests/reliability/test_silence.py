"""Silence that outlasts a proxy's patience, in seconds: see `silence`."""

from __future__ import annotations

from tests.servers.flue import FlueServer
from tests.servers.flue2 import Flue2Server

from . import silence
from .options import Options


def test_what_is_silent_for_long_ends_with_its_result(
    genuine: FlueServer, genuine2: Flue2Server
) -> None:
    seen = silence.measure(Options(quick=True), genuine, genuine2)
    assert [each for each in seen if each.wrong] == []
