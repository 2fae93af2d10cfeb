"""Flue's operations as flows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from flue_client.models import (
    RunRecord,
    WorkflowInvokeResult,
    WorkflowWaitResult,
)

from .._stream.backoff import BackoffOptions
from .._stream.call import call
from .._stream.credentials import Credentials
from .._stream.failures import identified
from .._values.http import Request
from .._values.limits import LIMITS
from .._values.steps import Clock, Flow
from ..errors import Identifiers
from .generations import Generations
from .requests import Requests
from .responses import api_error, view_of
from .run import Run, Started, run_error

if TYPE_CHECKING:
    from .._stream.options import ReadOptions
    from .._stream.stats import Counters

Invoked = TypeVar("Invoked", WorkflowInvokeResult, WorkflowWaitResult)


class Api:
    """The operations of one server. Arguments are checked when a method is called, before any
    I/O."""

    def __init__(
        self,
        requests: Requests,
        credentials: Credentials,
        clock: Clock,
        started: Started | None = None,
        generations: Generations | None = None,
        backoff: BackoffOptions | None = None,
    ) -> None:
        self.credentials = credentials
        self._requests = requests
        self.clock = clock
        self._started = started or Started()
        self.generations = generations or Generations()
        self.backoff = backoff
        """The retries of calls and streams that choose none themselves; `None` for the defaults."""

    @property
    def user_agent(self) -> str:
        return self._requests.user_agent

    def changed(
        self, credentials: Credentials, generations: Generations, backoff: BackoffOptions | None
    ) -> Api:
        """The same server and the same runs, with other options."""
        return Api(self._requests, credentials, self.clock, self._started, generations, backoff)

    def invoke(
        self, name: str, input: Any, *, deadline: bool, backoff: BackoffOptions | None = None
    ) -> Flow[WorkflowInvokeResult]:
        """Start a run. `deadline`: whether the call has one; without it the read limit applies."""
        request = self._requests.invoke(name, input, None)
        limit = None if deadline else LIMITS.read
        return self._invoke(request, WorkflowInvokeResult, 202, limit, backoff)

    def invoke_and_wait(self, name: str, input: Any) -> Flow[WorkflowWaitResult]:
        """Start a run and wait for its result, for as long as that takes."""
        request = self._requests.invoke(name, input, "result")
        return self._invoke(request, WorkflowWaitResult, 200, None, None)

    def _invoke(
        self,
        request: Request,
        cls: type[Invoked],
        wanted: int,
        limit: float | None,
        backoff: BackoffOptions | None,
    ) -> Flow[Invoked]:
        response = yield from call(
            request, self.credentials, self.clock, options=backoff or self.backoff, limit=limit
        )
        if response.status != wanted:
            raise api_error(response, read=False, base_url=self._requests.base_url)
        result = view_of(cls, response, request, "runId")
        self._started.add(result.run_id)
        return result

    def get_run(self, run_id: str, backoff: BackoffOptions | None = None) -> Flow[RunRecord]:
        request = self._requests.run_record(run_id)
        flow = self._get_run(run_id, request, backoff or self.backoff)
        return identified(flow, Identifiers(run_id))

    def _get_run(
        self, run_id: str, request: Request, backoff: BackoffOptions | None
    ) -> Flow[RunRecord]:
        response = yield from call(
            request, self.credentials, self.clock, options=backoff, limit=LIMITS.read
        )
        if response.status != 200:
            raise run_error(response, run_id, self._requests.base_url, self._started)
        self._started.discard(run_id)
        return view_of(RunRecord, response, request, "runId")

    def follow(
        self, run_id: str, options: ReadOptions, counters: Counters, *, tail: int | None = None
    ) -> Flow[None]:
        """The flow that reads the run's stream, batch by batch, until `run_end`."""
        from .._stream.follow import follow  # most of the engine, and no single call needs it

        options = options._replace(backoff=options.backoff or self.backoff)
        return follow(self._run(run_id, tail), options, self.clock, counters)

    def _run(self, run_id: str, tail: int | None = None) -> Run:
        return Run(run_id, self._requests, self._started, tail)
