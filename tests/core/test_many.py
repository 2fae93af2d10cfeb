"""Many runs at once: the order in which outcomes come out, progress, and errors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flue_client_ext import FlueConnectionError, FlueExecutionError
from flue_client_ext._flue.many import Collector, RunJob
from flue_client_ext._flue.results import RunOutcome, WorkflowRunResult
from flue_client_ext.errors import Identifiers


def collector(total: int, ordered: bool = True, **options: Any) -> Collector:
    options = {"return_errors": False, "on_progress": None, **options}
    return Collector(total, ordered, **options)


def outcome(index: int, error: Exception | None = None) -> RunOutcome:
    return RunOutcome(index, f"run_{index}", error=error)


@given(st.permutations(range(8)))
def test_ordered_outcomes_come_in_the_order_asked_for_and_as_early_as_they_can(
    order: list[int],
) -> None:
    collected = collector(8)
    given_out: list[int] = []
    for done, index in enumerate(order):
        given_out += [found.index for found in collected.take(outcome(index))]
        finished = set(order[: done + 1])
        assert given_out == list(range(next(i for i in range(9) if i not in finished)))


@given(st.permutations(range(8)))
def test_unordered_outcomes_come_at_once(order: list[int]) -> None:
    collected = collector(8, ordered=False)
    assert [found.index for i in order for found in collected.take(outcome(i))] == order


@pytest.mark.parametrize("ordered", [True, False])
def test_the_first_error_is_raised_as_soon_as_it_is_known(ordered: bool) -> None:
    collected = collector(3, ordered)
    error = FlueConnectionError("x")
    with pytest.raises(FlueConnectionError) as caught:
        list(collected.take(outcome(2, error)))
    assert caught.value is error


@pytest.mark.parametrize("ordered", [True, False])
def test_errors_are_values_where_that_is_wanted(ordered: bool) -> None:
    collected = collector(2, ordered, return_errors=True)
    error = FlueConnectionError("x")
    (first,) = collected.take(outcome(0, error))
    assert (first.ok, first.error) == (False, error)
    (second,) = collected.take(outcome(1))
    assert second.ok


def test_progress_counts_every_completion_errors_too_and_before_they_are_raised() -> None:
    told: list[tuple[int, int]] = []
    collected = collector(3, on_progress=lambda done, total: told.append((done, total)))
    for finished in (outcome(2), outcome(0)):
        collected.tell()
        list(collected.take(finished))
    collected.tell()
    with pytest.raises(FlueConnectionError):
        list(collected.take(outcome(1, FlueConnectionError("x"))))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_an_outcome_names_its_run_as_well_as_it_can() -> None:
    waiting = RunJob(4, Identifiers("run_4"), iter(()))  # type: ignore[arg-type]
    assert waiting.succeeded(WorkflowRunResult("run_4", {"a": 1})) == RunOutcome(
        4, "run_4", {"a": 1}
    )
    assert waiting.failed(LookupError()).run_id == "run_4"
    starting = RunJob(0, Identifiers(), iter(()))  # type: ignore[arg-type]
    assert starting.failed(FlueConnectionError("x")).run_id is None
    starting.identifiers.run_id = "run_8"
    assert starting.failed(LookupError()).run_id == "run_8"
    known = FlueExecutionError(target="workflow", target_id="run_9", failure="failed")
    assert starting.failed(known).run_id == "run_9"
