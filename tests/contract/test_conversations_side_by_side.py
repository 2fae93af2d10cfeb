"""Odd requests about conversations, each sent to both servers: the answers are the same, masked.

Not in it: reads that wait, since they have no end, and bodies that the JSON parsers of the two
describe in their own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product
from uuid import uuid4

import httpx
import pytest

from tests.contract.agents import Agents
from tests.contract.conversation import BEYOND, Conversation, offset
from tests.contract.images import image
from tests.contract.wire import Seen, seen
from tests.servers.flue2 import Flue2Server, Version
from tests.servers.http import client_of
from tests.servers.local_agents import LocalAgents

AGENTS = ("echo", "fails")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PLACES = ("/agents/echo/{echo}", "/agents/echo/{new}", "/agents/echo/%20", "/agents/echo")
BELOW = ("", "/abort", "/attachments/x", "/attachments/%20", "/attachments", "/x")
OFFSETS = [
    "-1", "now", "", "x", "-2", offset(0), offset(5), BEYOND, "0_0", "0_99", "1_1", "%2D1",
    f"{offset(5)}%20", offset(5)[1:], "-1&offset=-1", "-1&tail=1", "-1&live=x",
]  # fmt: skip
VIEWS = [
    "", "?view=history", "?view=", "?view=x", "?view=history&view=updates", "?offset=-1",
    "?view=history&live=sse", "?tail=1", "?limit=1", "?before=x&limit=-1", "?%76iew=x", "?&&",
]  # fmt: skip
HELLO = {"kind": "user", "body": "hello"}
SIGNAL = {"kind": "signal", "type": "t", "body": "x"}
USER_FIELDS: dict[str, list[object]] = {
    "body": [None, 5, "", [], {}, "é世🎉\u2028\u0000"],
    "attachments": [None, [], {}, "x", [None], [{}], [image()], [image(""), image()]],
    "uid": [None, "", "x", 5, "inst_x"],
    "idempotencyKey": [None, "", "k", "k" * 256, "k" * 257, 5],
    "initialData": [None, 5, {}, {"name": "Ada"}],
}
IMAGE_FIELDS: dict[str, list[object]] = {
    "mimeType": ["", 5],
    "type": ["text"],
    "filename": ["", "é"],
    "data": ["", 5, "a"],
    "unknown": [1],
}
SIGNAL_FIELDS: dict[str, list[object]] = {
    "type": [None, "", " ", 5, "memory", "resources", "a.b"],
    "tagName": [None, "", "a", "1", "a b", "a-b", 5],
    "attributes": [None, {}, {"a": 1}, {"a": "b"}, {"": "b"}, [], ["b"], [1], "x", {"type": "x"}],
}


def each(fields: dict[str, list[object]]) -> list[dict[str, object]]:
    """One field with one of its values at a time."""
    return [{name: value} for name, values in fields.items() for value in values]


BODIES: list[object] = [
    *(None, True, 5, "x", [], {}, {"kind": "x"}, {"kind": "user"}, {"body": "x"}),
    *({**HELLO, **field} for field in [{}, *each(USER_FIELDS)]),
    *({**HELLO, "attachments": [{**image(), **field}]} for field in each(IMAGE_FIELDS)),
    *({**SIGNAL, **field} for field in [{}, *each(SIGNAL_FIELDS)]),
]
MASKS = {
    re.compile(r'"position":\{[^}]*\}|\d{16}_\d{16}'): "<position>",  # deltas are batched by time
    re.compile(r"\bagents/Echo/"): "agents/echo/",  # a TypeScript function is its agent's name
}
TYPES = ("", "text/plain", "application/json; charset=utf-8", "APPLICATION/JSON", "application/xml")

Probe = tuple[str, str, object, str]
Clients = list[tuple[httpx.Client, dict[str, str]]]


@pytest.fixture(scope="module")
def clients(
    genuine_versions: Callable[[Version], Flue2Server], local_agents: LocalAgents
) -> Iterator[Clients]:
    """For each server a client, and an answered conversation with some agents."""
    servers: list[Agents] = [genuine_versions("2.1.0"), local_agents]
    pairs: Clients = []
    for server in servers:
        client = client_of(server.url, timeout=20)
        ids: dict[str, str] = {}
        for agent in AGENTS:
            conversation = Conversation(client, agent)
            conversation.ask("hello")
            ids[agent] = conversation.id
        pairs.append((client, ids))
    yield pairs
    for client, _ in pairs:
        client.close()


def probes() -> Iterator[Probe]:
    for method, place, below in product(METHODS, PLACES, BELOW):
        if (method, place + below) != ("POST", PLACES[0]):  # that one stays as it is
            yield method, place + below, HELLO, "application/json"
    for view, method in product(VIEWS, ("GET", "HEAD")):
        yield method, f"/agents/echo/{{echo}}{view}", None, ""
    for after in OFFSETS:
        yield "GET", f"/agents/echo/{{echo}}?view=updates&offset={after}", None, ""
    for agent, view in product(AGENTS, ("", "?view=updates&offset=-1")):
        yield "GET", f"/agents/{agent}/{{{agent}}}{view}", None, ""
    for body, agent in product(BODIES, ("echo", "greets")):
        yield "POST", f"/agents/{agent}/{{new}}", body, "application/json"
    for kind in TYPES:
        yield "POST", "/agents/echo/{new}", HELLO, kind
    for query in ("?wait", "?wait=result", "?x=1"):
        yield "POST", f"/agents/echo/{{new}}{query}", HELLO, "application/json"


def answers(clients: Clients, probe: Probe) -> list[Seen]:
    method, path, body, kind = probe
    found: list[Seen] = []
    for client, ids in clients:
        new = f"new{uuid4().hex}"
        there = path.replace("{new}", new)
        for agent, id in ids.items():
            there = there.replace(f"{{{agent}}}", id)
        headers = {"content-type": kind} if kind else {}
        request = client.build_request(method, there, headers=headers)
        if body is not None or kind:
            request = client.build_request(method, there, json=body)
            request.headers["content-type"] = kind
        answer = seen(client.send(request)).without(new, *ids.values())
        found.append(answer.masking(MASKS))
    return found


@pytest.mark.parametrize("probe", [*probes()], ids=lambda probe: " ".join(map(str, probe[:3]))[:90])
def test_both_answer_alike(clients: Clients, probe: Probe) -> None:
    genuine, local = answers(clients, probe)
    assert local == genuine
