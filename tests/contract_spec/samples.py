"""Raw answers of a genuine server (`wire/*.http`), parsed: one file, one case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs

WIRE = Path(__file__).parent / "wire"

INVOKE = ("POST", "/workflows/{name}")
EVENTS = ("GET", "/runs/{runId}")
RECORD = ("GET", "/runs/{runId}#meta")
HEAD = ("HEAD", "/runs/{runId}")

REQUESTS = {
    "error-bad-offset": EVENTS,
    "error-bad-wait": INVOKE,
    "error-invalid-json": INVOKE,
    "error-live-without-offset": EVENTS,
    "error-media-type": INVOKE,
    "error-method-not-allowed": EVENTS,
    "error-run-not-found": RECORD,
    "error-workflow-not-found": INVOKE,
    "invoke-202": INVOKE,
    "invoke-wait-200": INVOKE,
    "invoke-wait-bad-input-500": INVOKE,
    "invoke-wait-failed-run-500": INVOKE,
    "run-catchup": EVENTS,
    "run-catchup-errored": EVENTS,
    "run-catchup-tail1": EVENTS,
    "run-head": HEAD,
    "run-longpoll": EVENTS,
    "run-longpoll-closed": EVENTS,
    "run-meta": RECORD,
    "run-meta-active": RECORD,
    "run-meta-errored": RECORD,
    "run-offset-beyond-head": EVENTS,
    "run-offset-now": EVENTS,
    "run-sse": EVENTS,
    "run-sse-idle-heartbeats": EVENTS,
    "run-sse-model-events": EVENTS,
}


@attrs.frozen
class Sample:
    name: str
    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def sample(name: str) -> Sample:
    head, _, body = (WIRE / f"{name}.http").read_bytes().partition(b"\r\n\r\n")
    status, *fields = head.decode().split("\r\n")
    headers = dict(field.split(": ", 1) for field in fields)
    return Sample(name, *REQUESTS[name], int(status.split()[1]), headers, body)


def sse_payloads(sample: Sample, event: str) -> list[Any]:
    """The JSON payloads of the stream's frames of one name."""
    payloads = []
    for frame in sample.body.decode().split("\n\n"):
        name, _, data = frame.partition("\ndata:")
        if name.strip() == f"event: {event}":
            payloads.append(json.loads(data))
    return payloads


def events() -> list[dict[str, Any]]:
    """Every event of every sample."""
    found: list[dict[str, Any]] = []
    for name in REQUESTS:
        one = sample(name)
        if "text/event-stream" in one.headers.get("content-type", ""):
            found += [event for batch in sse_payloads(one, "data") for event in batch]
        elif one.body.startswith(b"["):
            found += one.json()
    return found
