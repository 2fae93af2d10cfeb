"""The event log of one run while it is alive: numbers events, stamps them, appends them, tells.

An event's `eventIndex` counts everything emitted, its place in the stream only what is stored, so
indexes may have gaps and offsets never do. Streamed deltas are held back until the next other
event or for `delta_hold` seconds, as the genuine server does to spare its storage.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ._clock import Cancel, Clock, timestamp
from ._json import dumps
from ._rules import Rule
from ._store import Store

DELTAS = frozenset({"text_delta", "thinking_start", "thinking_delta", "thinking_end"})

_EVENT = Rule("a mapping", (Mapping,), lambda value: True)
OnAppend = Callable[[str, list[str]], None]


def describe(error: BaseException) -> dict[str, str]:
    """Return an exception as the wire shows it: a name and a message, no traceback."""
    return {"name": type(error).__name__, "message": str(error)}


class EventLog:
    """One run's log; every method may be called from any thread."""

    def __init__(
        self, run_id: str, store: Store, clock: Clock, on_append: OnAppend, delta_hold: float
    ) -> None:
        self.run_id = run_id
        self._store = store
        self._clock = clock
        self._on_append = on_append
        self._delta_hold = delta_hold
        self._held: list[str] = []
        self._cancel: Cancel | None = None
        self._index = self._next_index()
        self._lock = threading.RLock()

    def _next_index(self) -> int:
        """One more than the last stored event has, which may be more than there are events."""
        run = self._store.get(self.run_id)
        last = [] if run is None else self._store.read(self.run_id, run.size - 2, 1).texts
        return int(json.loads(last[0]).get("eventIndex", 0)) + 1 if last else 0

    def skip(self) -> None:
        """Spend an index on an event that is never published (a real run has such gaps)."""
        with self._lock:
            self._index += 1

    def emit(
        self, event: Mapping[str, Any], *, close: bool = False, record: str | None = None
    ) -> None:
        """Append one event; the log's own fields are added, and `runId` where it is missing.

        `close` closes the log with it, and `record` is the run's final one.
        """
        _EVENT.check("event", event)
        if not isinstance(event.get("type"), str):
            raise ValueError(f"an event needs a type, a str: {dict(event)!r}")
        with self._lock:
            fields = {**event, "runId": event.get("runId", self.run_id), "v": event.get("v", 3)}
            text = dumps({**fields, "eventIndex": self._index, "timestamp": timestamp(self._clock)})
            self._index += 1
            if event.get("type") in DELTAS and self._delta_hold > 0:
                self._hold(text)
            else:
                self.flush(text, close=close, record=record)

    def raw(self, *texts: str) -> None:
        """Append texts as they are, numbered and stamped by somebody else."""
        with self._lock:
            self._index += len(texts)
            self.flush(*texts)

    def _hold(self, text: str) -> None:
        self._held.append(text)
        if self._cancel is None:
            self._cancel = self._clock.call_later(self._delta_hold, self.flush)

    def flush(self, *texts: str, close: bool = False, record: str | None = None) -> None:
        """Append what was held back, then `texts`."""
        with self._lock:
            if self._cancel is not None:
                self._cancel()
                self._cancel = None
            batch, self._held = [*self._held, *texts], []
            if batch or close:
                final = None if record is None else (record, self._clock.time())
                self._store.append(self.run_id, batch, close=close, final=final)
                self._on_append(self.run_id, batch)


@attrs.define
class LiveRun:
    """A run that has been admitted: its log, and how it ended once `done` is set."""

    run_id: str
    workflow: str
    input: Any
    started: float
    log: EventLog
    done: threading.Event = attrs.field(factory=threading.Event)
    result: Any = None
    error: BaseException | None = None
