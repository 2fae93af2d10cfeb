"""A run on a raw server."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import trustme

from tests.servers.raw import RawServer
from tests.streams.faults import Line
from tests.streams.replay import RUN, Replay, run_end, whole_run

from .calls import Call
from .faults import Fault
from .stage import RawStage

EVENTS, PAGE = 9, 4


class RunStage(RawStage):
    """A run of nine events, four a page. A live call finds four of them, and waits for the rest."""

    first = PAGE
    run_id = RUN

    def __init__(self, call: Call, fault: Fault, *, tls: trustme.CA | None) -> None:
        self._run = whole_run(EVENTS)
        begun = call.is_live or call.is_post
        there = self._run[:PAGE] if begun else self._run
        hold = 0.1 if fault.when == "closing" else 30.0
        kind = partial(_Watched, at_tail=self._at_tail) if call.column == "wait" else Replay
        self._replay = kind(there, closed=not begun, page=PAGE, hold=hold)
        self._is_begun = False
        super().__init__(RawServer(self._replay, tls=tls or False), call, fault)
        self._gone_on = not begun

    def let_rest_happen(self) -> None:
        self._replay.append(*self._run[PAGE:], close=True)

    def lose(self) -> None:
        """Have a shorter run in its place."""
        self._replay.items = [self._run[0]]
        self._replay.append(run_end(1), close=True)

    def expected(self) -> list[Any]:
        return [self._run[-1]["result"]] if self.call.column == "wait" else self._run

    def _at_tail(self) -> None:
        if not self._is_begun:
            self._is_begun = True
            self.begun()


class _Watched(Replay):
    """Tells when all there is was read, to a stage whose call shows nothing before its end."""

    def __init__(self, *arguments: Any, at_tail: Callable[[], None], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._at_tail = at_tail

    def _wait(self, line: Line, place: int, seconds: float) -> bool:
        if place == len(self.items):
            self._at_tail()
        return super()._wait(line, place, seconds)
