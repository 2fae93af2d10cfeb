"""Hundreds of odd requests, each sent to both servers: the answers must be the same, masked.

Not in it, because they are the application's around Flue and not Flue's: answers to unknown paths,
and the agents' routes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import httpx
import pytest

from tests.contract.peers import Peer
from tests.contract.wire import seen
from tests.servers.http import client_of

JSON = {"content-type": "application/json"}
RUNS: dict[str, tuple[str, dict[str, object]]] = {
    "{short}": ("summarize", {"text": "hello big wide world"}),
    "{failed}": ("fail", {}),
    "{hidden}": ("hidden", {}),
    "{long}": ("flood", {"n": 250}),
    "{odd}": ("unicode", {"bytes": 10}),
}

Clients = list[tuple[httpx.Client, dict[str, str]]]
Probe = tuple[str, str, bytes, dict[str, str]]


@pytest.fixture(scope="module")
def clients(genuine_peer: Peer, local_peer: Peer) -> Iterator[Clients]:
    """For each server a client and its runs, all ended."""
    pairs: Clients = []
    for peer in (genuine_peer, local_peer):
        client = client_of(peer.url)
        ids: dict[str, str] = {}
        for name, (workflow, given) in RUNS.items():
            answer = client.post(f"/workflows/{workflow}?wait=result", json=given)
            ids[name] = answer.json().get("runId", "")
        ids["{failed}"] = client.post("/workflows/fail", json={}).json()["runId"]
        client.get(f"/runs/{ids['{failed}']}?offset=-1&live=sse")
        pairs.append((client, ids))
    yield pairs
    for client, _ in pairs:
        client.close()


def both(clients: Clients, probe: Probe) -> list[object]:
    method, path, body, headers = probe
    answers: list[object] = []
    for client, ids in clients:
        there = path
        for name, run_id in ids.items():
            there = there.replace(name, run_id)
        tag = client.get(f"/runs/{ids['{short}']}").headers["etag"]
        sent = {name: value.replace("<tag>", tag) for name, value in headers.items()}
        answers.append(seen(client.request(method, there, content=body, headers=sent)))
    return answers


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PLACES = (
    "/workflows/summarize",
    "/workflows/nope",
    "/workflows/%20",
    "/runs/{short}",
    "/runs/nope",
)
QUERIES = [
    "?meta",
    "?meta=",
    "?meta&offset=zzz",
    "?offset",
    "?offset=",
    "?offset=-1",
    "?offset=now",
    "?offset=-2",
    "?offset=1_1",
    "?offset=0_0",
    "?offset=00_001",
    "?offset=0_77",
    "?offset=0_1%20",
    "?offset=%2D1",
    "?offset=-1&offset=now",
    "?tail=0",
    "?tail=1",
    "?tail=2",
    "?tail=99",
    "?tail=+1",
    "?tail=%D9%A1",
    "?tail=99999999999999999999999",
    "?tail=1&tail=1",
    "?tail=1&offset=now",
    "?tail=1&offset=0_0",
    "?live=sse",
    "?live",
    "?live=foo&offset=zzz",
    "?live=sse&offset=zzz",
    "?live=sse&offset=-1",
    "?live=sse&offset=now",
    "?live=sse&offset=0_1",
    "?live=sse&offset=0_2",
    "?live=sse&offset=0_77",
    "?live=sse&offset=-1&tail=1",
    "?live=sse&offset=-1&tail=0",
    "?live=long-poll&offset=-1",
    "?live=long-poll&offset=now",
    "?live=long-poll&offset=0_1",
    "?live=long-poll&offset=0_2",
    "?live=long-poll&offset=0_77",
    "?live=long-poll&live=sse&offset=-1",
    "?live=sse&live=long-poll&offset=-1",
    "?offset=-1&foo=bar",
    "?offset=-1;live=sse",
    "?offset=%",
    "?offset=%zz",
    "?off%73et=now",
    "?offset=-1&",
    "?&&offset=-1",
    "?=x",
    "?wait=foo",
]
WAITS = ("", "?wait=result", "?wait=foo", "?wait=", "?wait", "?wait=result&wait=result", "?x=1")
BODIES = (
    b"",
    b"   ",
    b"\n",
    b"{",
    b"null",
    b"[]",
    b"5",
    b'"x"',
    b"true",
    b"NaN",
    b"{'a':1}",
    b"{} x",
    b"[1 2]",
    b"\x00",
    b"\xff\xfe",
    b'\xef\xbb\xbf{"text":"bom"}',
    b'{"text":"\xff"}',
    b'{"text":5}',
    b'{"text":null}',
    b'{"text":{}}',
    b'{"text":[]}',
    b'{"text":1.5}',
    b'{"text":1e400}',
    b'{"text":"\\ud83d"}',
    b'{"text":"a","extra":1}',
    b'{"text":"a","text":"b"}',
    b'{"__proto__":1,"text":"a"}',
)
TYPES = (
    "",
    "text/plain",
    "application/json; charset=utf-8",
    "APPLICATION/JSON",
    "application/x-www-form-urlencoded",
    "application/vnd.api+json",
    "text/plain; application/json",
)
NAMES = [
    "a%2Fb",
    "%E4%B8%AD",
    "%",
    "%zz",
    "a%00b",
    "a%0Ab",
    "..%2fruns",
    "sum%6Darize",
    "SUMMARIZE",
    "a+b",
    "a%20b",
    "a;b",
    "a:b",
    "a@b",
    "a,b",
    "é",
]
TAGS = ("<tag>", "W/<tag>", '<tag>, "y"', "*", '"x"')


def probes() -> list[Probe]:
    text = b'{"text":"a b c d"}'
    found: list[Probe] = [(m, p, b"", {}) for m, p in product(METHODS, PLACES)]
    found += [("GET", "/runs/{short}" + query, b"", {}) for query in QUERIES]
    found += [("HEAD", "/runs/{short}" + query, b"", {}) for query in QUERIES]
    found += [
        ("GET", f"/runs/{run}{query}", b"", {})
        for run, query in product(
            ("{long}", "{odd}", "{failed}", "{hidden}"),
            (
                "",
                "?meta",
                "?offset=-1&live=sse",
                "?offset=-1&live=long-poll",
                "?tail=150",
                "?tail=0",
            ),
        )
    ]
    for name, wait in product(("summarize", "nope", "echo", "bare"), WAITS):
        found.append(("POST", f"/workflows/{name}{wait}", text, JSON))
    for name, body in product(("summarize", "echo", "bare"), BODIES):
        found.append(("POST", f"/workflows/{name}?wait=result", body, JSON))
    for kind, body, name in product(TYPES, (text, b""), ("summarize", "bare")):
        headers = {"content-type": kind}
        found.append(("POST", f"/workflows/{name}?wait=result", body, headers))
    found += [("POST", f"/workflows/{name}", b"{}", JSON) for name in NAMES]
    found += [("GET", f"/runs/{name}", b"", {}) for name in NAMES]
    for tag, query in product(
        TAGS, ("", "?offset=now", "?tail=3", "?meta", "?offset=-1&live=long-poll")
    ):
        found.append(("GET", "/runs/{short}" + query, b"", {"if-none-match": tag}))
    found.append(("GET", "/runs/{short}", b"", {"connection": "close"}))
    found.append(("GET", "/runs/{short}", b"", {"accept": "text/event-stream"}))
    found.append(("GET", "/runs/{short}", b'{"x":1}', JSON))
    return found


@pytest.mark.parametrize("probe", probes(), ids=lambda probe: " ".join(map(str, probe[:3])))
def test_both_answer_alike(clients: Clients, probe: Probe) -> None:
    genuine, local = both(clients, probe)
    assert local == genuine
