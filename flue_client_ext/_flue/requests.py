"""The requests of workflows and runs, built by the generated request builders from the spec.

Each builder is a module, imported when its first request is built."""

# The generator calls its pure request builders `_get_kwargs`:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from typing import Any, Literal

from flue_client.types import UNSET as GENERATED_UNSET

from .._stream.arguments import Unset
from .._stream.request import common_headers
from .._values.http import Request, with_query
from .._values.jsoncodec import plain
from . import arguments


class Requests:
    """The requests to one server, without credentials. Arguments are checked."""

    def __init__(self, base_url: str, user_agent: str) -> None:
        self.base_url = base_url
        self.user_agent = user_agent

    def invoke(self, name: str, input: Any, wait: Literal["result"] | None) -> Request:
        from flue_client.api.workflows import invoke_workflow

        kwargs = invoke_workflow._get_kwargs(
            arguments.segment(name, "the workflow's name"),
            body=GENERATED_UNSET if isinstance(input, Unset) else plain(input),
            wait=wait or GENERATED_UNSET,
        )
        return self._built(kwargs)

    def run_record(self, run_id: str) -> Request:
        from flue_client.api.runs import get_run

        return self._built(get_run._get_kwargs(arguments.segment(run_id, "run_id")))

    def run_stream_url(self, run_id: str) -> str:
        """Return the URL of a run's events, a Durable Stream."""
        from flue_client.api.runs import read_run_events

        kwargs = read_run_events._get_kwargs(arguments.segment(run_id, "run_id"))
        return self.base_url + str(kwargs["url"])

    def _built(self, kwargs: dict[str, Any]) -> Request:
        return built(kwargs, self.base_url + str(kwargs["url"]), self.user_agent)


def built(
    kwargs: dict[str, Any], url: str, user_agent: str, *, repeatable: bool = False
) -> Request:
    """Make a request to `url` of what a generated builder returns."""
    headers = {name.lower(): str(value) for name, value in kwargs.get("headers", {}).items()}
    params = {name: str(value) for name, value in kwargs.get("params", {}).items()}
    return Request(
        kwargs["method"].upper(),
        with_query(url, params),
        headers | common_headers(user_agent),
        kwargs.get("content"),
        repeatable=repeatable,
    )
