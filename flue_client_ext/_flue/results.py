"""What calls return, beside the views that are generated from the spec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from attrs import frozen

from flue_client.models import FlueEvent

if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultTypeVar

    R = DefaultTypeVar("R", default=Any)
else:
    R = TypeVar("R")

_NOTHING: Any = None


@frozen
class WorkflowRunResult(Generic[R]):
    """A run that has completed: its id and the workflow's return value.

    An annotation names the type of the result, which is not checked:
    `done: WorkflowRunResult[Summary] = client.workflows.run(...)`.
    """

    run_id: str
    result: R


@frozen
class RunOutcome(Generic[R]):
    """How one of many runs ended: a result, or the error that a single call would have raised.

    `index` is that of the run's input or id in what was passed in; `run_id` is `None` when the run
    could not be started. `result` is `None` where there is an `error`. Its type can be named as in
    `WorkflowRunResult`.
    """

    index: int
    run_id: str | None
    result: R = _NOTHING
    error: Exception | None = None

    @property
    def ok(self) -> bool:
        """Whether the run completed."""
        return self.error is None

    def unwrap(self) -> R:
        """Return the result, or raise the `error`, as a single call would have."""
        if self.error is not None:
            raise self.error
        return self.result


class EventBatch(NamedTuple):
    """Events that belong together, and the offset after them, to be committed together."""

    events: list[FlueEvent]
    offset: str

    def __eq__(self, other: object) -> bool:
        """Equal to another batch of the same content, and to no other tuple."""
        return isinstance(other, EventBatch) and tuple(self) == tuple(other)

    def __ne__(self, other: object) -> bool:
        return not self == other
