"""Names and headers of the caller's choice stay what they are: no other route, no other header."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from flue_client_ext import FlueError
from tests.servers.raw import RawServer
from tests.unary.support import NEVER_AGAIN, failure, works
from tests.worlds import World

NAMES = [
    *(
        "../x",
        "..\\x",
        "a/../../b",
        "%2e%2e",
        "%2f",
        "%2e%2e%2fadmin",
        "a?b=c",
        "a#b",
        "a;b",
        "a&b",
    ),
    *("//h", "http://h/", "@h", "a b", " ", "\u2025", "\uff0e\uff0e", "\u2024\u2024", "..\u200b"),
    *("a+b", "a%00b", "é世🎉", "~", "*", "'\"<>`{}|^", "x" * 3000, "-1", "$&", ":", "CON"),
]
REFUSED = ["", ".", "..", "a\rb", "a\nb", "a\x00b", "a\x7fb", "a\x85b", "\ud800", "\t"]


def _paths(world: World) -> str:
    with RawServer(works) as server:
        client = world.client(f"{server.url}/api", timeout=20)
        calls: dict[str, Callable[[Any], Any]] = {
            "/api/workflows/": lambda name: client.workflows.invoke(name),
            "/api/runs/": lambda name: client.runs.get(name, backoff_options=NEVER_AGAIN),
            "/api/agents/a/": lambda name: client.agents.abort("a", name),
            "/api/agents/": lambda name: client.agents.abort(name, "1"),
        }
        for prefix, call in calls.items():
            for name in NAMES:
                before = len(server.requests)
                try:
                    call(name)
                except FlueError:
                    pass  # the server does not know the route
                except ValueError:
                    assert name == " ", name  # blank
                    continue
                target = server.requests[before].target.partition("?")[0]
                segment = target.removeprefix(prefix).partition("/")[0]
                assert target.startswith(prefix), target
                assert segment == quote(name, safe="~") or unquote(segment) == name, target
                assert not {"?", "#", "\\", " "} & set(segment), target
            before = len(server.requests)
            for name in REFUSED:
                assert isinstance(failure(call, name), ValueError), (prefix, name)
            assert len(server.requests) == before
    return f"{len(NAMES)} names are one segment each; {len(REFUSED)} are refused before any request"


def _queries(world: World) -> str:
    offsets = ["a&live=sse", "a#b", "a?b", "a%26b", "é", "a+b", "a=b", "a;b"]
    with RawServer(works) as server:
        client = world.client(server.url, timeout=20)
        for offset in offsets:
            before = len(server.requests)
            failure(client.runs.events, "r", offset=offset, backoff_options=NEVER_AGAIN)
            _, _, query = server.requests[before].target.partition("?")
            pairs = dict(pair.partition("=")[::2] for pair in query.split("&"))
            assert unquote(pairs["offset"].replace("+", " ")) == offset
            assert pairs.get("live") != "sse"
        before = len(server.requests)
        for offset in ("a\r\nb", "a\x00", "", "a\nHost: x"):
            assert isinstance(failure(client.runs.events, "r", offset=offset), ValueError)
        assert len(server.requests) == before
    return "an offset is one value of the query; control characters are refused"


def _headers(world: World) -> str:
    bad = ["a\r\nX: y", "a\nb", "a\rb", "a\x00b", "\u2603", "\ud800", "a\x7fb", "a\x0bb"]
    names = ["X Y", "X:", "X\r\nY", "", "é", "Host", "Content-Length", "Transfer-Encoding", "TE"]
    with RawServer(works) as server:
        for value in bad:
            for options in ({"token": value}, {"headers": {"X-A": value}}):
                refused = failure(world.client, server.url, **options)
                assert isinstance(refused, ValueError), (value, refused)
                late = world.client(server.url, headers=lambda value=value: {"X-A": value})
                assert isinstance(failure(late.workflows.invoke, "w"), ValueError)
        for name in names:
            refused = failure(world.client, server.url, headers={name: "x"})
            assert isinstance(refused, ValueError), name
        assert server.requests == []
        world.client(server.url, headers={"X-A": "caf\xe9"}).workflows.invoke("w")
        assert server.requests[0].headers["x-a"] == "caf\xe9"
    return "CR, LF, NUL and other controls, names that are none, and framing headers are refused"


CHECKS: dict[str, Callable[[World], str]] = {
    "names of workflows, runs, agents, conversations": _paths,
    "offsets": _queries,
    "headers and tokens": _headers,
}
