"""Many calls at once, without I/O: what is to be done, and in which order the outcomes are handed
out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from attrs import frozen

from .._values.steps import Flow
from ..errors import Identifiers
from .results import RunOutcome, WorkflowRunResult

OnProgress = Callable[[int, int], object]


class Outcome(Protocol):
    """How one of many calls ended, at its place in what was passed in."""

    @property
    def index(self) -> int: ...
    @property
    def error(self) -> Exception | None: ...


T = TypeVar("T")

if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultTypeVar

    OutcomeT = DefaultTypeVar("OutcomeT", bound=Outcome, default=RunOutcome)
else:
    OutcomeT = TypeVar("OutcomeT")


@frozen
class Job(Generic[T, OutcomeT]):
    """One call to be made, at its place in what was passed in."""

    index: int
    identifiers: Identifiers
    flow: Flow[T]

    @abstractmethod
    def succeeded(self, result: T) -> OutcomeT: ...
    @abstractmethod
    def failed(self, error: Exception) -> OutcomeT: ...


class RunJob(Job[WorkflowRunResult[Any], RunOutcome]):
    """One run to be waited for."""

    def succeeded(self, result: WorkflowRunResult[Any]) -> RunOutcome:
        return RunOutcome(self.index, result.run_id, result.result)

    def failed(self, error: Exception) -> RunOutcome:
        run_id: str | None = getattr(error, "run_id", None) or self.identifiers.run_id
        return RunOutcome(self.index, run_id, error=error)


class Collector(Generic[OutcomeT]):
    """Takes outcomes as they complete; gives them out as they were asked for."""

    def __init__(
        self, total: int, ordered: bool, return_errors: bool, on_progress: OnProgress | None
    ) -> None:
        self._total = total
        self._ordered = ordered
        self._return_errors = return_errors
        self._on_progress = on_progress
        self._waiting: dict[int, OutcomeT] = {}
        self._done = self._next = 0

    def tell(self) -> object:
        """Count one more outcome, before it is taken; return what `on_progress` returns."""
        self._done += 1
        return None if self._on_progress is None else self._on_progress(self._done, self._total)

    def take(self, outcome: OutcomeT) -> Iterator[OutcomeT]:
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
