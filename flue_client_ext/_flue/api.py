"""Flue's operations as flows; the only user of the generated request builders."""

# The generator calls its pure request builders `_get_kwargs`:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from functools import partial
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

from flue_client.api.runs import get_run, head_run, read_run_events
from flue_client.api.workflows import invoke_workflow
from flue_client.models import (
    RunRecord,
    WorkflowInvokeResult,
    WorkflowWaitResult,
)
from flue_client.types import UNSET as GENERATED_UNSET

from .._stream.backoff import BackoffOptions
from .._stream.call import call
from .._stream.credentials import Credentials
from .._stream.follow import Follower
from .._stream.source import Live, Mode, Source
from .._stream.sse import MAX_FRAME_BYTES
from .._stream.stats import Counters
from .._values.http import Request, Response
from .._values.jsoncodec import as_object, plain
from .._values.limits import LIMITS
from .._values.steps import Clock, Flow
from ..errors import (
    FlueApiError,
    FlueError,
    Identifiers,
)
from . import arguments
from .arguments import Unset
from .responses import api_error, view_of

T = TypeVar("T")
Invoked = TypeVar("Invoked", WorkflowInvokeResult, WorkflowWaitResult)


class Started:
    """The latest runs that a client has started and not yet read, to explain their 404s;
    thread-safe, bounded.

    Without a lock, which a forked child could find held for ever.
    """

    _MOST = 4096

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def add(self, run_id: str) -> None:
        self._ids[run_id] = None
        try:
            while len(self._ids) > self._MOST:
                self._ids.pop(next(iter(self._ids)), None)
        except (StopIteration, RuntimeError):
            pass  # another thread has changed it meanwhile; the next call makes room

    def discard(self, run_id: str) -> None:
        self._ids.pop(run_id, None)

    def __contains__(self, run_id: object) -> bool:
        return run_id in self._ids


class Api:
    """The operations of one server. Arguments are checked when a method is called, before any
    I/O."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        user_agent: str,
        clock: Clock,
        started: Started | None = None,
    ) -> None:
        self.credentials = credentials
        self._base_url = base_url
        self._user_agent = user_agent
        self._clock = clock
        self._started = started or Started()

    def with_credentials(self, credentials: Credentials) -> Api:
        """The same server and the same runs, asked by somebody else."""
        return Api(self._base_url, credentials, self._user_agent, self._clock, self._started)

    def invoke(self, name: str, input: Any, *, deadline: bool) -> Flow[WorkflowInvokeResult]:
        """Start a run. `deadline`: the call has one, so that waiting needs no limit of its own."""
        request = self._post(name, input, None)
        return self._invoke(request, WorkflowInvokeResult, 202, None if deadline else LIMITS.read)

    def invoke_and_wait(self, name: str, input: Any) -> Flow[WorkflowWaitResult]:
        """Start a run and wait for its result, for as long as that takes."""
        request = self._post(name, input, "result")
        return self._invoke(request, WorkflowWaitResult, 200, None)

    def _post(self, name: str, input: Any, wait: Literal["result"] | None) -> Request:
        kwargs = invoke_workflow._get_kwargs(
            arguments.segment(name, "the workflow's name"),
            body=GENERATED_UNSET if isinstance(input, Unset) else plain(input),
            wait=wait or GENERATED_UNSET,
        )
        return self._built(kwargs)

    def _invoke(
        self, request: Request, cls: type[Invoked], wanted: int, limit: float | None
    ) -> Flow[Invoked]:
        response = yield from call(request, self.credentials, self._clock, limit=limit)
        if response.status != wanted:
            raise api_error(response, read=False, base_url=self._base_url)
        result = view_of(cls, response, request, "runId")
        self._started.add(result.run_id)
        return result

    def get_run(self, run_id: str, backoff: BackoffOptions | None = None) -> Flow[RunRecord]:
        request = self._built(get_run._get_kwargs(arguments.segment(run_id, "run_id")))
        return self._for_run(run_id, self._get_run(request, run_id, backoff))

    def _get_run(
        self, request: Request, run_id: str, backoff: BackoffOptions | None
    ) -> Flow[RunRecord]:
        response = yield from call(
            request, self.credentials, self._clock, options=backoff, limit=LIMITS.read
        )
        if response.status != 200:
            raise self._run_error(run_id, response)
        self._started.discard(run_id)
        return view_of(RunRecord, response, request, "runId")

    def follow(
        self,
        run_id: str,
        counters: Counters,
        *,
        offset: str,
        live: Live,
        tail: int | None = None,
        backoff: BackoffOptions | None = None,
        pages_only: bool = False,
        max_frame_bytes: int = MAX_FRAME_BYTES,
    ) -> Flow[None]:
        """The flow that reads the run's stream, batch by batch, until `run_end`."""
        arguments.segment(run_id, "run_id")

        def request(method: str, offset: str, mode: Mode, cursor: str | None) -> Request:
            if method == "HEAD":
                return self._built(head_run._get_kwargs(run_id))
            kwargs = read_run_events._get_kwargs(
                run_id,
                offset=offset,
                tail=tail if tail is not None and offset == "-1" else GENERATED_UNSET,
                live=_LIVE_PARAMETER[mode] or GENERATED_UNSET,
                cursor=cursor if cursor and mode == "long-poll" else GENERATED_UNSET,
            )
            accept = "text/event-stream" if mode in ("sse", "bulk") else "application/json"
            return self._built(kwargs, accept)

        def is_last(items: list[Any]) -> bool:
            self._started.discard(run_id)  # it can be read: a later 404 means something else
            return _has_run_end(items)

        source = Source(
            request=request,
            credentials=self.credentials,
            offset=offset,
            live=live,
            backoff=backoff or BackoffOptions(),
            pages_only=pages_only,
            max_frame_bytes=max_frame_bytes,
            is_last=is_last,
            api_error=partial(self._run_error, run_id),
        )
        return self._for_run(run_id, Follower(source, self._clock, counters).run())

    def _built(self, kwargs: dict[str, Any], accept: str = "application/json") -> Request:
        query = urlencode(kwargs.get("params") or {})
        headers = {name.lower(): str(value) for name, value in kwargs.get("headers", {}).items()}
        headers |= {
            "accept": accept,
            "accept-encoding": "identity",
            "user-agent": self._user_agent,
        }
        url = self._base_url + kwargs["url"]
        return Request(
            kwargs["method"].upper(),
            f"{url}?{query}" if query else url,
            headers,
            kwargs.get("content"),
        )

    def _run_error(self, run_id: str, response: Response) -> FlueApiError:
        return api_error(
            response,
            read=True,
            base_url=self._base_url,
            run_id=run_id,
            started=self._started.__contains__,
        )

    def _for_run(self, run_id: str, flow: Flow[T]) -> Flow[T]:
        """Name the run in the errors that end `flow`."""
        try:
            return (yield from flow)
        except FlueError as error:
            Identifiers(run_id).attach_to(error)
            raise


_LIVE_PARAMETER: dict[Mode, Literal["long-poll", "sse"] | None] = {
    "page": None,
    "long-poll": "long-poll",
    "sse": "sse",
    "bulk": "sse",
    "tail": None,
}


def _has_run_end(items: list[Any]) -> bool:
    """Whether the run ends here: `run_end` is the last event that a run emits."""
    return bool(items) and as_object(items[-1]).get("type") == "run_end"
