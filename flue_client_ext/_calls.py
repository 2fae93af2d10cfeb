"""Prepares the calls of both clients: checks options, and makes flows and jobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ._flue import arguments as flue_arguments
from ._flue import execution
from ._flue.api import Api
from ._flue.delivery import EventDelivery
from ._flue.execution import OnEvent
from ._flue.many import Collector, OnProgress, RunJob
from ._options import checked_signal, new_counters
from ._stream import arguments
from ._stream.arguments import UNSET, LiveOption, Unset
from ._stream.backoff import BackoffOptions
from ._stream.delivery import Delivery
from ._stream.options import Live
from ._stream.stats import Counters
from ._values.checks import function, several, wrong_type
from ._values.steps import Flow
from .checkpoint import Checkpoint
from .errors import Identifiers
from .signals import AbortSignal


def starting(
    api: Api,
    name: str,
    input: Any,
    live: LiveOption,
    backoff: BackoffOptions | None,
    *,
    on_event: OnEvent | None = None,
    index: int = 0,
) -> RunJob:
    """A run that is to be started and carried to its end."""
    identifiers = Identifiers()
    flow = execution.run(
        api,
        name,
        input,
        on_event=function(on_event, "on_event"),
        live=followed(live),
        backoff=arguments.backoff_options(backoff),
        counters=new_counters(),
        identifiers=identifiers,
    )
    return RunJob(index, identifiers, flow)


def all_starting(
    api: Api,
    name: str,
    inputs: Iterable[Any],
    live: LiveOption,
    backoff: BackoffOptions | None,
) -> list[RunJob]:
    """A run for each input."""
    return [
        starting(api, name, input, live, backoff, index=index)
        for index, input in enumerate(several(inputs, "inputs"))
    ]


def waiting(
    api: Api, run_id: str, live: LiveOption, backoff: BackoffOptions | None, *, index: int = 0
) -> RunJob:
    """A run that was started elsewhere and is to be carried to its end."""
    flow = execution.wait(
        api,
        flue_arguments.segment(run_id, "run_id"),
        new_counters(),
        live=followed(live),
        backoff=arguments.backoff_options(backoff),
    )
    return RunJob(index, Identifiers(run_id), flow)


def all_waiting(
    api: Api, run_ids: Iterable[str], live: LiveOption, backoff: BackoffOptions | None
) -> list[RunJob]:
    """All of these runs."""
    return [
        waiting(api, run_id, live, backoff, index=index)
        for index, run_id in enumerate(flue_arguments.run_ids(run_ids))
    ]


def followed(live: LiveOption) -> Live:
    """How something is followed to its end: even `live=False` waits for that."""
    return arguments.live_mode(live) or "long-poll"


class ManyOptions:
    """The options of calls over many runs, checked."""

    def __init__(
        self,
        *,
        concurrency: int,
        return_errors: bool,
        on_progress: OnProgress | None,
        signal: AbortSignal | None,
        timeout: float | None,
    ) -> None:
        self.concurrency = flue_arguments.concurrency(concurrency)
        self.signal = checked_signal(signal)
        self.timeout = arguments.timeout(timeout)
        self._return_errors = return_errors
        self._on_progress: OnProgress | None = function(on_progress, "on_progress")

    def collector(self, total: int, ordered: bool) -> Collector[Any]:
        return Collector(total, ordered, self._return_errors, self._on_progress)


class Opening(NamedTuple):
    """What a stream is made of, beside its driver."""

    flow: Flow[None]
    delivery: Delivery[Any]
    counters: Counters


class StreamOptions(NamedTuple):
    """The options of `runs.stream` as they were given."""

    offset: str | Unset = UNSET
    tail: int | None = None
    live: LiveOption = False
    backoff: BackoffOptions | None = None
    resume: Checkpoint | None = None
    pages_only: bool = False


def opening(api: Api, run_id: str, options: StreamOptions) -> Opening:
    """Check the options of a stream and make its parts."""
    start, handled = _start(run_id, options)
    counters = new_counters()
    reading = arguments.read_options(
        api.credentials,
        offset=start,
        live=options.live,
        backoff=options.backoff,
        pages_only=options.pages_only,
    )
    flow = api.follow(run_id, reading, counters, tail=flue_arguments.tail(options.tail))
    return Opening(flow, EventDelivery(run_id, start, handled), counters)


def _start(run_id: str, options: StreamOptions) -> tuple[str, int | None]:
    """The offset to begin at, and the index up to which events were handled before."""
    given: str | Unset = options.offset
    resume: Any = options.resume
    if resume is None:
        return ("-1" if isinstance(given, Unset) else given), None
    if not isinstance(resume, Checkpoint):
        raise wrong_type("resume", "a Checkpoint", resume)
    if not isinstance(given, Unset) or options.tail is not None:
        raise ValueError("resume brings its own offset: leave out offset and tail")
    if resume.run_id != run_id:
        raise ValueError(f"resume is a checkpoint of run {resume.run_id!r}, not of {run_id!r}")
    return resume.offset, resume.event_index
