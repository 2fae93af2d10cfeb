"""Recording a real run into a file, and replaying it: the same events, byte for byte.

A recording is a text file: the run's record on the first line, then one event a line as it came.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import attrs

from .._values.http import Response
from ..errors import FlueApiError
from ._json import encode
from ._local import LocalFlue
from ._rules import SPEED
from ._run import RunContext

if TYPE_CHECKING:
    import httpx


@attrs.frozen
class Recording:
    """A run as it was: its record, and the text of each of its events."""

    record: dict[str, Any]
    texts: tuple[str, ...]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events as values."""
        return [json.loads(text) for text in self.texts]

    def save(self, path: str | Path) -> None:
        """Write the recording to a file."""
        lines = (json.dumps(self.record), *self.texts)
        Path(path).write_bytes(encode("".join(f"{line}\n" for line in lines)))

    @classmethod
    def load(cls, path: str | Path) -> Recording:
        """Read a recording from a file; `ValueError` if it is none."""
        try:
            first, *texts = Path(path).read_bytes().decode().rstrip("\n").split("\n")
            recording = cls(json.loads(first), tuple(texts))
            if isinstance(recording.record["workflowName"], str) and recording.events:
                return recording
        except (ValueError, KeyError, TypeError):
            pass
        raise ValueError(f"{path} is not a recording of a run")


def record(
    base_url: str,
    run_id: str,
    path: str | Path | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> Recording:
    """Read a run of a real server to its end, waiting for it, and save it if a path is given.

    Raises `FlueApiError` when the server refuses; `headers` may carry a token, which does not get
    into the file.
    """
    import httpx

    with httpx.Client(headers=headers, timeout=60) as client:
        url = f"{base_url.rstrip('/')}/runs/{quote(run_id, safe='')}"
        texts = tuple(_texts(client, url))
        told = _accepted(client.get(f"{url}?meta")).json()
    recording = Recording(told, texts)
    if path is not None:
        recording.save(path)
    return recording


def _accepted(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    raise FlueApiError(Response(answer.status_code, dict(answer.headers), answer.content))


def _texts(client: httpx.Client, url: str) -> Iterator[str]:
    offset, closed = "-1", False
    while not closed:
        answer = _accepted(client.get(url, params={"offset": offset, "live": "long-poll"}))
        yield from _elements(answer.text)
        offset = answer.headers["stream-next-offset"]
        closed = answer.headers.get("stream-closed", "").lower() == "true"


def _elements(text: str) -> Iterator[str]:
    """Cut a JSON array into the texts of its elements, unchanged."""
    decoder, at = json.JSONDecoder(), 1
    while at < len(text) - 1:
        _, end = decoder.raw_decode(text, at)
        yield text[at:end]
        at = end + 1


def replay(
    source: Recording | str | Path, *, server: LocalFlue | None = None, speed: float | None = None
) -> LocalFlue:
    """Return a server that has a recorded run, under its own id.

    Its workflow is there too: invoked, it emits the recorded events again as a new run and ends as
    the recorded one did, at once, or with `speed` times the recorded pace.
    """
    SPEED.or_none().check("speed", speed)
    recording = source if isinstance(source, Recording) else Recording.load(source)
    server = server or LocalFlue()
    server.runs.adopt(recording.record, recording.texts)
    server.workflow(recording.record["workflowName"])(_reenact(recording, speed))
    return server


def _reenact(recording: Recording, speed: float | None) -> Callable[[Any, RunContext], Any]:
    start, *events = recording.events
    end = next((event for event in events if event["type"] == "run_end"), dict[str, Any]())

    def act(input: Any, run: RunContext) -> Any:
        before = start
        for event in events:
            if speed is not None:
                run.sleep(_seconds_between(before, event) / speed)
            if event["type"] != "run_end":
                for _ in range(event["eventIndex"] - before["eventIndex"] - 1):
                    run.skip()
                run.emit({**event, "runId": run.id})
            before = event
        if end.get("isError"):
            error: dict[str, Any] = end.get("error") or {}
            raise type(str(error.get("name", "Error")), (Exception,), {})(error.get("message", ""))
        return end.get("result")

    return act


def _seconds_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> float:
    first, second = (datetime.fromisoformat(event["timestamp"]) for event in (before, after))
    return max(0.0, (second - first).total_seconds())
