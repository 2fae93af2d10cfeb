"""Raw exchanges with genuine servers of beta.5 and beta.9, and the shape of an answer.

The shape of a value is the value with its texts, numbers and identifiers replaced by their types;
words that the protocol fixes (types, roles, states, outcomes, kinds, details of refusals) stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import httpx

WIRE = Path(__file__).parent.parent / "contract_spec" / "wire"
SEPARATOR = b"\n---- answer ----\n"
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
    """A request and the answer to it, as far as that was recorded."""

    name: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    status: int
    answered: httpx.Headers
    content: str

    @property
    def conversation(self) -> str:
        """The id of the conversation that it is about."""
        return self.target.partition("?")[0].split("/")[3]


def names(server: str) -> list[str]:
    """The exchanges whose answer was recorded."""
    files = sorted((WIRE / server).glob("*.http"))
    return [file.stem for file in files if b"(no response head" not in file.read_bytes()]


def recorded(server: str, name: str) -> Recorded:
    """Read one exchange."""
    request, _, answer = (WIRE / server / f"{name}.http").read_bytes().partition(SEPARATOR)
    lines = [line for line in request.decode().split("\n") if not line.startswith("# ")]
    method, target, _ = lines[0].split(" ")
    blank = lines.index("")
    sent = dict(line.split(": ", 1) for line in lines[1:blank])
    body = "\n".join(lines[blank + 1 :]).strip()
    head, _, content = answer.decode(errors="replace").partition("\n\n")
    status, *fields = head.split("\n")
    pairs = [field.partition(": ") for field in fields]
    answered = httpx.Headers([(name, value) for name, _, value in pairs])
    content = content.rpartition("\n(head after")[0]
    return Recorded(
        name, method, target, sent, body.encode(), int(status.split()[1]), answered, content
    )


def headers_of(headers: httpx.Headers) -> dict[str, str]:
    """The headers that an answer chooses, without the host's name in them."""
    told = {name: value for name, value in headers.items() if name not in TRANSPORT}
    location = {"location": httpx.URL(told["location"]).path} if "location" in told else {}
    return {**told, **location}


def body_of(headers: httpx.Headers, content: str) -> Any:
    """The value of a body: of an event stream its frames' values, in two lists."""
    kind = headers.get("content-type", "")
    if kind == "text/event-stream":
        found = list(_frames(content))
        told = [item for name, value in found if name == "data" for item in value]
        return {"data": told, "control": [value for name, value in found if name == "control"]}
    if kind != "application/json" or not content:
        return content
    whole = content.partition("...[trimmed")[0]
    return json.loads(content) if whole == content else _items(whole)


def _frames(content: str) -> Iterator[tuple[str, Any]]:
    for frame in re.sub(r"(?m)^\[ *[\d.]+s\] ", "", content).split("\n\n"):
        if frame.startswith("event: "):
            name, _, data = frame.partition("\ndata:")
            yield name.removeprefix("event: "), json.loads(data)


def _items(text: str) -> list[Any]:
    """The items of an array that was recorded in part, as far as they are whole."""
    items: list[Any] = []
    at, decoder = 1, json.JSONDecoder()
    while True:
        try:
            item, at = decoder.raw_decode(text, at)
        except ValueError:
            return items
        items.append(item)
        at += 1


def shape(value: Any, name: str = "") -> Any:
    """What is left of a value when all that is another each time has become its type."""
    if isinstance(value, dict):
        return {key: shape(item, key) for key, item in value.items() if key not in PROVIDER}
    if isinstance(value, list):
        return [shape(item, name) for item in value]
    return value if name in WORDS else type(value).__name__
