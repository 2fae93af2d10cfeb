"""Follows a run to its end, started here or elsewhere, and returns its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flue_client.models import FlueEvent, RunEndEvent, WorkflowInvokeResult

from .._stream.backoff import BackoffOptions
from .._stream.for_each import for_each_batch
from .._stream.options import Live, ReadOptions
from .._stream.stats import Counters
from .._values.steps import Batch, Call, Flow, Outcome
from ..errors import FlueExecutionError, Identifiers
from .api import Api
from .delivery import EventDelivery
from .results import WorkflowRunResult

OnEvent = Callable[[FlueEvent], Any]


def run(
    api: Api,
    name: str,
    input: Any,
    *,
    on_event: OnEvent | None,
    live: Live,
    backoff: BackoffOptions | None,
    counters: Counters,
    identifiers: Identifiers,
) -> Flow[WorkflowRunResult[Any]]:
    """Start a run, follow it to its end and return its result. Sets its id in `identifiers`."""
    invoke = api.invoke(name, input, deadline=False, backoff=backoff)
    return _run(api, invoke, on_event, live, backoff, counters, identifiers)


def _run(
    api: Api,
    invoke: Flow[WorkflowInvokeResult],
    on_event: OnEvent | None,
    live: Live,
    backoff: BackoffOptions | None,
    counters: Counters,
    identifiers: Identifiers,
) -> Flow[WorkflowRunResult[Any]]:
    started = yield from invoke
    identifiers.run_id = started.run_id
    waiting = wait(api, started.run_id, counters, live=live, on_event=on_event, backoff=backoff)
    return (yield from waiting)


def wait(
    api: Api,
    run_id: str,
    counters: Counters,
    *,
    live: Live,
    on_event: OnEvent | None = None,
    backoff: BackoffOptions | None = None,
) -> Flow[WorkflowRunResult[Any]]:
    """Follow a run to its end; return its result or raise its failure.

    Without `on_event`, the stream begins with the latest event: only the end matters.
    """
    delivery = EventDelivery(run_id, "-1")
    ends: list[RunEndEvent] = []

    def take(batch: Batch) -> Flow[None]:
        for event in delivery.begin(batch):
            if isinstance(event, RunEndEvent):
                ends.append(event)
            if on_event is not None:
                outcome: Outcome = yield Call(partial(on_event, event))
                outcome.get()
        delivery.check()

    tail = 1 if on_event is None else None
    options = ReadOptions(api.credentials, live=live, backoff=backoff)
    stream = api.follow(run_id, options, counters, tail=tail)
    yield from for_each_batch(stream, take)
    end = ends[-1].to_dict() if ends else {}
    if isinstance(failed := end.get("isError"), bool):
        return _ended(run_id, failed, end)
    record = (yield from api.get_run(run_id, backoff)).to_dict()
    if record.get("status") not in ("completed", "errored"):
        raise FlueExecutionError(
            target="workflow", target_id=run_id, failure="terminal_event_missing"
        )
    return _ended(run_id, record["status"] == "errored", record)


def _ended(run_id: str, failed: bool, end: Mapping[str, Any]) -> WorkflowRunResult[Any]:
    """Return the result in `end`, a `run_end` event or a record, or raise the failure in it."""
    if failed:
        raise FlueExecutionError(
            target="workflow", target_id=run_id, failure="failed", error=end.get("error")
        )
    return WorkflowRunResult(run_id, end.get("result"))
