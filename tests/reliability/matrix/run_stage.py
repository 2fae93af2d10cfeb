"""A run on a raw server."""

from __future__ import annotations

from typing import Any

from tests.servers.raw import RawServer
from tests.streams.replay import RUN, Replay, run_end, whole_run

from .calls import Call
from .faults import Fault
from .stage import RawStage

EVENTS, PAGE = 9, 4


class RunStage(RawStage):
    """A run of nine events, four a page. A live call finds four of them, and waits for the rest."""

    first = PAGE
    run_id = RUN

    def __init__(self, call: Call, fault: Fault) -> None:
        self._run = whole_run(EVENTS)
        begun = call.is_live or call.is_post
        there = self._run[:PAGE] if begun else self._run
        hold = 0.1 if fault.when == "closing" else 30.0
        self._replay = Replay(there, closed=not begun, page=PAGE, hold=hold)
        super().__init__(RawServer(self._replay), call, fault)
        self._gone_on = not begun

    def let_rest_happen(self) -> None:
        self._replay.append(*self._run[PAGE:], close=True)

    def lose(self) -> None:
        """Have a shorter run in its place."""
        self._replay.items = [self._run[0]]
        self._replay.append(run_end(1), close=True)

    def expected(self) -> list[Any]:
        return self._run
