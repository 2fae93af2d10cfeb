# Made from async_workflows.py by `make generate`: edit that one.
"""`client.workflows`, for blocking code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from flue_client.models import FlueEvent, WorkflowInvokeResult, WorkflowWaitResult

from ._flue import arguments as flue_arguments
from ._lazy import LazyModule
from ._session import Session
from ._stream import arguments
from ._stream.arguments import UNSET, LiveOption, Unset
from ._stream.backoff import BackoffOptions
from ._values.uncopied import Uncopied
from .signals import AbortSignal

if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultTypeVar

    from . import _calls as calls
    from ._drivers import sync_many
    from ._flue import results

    R = DefaultTypeVar("R", default=Any)
else:
    calls = LazyModule("flue_client_ext._calls")
    sync_many = LazyModule("flue_client_ext._drivers.sync_many")
    results = LazyModule("flue_client_ext._flue.results")
    R = TypeVar("R")


class Workflows(Uncopied):
    """`client.workflows`: start runs."""

    _instead = "they belong to their client"

    def __init__(self, session: Session) -> None:
        self._session = session

    @overload
    def invoke(
        self,
        name: str,
        *,
        input: Any = UNSET,
        wait: None = None,
        signal: AbortSignal | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> WorkflowInvokeResult: ...
    @overload
    def invoke(
        self,
        name: str,
        *,
        input: Any = UNSET,
        wait: Literal["result"],
        signal: AbortSignal | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> WorkflowWaitResult[R]: ...
    @overload
    def invoke(
        self,
        name: str,
        *,
        input: Any = UNSET,
        wait: Literal["result"] | None,
        signal: AbortSignal | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> WorkflowInvokeResult | WorkflowWaitResult[R]: ...
    def invoke(
        self,
        name: str,
        *,
        input: Any = UNSET,
        wait: Literal["result"] | None = None,
        signal: AbortSignal | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> WorkflowInvokeResult | WorkflowWaitResult[R]:
        """Start a run and return its id; with `wait="result"`, wait until it has ended.

        `input` left out sends no body; `None` sends JSON `null`. `timeout` in seconds is the
        deadline of the whole call: 30 by default, none with `wait="result"`. The POST is sent
        again only when it is certain that nothing was sent: never after a 429 or a 503.

        Raises `FlueApiError` for an answer that is not the one asked for, a run that failed under
        `wait="result"` included; `InvokeOutcomeUnknownError` when the run may or may not have been
        started; `FlueConnectionError`, `FlueTimeoutError`, `FlueAbortError`; `ValueError` and
        `TypeError` for bad arguments.
        """
        if flue_arguments.wait(wait) == "result":
            waiting = self._session.api.invoke_and_wait(name, input)
            limit = arguments.call_timeout(timeout, None)
            return self._session.run(waiting, signal, limit)
        limit = arguments.call_timeout(timeout, self._session.settings.timeout)
        starting = self._session.api.invoke(name, input, deadline=limit is not None)
        return self._session.run(starting, signal, limit)

    def run(
        self,
        name: str,
        *,
        input: Any = UNSET,
        on_event: Callable[[FlueEvent], object] | None = None,
        live: LiveOption = True,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> results.WorkflowRunResult[R]:
        """Start a run, follow its events to the end (with `live=False`, too) and return its result.

        It survives whatever a stream survives, with exactly one POST. `timeout` in seconds bounds
        the whole call. `on_event` gets each event once, in order; an error that it raises ends the
        call.

        Raises `FlueExecutionError` when the run failed or ended without saying how, beside the
        errors of `invoke` and of streams; errors that leave the run going carry `run_id` and
        `offset`."""
        job = calls.starting(
            self._session.api, name, input, live, backoff_options, on_event=on_event
        )
        limit = arguments.timeout(timeout)
        return self._session.run(job.flow, signal, limit, job.identifiers)

    def map(
        self,
        name: str,
        inputs: Iterable[Any],
        *,
        concurrency: int = 10,
        ordered: bool = True,
        return_errors: bool = False,
        on_progress: Callable[[int, int], object] | None = None,
        live: LiveOption = True,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> sync_many.RunOutcomes[results.RunOutcome[R]]:
        """Run the workflow once for each input, at most `concurrency` at a time.

        `inputs` is read whole and checked before the first run is started. Yields `RunOutcome`s in
        the order of the inputs, or as they complete with `ordered=False`. The first failure is
        raised and ends the rest, unless `return_errors`: then it is the outcome's `error`.
        `on_progress(done, total)` is called after each. `timeout` in seconds is for each run.
        Leaving the iterator early aborts what is under way (the runs themselves go on at the
        server)."""
        jobs = calls.all_starting(self._session.api, name, inputs, live, backoff_options)
        options = calls.ManyOptions(
            concurrency=concurrency,
            return_errors=return_errors,
            on_progress=on_progress,
            signal=signal,
            timeout=timeout,
        )
        return self._session.many(jobs, ordered, options)
