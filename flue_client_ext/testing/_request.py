"""A request as the server has understood it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs


@attrs.frozen
class Request:
    """A request as it arrived: `path` below the mount prefix, header names in lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    raw_path: str

    def param(self, name: str) -> str | None:
        """Return the first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)

    def json(self) -> Any:
        """Return the body as JSON; `ValueError` when it is none."""
        return json.loads(self.body)

    @property
    def run_id(self) -> str | None:
        """The run that is read, for `/runs/{runId}`."""
        return self._segment("/runs/")

    @property
    def workflow(self) -> str | None:
        """The workflow that is invoked, for `/workflows/{name}`."""
        return self._segment("/workflows/")

    @property
    def reads_events(self) -> bool:
        """Whether it reads a run's events, and not its record or its head."""
        return self.method == "GET" and self.run_id is not None and self.param("meta") is None

    @property
    def live(self) -> str | None:
        """How a read of events waits for news, `"sse"` or `"long-poll"`, if it does."""
        return self.param("live") if self.reads_events else None

    def _segment(self, start: str) -> str | None:
        rest = self.path.removeprefix(start)
        return rest if rest != self.path and rest and "/" not in rest else None
