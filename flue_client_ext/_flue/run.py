"""A run as a resource: its stream, its end, and what its errors mean."""

from __future__ import annotations

from typing import Any

from .._stream.resource import Resource
from .._values.http import Response
from .._values.jsoncodec import as_object
from ..errors import FlueApiError, Identifiers
from .requests import Requests
from .responses import api_error


class Started:
    """The latest runs that a client has started and not yet read, to explain their 404s;
    thread-safe, bounded. Once a run could be read, its 404 means something else than a missing
    export.

    There is no lock: a child that is forked while another thread holds one never gets it.
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


class Run(Resource):
    """One run's stream of events. `tail`: a read from the start has only the last `tail` events."""

    names_its_end = True

    def __init__(
        self, run_id: str, requests: Requests, started: Started, tail: int | None = None
    ) -> None:
        url = requests.run_stream_url(run_id)
        super().__init__(url, requests.user_agent, Identifiers(run_id))
        self.run_id = run_id
        self._base_url = requests.base_url
        self._started = started
        self._tail = tail

    def parameters(self, offset: str) -> dict[str, str]:
        return {"tail": str(self._tail)} if self._tail is not None and offset == "-1" else {}

    def receive(self, items: list[Any], offset: str) -> list[Any]:
        self._started.discard(self.run_id)
        return items

    def is_last(self, items: list[Any]) -> bool:
        """`run_end` is the last event that a run emits (PROTOCOL, closing)."""
        return bool(items) and as_object(items[-1]).get("type") == "run_end"

    def error(self, response: Response, offset: str = "-1") -> FlueApiError:
        return run_error(response, self.run_id, self._base_url, self._started)


def run_error(response: Response, run_id: str, base_url: str, started: Started) -> FlueApiError:
    """Return the error for an answer to a read of a run that is not the one asked for."""
    started_run = run_id if run_id in started else None
    return api_error(response, read=True, base_url=base_url, started_run=started_run)
