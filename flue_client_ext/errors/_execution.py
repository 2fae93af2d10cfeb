"""The error of a run or a submission that failed at the server."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from .._values.jsoncodec import as_object
from ._base import FlueError, fact

Target: TypeAlias = Literal["workflow", "agent_submission"]
Failure: TypeAlias = Literal["failed", "aborted", "terminal_event_missing"]


class FlueExecutionError(FlueError):
    """The run or the agent's submission itself failed (`failure == "failed"`), was aborted
    (`"aborted"`), or ended without saying how (`"terminal_event_missing"`).

    `target` is `"workflow"` and `target_id` a run id, or `"agent_submission"` and a submission id,
    which is empty where `agents.prompt` has failed at a server before 2.0: it does not tell the id.
    `error` is the server's error object, if any.
    """

    target: Target = fact("`workflow` or `agent_submission`.")
    target_id: str = fact("The id of the run or submission.")
    failure: Failure = fact("`failed`, `aborted` or `terminal_event_missing`.")
    error: Any = fact("The server's error object, if any.")

    def __init__(
        self, *, target: Target, target_id: str, failure: Failure, error: Any = None
    ) -> None:
        what = _NOUNS.get(target, target)
        named = f"{what} {target_id}" if target_id else what
        super().__init__(f"{named} {_failure_text(target, failure, error)}")
        self.target = target
        self.target_id = target_id
        self.failure = failure
        self.error = error

    @property
    def run_id(self) -> str | None:
        """A run's id: `target_id` under the name that the rest of the package uses."""
        return self.target_id if self.target == "workflow" else None

    @property
    def submission_id(self) -> str | None:
        """A submission's id: `target_id` under the name that the rest of the package uses."""
        return (self.target_id or None) if self.target == "agent_submission" else None


_NOUNS = {"workflow": "workflow run", "agent_submission": "agent submission"}
_MISSING = {
    "workflow": "no run_end event, no terminal record",
    "agent_submission": "no settlement",
}


def _failure_text(target: str, failure: str, error: Any) -> str:
    if failure == "terminal_event_missing":
        return f"ended without saying how ({_MISSING.get(target, 'no end')})"
    what = "was aborted" if failure == "aborted" else "failed"
    facts = as_object(error)
    if isinstance(facts.get("message"), str):
        name = facts.get("name")
        named = name if isinstance(name, str) and name else "Error"
        return f"{what}: {named}: {facts['message']}"
    return f"{what}: {error}" if isinstance(error, str) else what
