"""What is known of a run itself: its record, and what its own events add."""

from __future__ import annotations

from typing import Any

from .reading import amount_at, as_error, as_text, text_at, time_at
from .span import Span, Status

Json = dict[str, Any]
_STATUS: dict[str | None, Status] = {
    "active": "running",
    "completed": "completed",
    "errored": "failed",
}


class RunFacts:
    """The fields of a record. Events complete it: the record may be older, or missing."""

    def __init__(self, record: Json) -> None:
        self._run = dict(record)

    def started(self, event: Json) -> None:
        for name in ("runId", "workflowName", "startedAt", "input"):
            if name in event:
                self._run.setdefault(name, event[name])

    def ended(self, event: Json) -> None:
        self._run["status"] = "errored" if event.get("isError") is True else "completed"
        self._run["endedAt"] = event.get("timestamp")
        self._run.setdefault("runId", event.get("runId"))
        for name in ("durationMs", "result", "error"):
            if name in event:
                self._run[name] = event[name]

    def describe(self, root: Span) -> None:
        """Say in the tree's root what is known."""
        run = self._run
        root.name = text_at(run, "workflowName") or ""
        root.start, root.end = time_at(run, "startedAt"), time_at(run, "endedAt")
        root.duration = amount_at(run, "durationMs")
        root.status = _STATUS.get(text_at(run, "status"), "unfinished" if run else "")
        root.note("run", text_at(run, "runId"))
        if "input" in run:
            root.say("Input", as_text(run["input"]), "data")
        if "result" in run and root.status == "completed":
            root.say("Result", as_text(run["result"]), "data")
        if run.get("error") is not None:
            root.say("Error", as_error(run["error"]), "error")
