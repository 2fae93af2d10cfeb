"""Raw exchanges with a genuine server of 2.1.0 (`wire/conversations/*.http`), parsed.

Each file holds a request, a separator and the answer as it came. Four bodies were recorded in part;
the chunks that are whole are kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import httpx

from tests.contract_spec.samples import Sample, sse_payloads
from tests.contract_spec.validation import path_template

WIRE = Path(__file__).parent / "wire" / "conversations"
NAMES = sorted(path.stem for path in WIRE.glob("*.http"))
SEPARATOR = b"\r\n---- answer ----\r\n"
OTHER_MOUNT = "/private/chat/"
"""The application has mounted an agent here as well."""


@attrs.frozen
class Exchange:
    target: str
    headers: dict[str, str]
    body: bytes
    answer: Sample

    @property
    def method(self) -> str:
        return self.answer.method

    def json(self) -> Any:
        return json.loads(self.body)


def exchange(name: str) -> Exchange:
    request, _, answer = (WIRE / f"{name}.http").read_bytes().partition(SEPARATOR)
    line, sent, sent_body = _message(request)
    method, target, _ = line.split(" ")
    path = path_template(httpx.URL(target.replace(OTHER_MOUNT, "/agents/chat/")))
    assert path is not None, target
    status, headers, body = _message(answer)
    told = Sample(name, method, path, int(status.split(" ")[1]), headers, body)
    return Exchange(target, sent, sent_body, told)


def _message(raw: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    return line, dict(field.split(": ", 1) for field in fields), body


def answer(name: str) -> Sample:
    return exchange(name).answer


def chunks() -> list[dict[str, Any]]:
    """Every chunk of every answer."""
    found: list[dict[str, Any]] = []
    for one in map(answer, NAMES):
        if one.headers.get("content-type") == "text/event-stream":
            found += [chunk for batch in sse_payloads(one, "data") for chunk in batch]
        elif one.body.startswith(b"["):
            found += one.json()
    return found


def snapshots() -> list[dict[str, Any]]:
    """Every snapshot: those that were asked for, and those of resets."""
    asked = [one.json() for one in map(answer, NAMES) if one.body.startswith(b'{"v":1,')]
    return asked + [each["snapshot"] for each in chunks() if each["type"] == "conversation-reset"]


def messages() -> Iterator[dict[str, Any]]:
    for one in snapshots():
        yield from one["messages"]
    for chunk in chunks():
        if chunk["type"] == "message-appended":
            yield chunk["message"]


def parts() -> list[dict[str, Any]]:
    return [part for message in messages() for part in message["parts"]]
