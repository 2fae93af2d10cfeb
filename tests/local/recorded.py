"""Raw exchanges with genuine servers of beta.5 and beta.9, and the shape of an answer.

The shape of a value is the value with its texts, numbers and identifiers replaced by their types;
words that the protocol fixes (types, roles, states, outcomes, kinds, details of refusals) stay.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import httpx

WIRE = Path(__file__).parent.parent / "contract_spec" / "wire"
SEPARATOR = b"\r\n---- answer ----\r\n"
#: Of the connection, not of the answer.
TRANSPORT = {"date", "connection", "keep-alive", "transfer-encoding", "content-length"}
#: What says a word of the protocol, wherever it stands.
WORDS = {"type", "role", "state", "outcome", "kind", "purpose", "session", "harness", "v", "name"}
WORDS |= {"toolName", "eventIndex", "operationKind", "isError", "stopReason", "finishReason"}
WORDS |= {"mediaType", "text", "delta", "deduplicated", "aborted", "upToDate", "streamNextOffset"}
#: What the recorded servers' model provider adds, which spoke HTTP, or says in its own words.
PROVIDER = {"serverAddress", "serverPort", "thinkingSignature"}


@attrs.frozen
class Recorded:
    """A request and the answer to it."""

    name: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    status: int
    answered: httpx.Headers
    content: bytes

    @property
    def whole(self) -> bool:
        """Whether all of the answer's body was kept."""
        return int(self.answered.get("content-length", 0)) <= len(self.content)

    @property
    def conversation(self) -> str:
        """The id of the conversation that it is about."""
        return self.target.partition("?")[0].split("/")[3]


def names(server: str) -> list[str]:
    """The exchanges with one server."""
    return sorted(file.stem for file in (WIRE / server).glob("*.http"))


def recorded(server: str, name: str) -> Recorded:
    """Read one exchange."""
    request, _, answer = (WIRE / server / f"{name}.http").read_bytes().partition(SEPARATOR)
    line, sent, body = _message(request)
    method, target, _ = line.split(" ")
    status, answered, content = _message(answer)
    head = int(status.split(" ")[1]), httpx.Headers(answered)
    return Recorded(name, method, target, sent, body, *head, content)


def _message(raw: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    pairs = [field.partition(": ") for field in fields if field]
    return line, {name: value for name, _, value in pairs}, body.strip(b"\r\n")


def headers_of(headers: httpx.Headers) -> dict[str, str]:
    """The headers that an answer chooses, without the host's name in them."""
    told = {name: value for name, value in headers.items() if name not in TRANSPORT}
    location = {"location": httpx.URL(told["location"]).path} if "location" in told else {}
    return {**told, **location}


def body_of(headers: httpx.Headers, content: bytes) -> Any:
    """The value of a body: of an event stream its frames' values, in two lists."""
    kind = headers.get("content-type", "")
    if kind == "text/event-stream":
        found = list(_frames(content))
        told = [item for name, value in found if name == "data" for item in value]
        return {"data": told, "control": [value for name, value in found if name == "control"]}
    if kind != "application/json" or not content:
        return content
    return json.loads(content)


def _frames(content: bytes) -> Iterator[tuple[str, Any]]:
    for frame in content.decode().split("\n\n"):
        if frame.startswith("event: "):
            name, _, data = frame.partition("\ndata:")
            yield name.removeprefix("event: "), json.loads(data)


def shape(value: Any, name: str = "") -> Any:
    """What is left of a value when all that is another each time has become its type."""
    if isinstance(value, dict):
        return {key: shape(item, key) for key, item in value.items() if key not in PROVIDER}
    if isinstance(value, list):
        return [shape(item, name) for item in value]
    return value if name in WORDS else type(value).__name__
