"""The error of a run that failed at the server."""

from __future__ import annotations

from typing import Any

from .._values.jsoncodec import as_object
from ._base import FlueError, fact, printable


class FlueExecutionError(FlueError):
    """The run itself failed (`failure == "failed"`) or ended without saying how
    (`failure == "terminal_event_missing"`).

    `target` is `"workflow"`, `target_id` the run id; `error` is the server's error object, if any.
    """

    target: str = fact("`workflow`.")
    target_id: str = fact("The run's id.")
    failure: str = fact("`failed` or `terminal_event_missing`.")
    error: Any = fact("The server's error object, if any.")

    def __init__(self, *, target: str, target_id: str, failure: str, error: Any = None) -> None:
        super().__init__(f"{target} run {target_id} {_failure_text(failure, error)}")
        self.target = target
        self.target_id = target_id
        self.failure = failure
        self.error = error

    @property
    def run_id(self) -> str:
        """The failed run's id: `target_id` under the name that the rest of the package uses."""
        return self.target_id


def _failure_text(failure: str, error: Any) -> str:
    if failure == "terminal_event_missing":
        return "ended without saying how (no run_end event, no terminal record)"
    facts = as_object(error)
    if isinstance(facts.get("message"), str):
        return printable(f"failed: {facts.get('name') or 'Error'}: {facts['message']}")
    return printable(f"failed: {error}") if isinstance(error, str) else "failed"
