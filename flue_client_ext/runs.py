# Made from async_runs.py by `make generate`: edit that one.
"""`client.runs`, for blocking code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from flue_client.models import FlueEvent, RunRecord

from ._lazy import LazyModule
from ._session import Session
from ._stream import arguments
from ._stream.arguments import UNSET, LiveOption, Unset
from ._stream.backoff import BackoffOptions
from ._values.uncopied import Uncopied
from .errors import FlueAbortError, Identifiers
from .signals import AbortSignal

if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultTypeVar

    from . import _calls as calls
    from . import checkpoint, event_stream
    from ._drivers import sync_many
    from ._flue import results

    R = DefaultTypeVar("R", default=Any)
else:
    calls = LazyModule("flue_client_ext._calls")
    event_stream = LazyModule("flue_client_ext.event_stream")
    checkpoint = LazyModule("flue_client_ext.checkpoint")
    sync_many = LazyModule("flue_client_ext._drivers.sync_many")
    results = LazyModule("flue_client_ext._flue.results")
    R = TypeVar("R")


class Runs(Uncopied):
    """`client.runs`: read and follow runs. Their workflows must export `runs`."""

    _instead = "they belong to their client"

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(
        self,
        run_id: str,
        *,
        signal: AbortSignal | None = None,
        timeout: float | None | Unset = UNSET,
        backoff_options: BackoffOptions | None = None,
    ) -> RunRecord:
        """Return the run's record. `timeout` in seconds is the deadline of the call, 30 by default.

        Raises `FlueApiError` (`RunNotReadableError` for a run that this client has just started),
        `FlueConnectionError`, `FlueTimeoutError`, `FlueProtocolError`, `FlueAbortError`."""
        flow = self._session.api.get_run(run_id, arguments.backoff_options(backoff_options))
        limit = arguments.call_timeout(timeout, self._session.settings.timeout)
        return self._session.run(flow, signal, limit, Identifiers(run_id))

    def events(
        self,
        run_id: str,
        *,
        offset: str = "-1",
        tail: int | None = None,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
        pages_only: bool = False,
    ) -> list[FlueEvent]:
        """Return the run's events up to the tail, however many answers that takes.

        `offset` is `"-1"` for all, or an offset from before to read strictly after it; `tail`
        limits a full read to the latest events. A long history comes over one connection;
        `pages_only` insists on plain pages, for deployments that cache them. `timeout` in seconds
        bounds the whole call.

        Raises what `stream` raises, and `FlueAbortError` when aborted."""
        options = calls.StreamOptions(
            offset=offset, tail=tail, backoff=backoff_options, pages_only=pages_only
        )
        opened = calls.opening(self._session.api, run_id, options)
        stream = self._session.stream(
            event_stream.FlueEventStream, opened, signal, timeout, within_call=True
        )
        with stream:
            events: list[FlueEvent] = []
            for batch, _ in stream.batches():
                events += batch
            if signal is not None and signal.aborted:
                raise FlueAbortError(signal.reason, run_id=run_id)
        return events

    def stream(
        self,
        run_id: str,
        *,
        offset: str | Unset = UNSET,
        tail: int | None = None,
        live: LiveOption = True,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
        resume: checkpoint.Checkpoint | None = None,
        pages_only: bool = False,
    ) -> event_stream.FlueEventStream:
        """Return a stream of the run's events: iterate over it.

        `offset`: `"-1"` (the default) from the start, `"now"` from here on, or a saved offset to
        read strictly after it; `tail`: from the start only, at most the latest N. `live`: `True`
        or `"long-poll"`, `"sse"`, `"auto"` (SSE, or long-poll where a proxy breaks it), or `False`
        to end at the tail. `resume`: a `Checkpoint`, in place of `offset` and `tail`. A live
        stream ends after `run_end`. After a lost connection it resumes at the last offset, as
        `backoff_options` say, without losing or repeating an event. A long history comes over one
        connection; `pages_only` insists on plain pages, for deployments that cache them. `timeout`
        in seconds bounds the whole stream.

        While it is iterated it raises `FlueApiError` for answers that no retry changes,
        `FlueConnectionError` when the retries are used up, `FlueTimeoutError` (with `run_id` and
        `offset`) when the deadline passes, `FlueProtocolError`,
        `UnsupportedFlueEventVersionError`, or `StreamResetError` for a saved offset that the
        server no longer has."""
        options = calls.StreamOptions(offset, tail, live, backoff_options, resume, pages_only)
        opened = calls.opening(self._session.api, run_id, options)
        return self._session.stream(event_stream.FlueEventStream, opened, signal, timeout)

    def wait(
        self,
        run_id: str,
        *,
        live: LiveOption = True,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> results.WorkflowRunResult[R]:
        """Wait until a run that was started elsewhere has ended; return its result.

        It waits with `live=False`, too. Raises what `workflows.run` raises."""
        job = calls.waiting(self._session.api, run_id, live, backoff_options)
        limit = arguments.timeout(timeout)
        return self._session.run(job.flow, signal, limit, job.identifiers)

    def as_completed(
        self,
        run_ids: Iterable[str],
        *,
        concurrency: int = 10,
        return_errors: bool = True,
        on_progress: Callable[[int, int], object] | None = None,
        live: LiveOption = True,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> sync_many.RunOutcomes[results.RunOutcome[R]]:
        """Wait for many runs, at most `concurrency` at a time; yield each outcome as it comes.

        A failed run is an outcome with an `error`, unless `return_errors` is false: then it is
        raised and ends the rest. `timeout` in seconds is for each run."""
        options = calls.ManyOptions(
            concurrency=concurrency,
            return_errors=return_errors,
            on_progress=on_progress,
            signal=signal,
            timeout=timeout,
        )
        jobs = calls.all_waiting(self._session.api, run_ids, live, backoff_options)
        return self._session.many(jobs, False, options)

    def wait_all(
        self,
        run_ids: Iterable[str],
        *,
        concurrency: int = 10,
        return_errors: bool = True,
        on_progress: Callable[[int, int], object] | None = None,
        live: LiveOption = True,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> list[results.RunOutcome[R]]:
        """Wait for many runs, as `as_completed` does; return the outcomes in the runs' order."""
        options = calls.ManyOptions(
            concurrency=concurrency,
            return_errors=return_errors,
            on_progress=on_progress,
            signal=signal,
            timeout=timeout,
        )
        jobs = calls.all_waiting(self._session.api, run_ids, live, backoff_options)
        return list(self._session.many(jobs, True, options, within_call=True))
