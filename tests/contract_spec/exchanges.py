"""Raw exchanges with genuine servers, parsed: of 2.1.0 (`wire/conversations/*.http`), and of the
betas (`wire/beta5`, `wire/beta9`), whose names begin with their folder.

Each file holds a request, a separator and the answer as it came. Six bodies were recorded in part;
the chunks and events that are whole are kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import httpx

from tests.contract_spec.samples import Sample, sse_payloads
from tests.contract_spec.validation import path_template

WIRE = Path(__file__).parent / "wire"
NAMES = sorted(path.stem for path in WIRE.glob("conversations/*.http"))
BETA_NAMES = sorted(f"{path.parent.name}/{path.stem}" for path in WIRE.glob("beta?/*.http"))
GENERATIONS = {"beta5": "beta.3", "beta9": "beta.8"}
"""The generation of the servers of a folder; others are of 2.x."""
CONVERSATION = "/agents/{name}/{id}"
EVENTS = f"{CONVERSATION}#events"
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

    @property
    def generation(self) -> str:
        return GENERATIONS.get(self.answer.name.partition("/")[0], "2")

    def json(self) -> Any:
        return json.loads(self.body)


def exchange(name: str) -> Exchange:
    place = name if "/" in name else f"conversations/{name}"
    request, _, answer = (WIRE / f"{place}.http").read_bytes().partition(SEPARATOR)
    line, sent, sent_body = _message(request)
    method, target, _ = line.split(" ")
    path = path_template(httpx.URL(target.replace(OTHER_MOUNT, "/agents/chat/")))
    assert path is not None, target
    if name.startswith("beta5/") and method == "GET" and path.split("#")[0] == CONVERSATION:
        path = EVENTS
    status, headers, body = _message(answer)
    told = Sample(name, method, path, int(status.split(" ")[1]), headers, body)
    return Exchange(target, sent, sent_body, told)


def _message(raw: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    return line, dict(field.split(": ", 1) for field in fields), body


def answer(name: str) -> Sample:
    return exchange(name).answer


def items(names: Sequence[str] = NAMES) -> list[dict[str, Any]]:
    """Every item of every stream among the answers: the chunks, and on `beta5` the events."""
    found: list[dict[str, Any]] = []
    for one in map(answer, names):
        if one.headers.get("content-type") == "text/event-stream":
            found += [item for batch in sse_payloads(one, "data") for item in batch]
        elif one.body.startswith(b"["):
            found += one.json()
    return found


def chunks(names: Sequence[str] = NAMES) -> list[dict[str, Any]]:
    """Every chunk of every answer."""
    return items([name for name in names if not name.startswith("beta5/")])


def snapshots(names: Sequence[str] = NAMES) -> list[dict[str, Any]]:
    """Every snapshot: those that were asked for, and those of resets."""
    asked = [one.json() for one in map(answer, names) if one.body.startswith(b'{"v":1,')]
    resets = [each for each in chunks(names) if each["type"] == "conversation-reset"]
    return asked + [each["snapshot"] for each in resets]


def messages(names: Sequence[str] = NAMES) -> Iterator[dict[str, Any]]:
    for one in snapshots(names):
        yield from one["messages"]
    for chunk in chunks(names):
        if chunk["type"] == "message-appended":
            yield chunk["message"]


def parts(names: Sequence[str] = NAMES) -> list[dict[str, Any]]:
    return [part for message in messages(names) for part in message["parts"]]
