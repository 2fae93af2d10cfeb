"""Many runs at once, without I/O: what is to be done, and in which order the outcomes are handed
out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from attrs import define, field, frozen

from .._core.steps import Conversation
from .results import RunOutcome, Subject, WorkflowRunResult

OnProgress = Callable[[int, int], object]


@frozen
class Job:
    """One run to be waited for, at its place in what was passed in."""

    index: int
    subject: Subject
    conversation: Conversation[WorkflowRunResult[Any]]

    def succeeded(self, result: WorkflowRunResult[Any]) -> RunOutcome:
        return RunOutcome(self.index, result.run_id, result.result)

    def failed(self, error: Exception) -> RunOutcome:
        run_id: str | None = getattr(error, "run_id", None) or self.subject.run_id
        return RunOutcome(self.index, run_id, error=error)


@define
class Collector:
    """Takes outcomes as they complete; gives them out as they were asked for."""

    total: int
    ordered: bool
    return_errors: bool
    on_progress: OnProgress | None
    _done: int = field(default=0, init=False)
    _waiting: dict[int, RunOutcome] = field(factory=dict[int, RunOutcome], init=False)
    _next: int = field(default=0, init=False)

    def tell(self) -> object:
        """Count one more outcome, before it is taken; return what `on_progress` returns."""
        self._done += 1
        return None if self.on_progress is None else self.on_progress(self._done, self.total)

    def take(self, outcome: RunOutcome) -> Iterator[RunOutcome]:
        """Yield what can be handed out now; raise the first error unless errors are values."""
        if outcome.error is not None and not self.return_errors:
            raise outcome.error
        if not self.ordered:
            yield outcome
            return
        self._waiting[outcome.index] = outcome
        while self._next in self._waiting:
            yield self._waiting.pop(self._next)
            self._next += 1
