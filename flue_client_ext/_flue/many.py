"""Many runs at once, without I/O: what is to be done, and in which order the outcomes are handed
out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from attrs import frozen

from .._values.steps import Flow
from ..errors import Identifiers
from .results import RunOutcome, WorkflowRunResult

OnProgress = Callable[[int, int], object]


@frozen
class Job:
    """One run to be waited for; `index` is that of its input."""

    index: int
    identifiers: Identifiers
    flow: Flow[WorkflowRunResult[Any]]

    def succeeded(self, result: WorkflowRunResult[Any]) -> RunOutcome:
        return RunOutcome(self.index, result.run_id, result.result)

    def failed(self, error: Exception) -> RunOutcome:
        run_id: str | None = getattr(error, "run_id", None) or self.identifiers.run_id
        return RunOutcome(self.index, run_id, error=error)


class Collector:
    """Takes outcomes as they complete; gives them out as they were asked for."""

    def __init__(
        self, total: int, ordered: bool, return_errors: bool, on_progress: OnProgress | None
    ) -> None:
        self._total = total
        self._ordered = ordered
        self._return_errors = return_errors
        self._on_progress = on_progress
        self._waiting: dict[int, RunOutcome] = {}
        self._done = self._next = 0

    def tell(self) -> object:
        """Count one more outcome, before it is taken; return what `on_progress` returns."""
        self._done += 1
        return None if self._on_progress is None else self._on_progress(self._done, self._total)

    def take(self, outcome: RunOutcome) -> Iterator[RunOutcome]:
        """Yield what can be handed out now; raise the first error unless errors are values."""
        if outcome.error is not None and not self._return_errors:
            raise outcome.error
        if not self._ordered:
            yield outcome
            return
        self._waiting[outcome.index] = outcome
        while self._next in self._waiting:
            yield self._waiting.pop(self._next)
            self._next += 1
