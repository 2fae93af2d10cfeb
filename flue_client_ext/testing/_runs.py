"""Every run of one server: admitted, read, listened to, ended. Knows no HTTP.

A run lives here and in its own thread, not in a connection: it goes on when its caller hangs up,
and when the server stops listening for a while.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from ._clock import Clock, timestamp
from ._ids import ulid
from ._json import dumps
from ._listeners import Listeners
from ._log import EventLog, LiveRun, describe
from ._store import Page, Run, Store

_UNSET: Any = object()


class Runs:
    """The runs of one server, over its store and clock."""

    def __init__(
        self, store: Store, clock: Clock, retention: float | None, delta_hold: float
    ) -> None:
        self.store = store
        self.clock = clock
        self._retention = retention
        self._delta_hold = delta_hold
        self._listeners = Listeners()
        self._ending: set[str] = set()
        self._observing: set[tuple[int, str]] = set()  # by thread
        self.observers: list[Callable[[str, dict[str, Any]], None]] = []

    def log_of(self, run_id: str) -> EventLog:
        """Open a run's log for appending."""
        return EventLog(run_id, self.store, self.clock, self._appended, self._delta_hold)

    def admit(self, workflow: str, given: Any = _UNSET) -> LiveRun:
        """Record a new run and its first event; `given` is left out when there was no input."""
        started = self.clock.time()
        run_id = ulid("run", started)
        told: dict[str, Any] = {"startedAt": timestamp(self.clock)}
        if given is not _UNSET:
            told["input"] = given
        record = {"runId": run_id, "workflowName": workflow, "status": "active", **told}
        self.store.create(run_id, workflow, dumps(record))
        log = self.log_of(run_id)
        log.emit({"type": "run_start", "runId": run_id, "workflowName": workflow, **told})
        return LiveRun(run_id, workflow, None if given is _UNSET else given, started, log)

    def end(self, run: LiveRun, result: Any, error: BaseException | None) -> None:
        """Close a run: `run_end`, the closed log and the final record, all at once.

        A genuine server is done with its record a moment later; tests need not wait for that.
        Whatever an observer raises, nobody is left waiting for the end.
        """
        lasted = round((self.clock.time() - run.started) * 1000)
        failure = {} if error is None else {"error": describe(error)}
        end = {
            "type": "run_end",
            "runId": run.run_id,
            "result": result,
            "isError": error is not None,
        }
        record = self._final(run.run_id, failure or {"result": result}, lasted)
        self._ending.add(run.run_id)  # before the record shows the end, see `ended`
        try:
            run.log.emit({**end, **failure, "durationMs": lasted}, close=True, record=record)
        finally:
            self._ending.discard(run.run_id)
            run.result, run.error = result, error
            run.done.set()
            self.changed(run.run_id)

    def _final(self, run_id: str, outcome: dict[str, Any], lasted: int) -> str | None:
        """The record of a run that ends now; `None` when the run has been forgotten."""
        stored = self.store.get(run_id)
        if stored is None:
            return None
        failed = "error" in outcome
        ended = {"endedAt": timestamp(self.clock), "isError": failed, "durationMs": lasted}
        status = {"status": "errored" if failed else "completed"}
        return dumps({**json.loads(stored.record), **status, **ended, **outcome})

    def adopt(self, record: Mapping[str, Any], texts: Sequence[str]) -> None:
        """Take over a run that ended elsewhere: its record, and its events as they were."""
        run_id = record["runId"]
        self.store.create(run_id, record["workflowName"], dumps(record))
        self.store.append(run_id, texts, close=True)
        self.store.end(run_id, dumps(record), self.clock.time())

    def recover(self) -> None:
        """End what a crash interrupted, as Flue's recovery does: `run_resume`, failed `run_end`."""
        for run_id in self.store.run_ids():
            stored = self.store.get(run_id)
            if stored is None or stored.closed:
                continue
            record = json.loads(stored.record)
            began = datetime.fromisoformat(record["startedAt"]).timestamp()
            run = LiveRun(run_id, stored.workflow, None, began, self.log_of(run_id))
            told = {"workflowName": stored.workflow, "startedAt": record["startedAt"]}
            run.log.emit({"type": "run_resume", "runId": run_id, **told})
            self.end(run, None, InterruptedError("The run was interrupted."))

    def find(self, run_id: str) -> Run | None:
        """Return a run, unless it is unknown or its retention has passed."""
        run = self.store.get(run_id)
        if run is None or self._retention is None or run.ended_at is None:
            return run
        if run.ended_at + self._retention > self.clock.time():
            return run
        self.store.forget(run_id)
        return None

    def record(self, run_id: str) -> dict[str, Any]:
        """Return a run's record as a value; `KeyError` for an unknown run."""
        run = self.store.get(run_id)
        if run is None:
            raise KeyError(f"this server has no run {run_id!r}")
        record: dict[str, Any] = json.loads(run.record)
        return record

    def events(self, run_id: str) -> list[dict[str, Any]]:
        """Return a run's events as values; `KeyError` for an unknown run."""
        self.record(run_id)
        return [json.loads(text) for text in self.store.read(run_id, -1, -1).texts]

    def ended(self, run_id: str) -> bool:
        """Whether a run has ended and its observers have returned; `KeyError` for an unknown run.

        An observer of the run's last event sees it ended; one of an earlier event would wait for
        itself, which is a `RuntimeError`.
        """
        observing = (threading.get_ident(), run_id) in self._observing
        if self.record(run_id)["status"] != "active":
            return observing or run_id not in self._ending
        if observing:
            raise RuntimeError(f"an observer of {run_id} cannot wait for its end: it holds it up")
        return False

    def subscribe(self, run_id: str, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` whenever the run's log changes, until the returned function is called."""
        return self._listeners.subscribe(run_id, listener)

    def followers(self, run_id: str) -> int:
        """Return how many readers wait for news of a run."""
        return self._listeners.count(run_id)

    def changed(self, run_id: str) -> None:
        """Wake everybody who follows this run."""
        self._listeners.changed(run_id)

    def feed(self, run_id: str) -> RunFeed:
        """Return a run's log as something to read page by page."""
        return RunFeed(self, run_id)

    def _appended(self, run_id: str, texts: list[str]) -> None:
        self.changed(run_id)
        here = (threading.get_ident(), run_id)
        outermost = here not in self._observing  # an observer may emit events itself
        self._observing.add(here)
        try:
            for observer in self.observers:
                for text in texts:
                    observer(run_id, json.loads(text))
        finally:
            if outermost:
                self._observing.discard(here)


@attrs.frozen
class RunFeed:
    """One run's events, page by page, and the news of them."""

    runs: Runs
    run_id: str

    def read(self, after: int, limit: int) -> Page:
        return self.runs.store.read(self.run_id, after, limit)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        return self.runs.subscribe(self.run_id, listener)
