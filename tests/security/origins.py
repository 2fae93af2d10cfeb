"""Credentials go to the origin that the user has named, whatever a server says."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest.mock import patch

from flue_client_ext import FlueApiError
from tests.servers.raw import Connection, RawServer, Request
from tests.unary.forward_proxy import ForwardProxy
from tests.unary.support import NEVER_AGAIN, failure, works
from tests.worlds import World

from .channels import OverHttpx, over_both, over_httpx

TOKEN = "t0k3n"


def _redirect(status: int, world: World) -> str:
    """To another origin, by a location of any form; the other server must hear nothing at all.
    The message names the origin of a location that is a URL."""
    with RawServer(works) as other:
        authority = other.url.removeprefix("http://")
        locations = {f"{other.url}/x": True, f"//{authority}/x": True}
        locations[f"\\\\{authority}\\x"] = False
        if not isinstance(world, OverHttpx):  # httpx raises its own InvalidURL for such a location
            locations[f"http:{authority}"] = False
        for location, is_url in locations.items():

            def move(_: Request, connection: Connection, location: str = location) -> None:
                connection.answer(status, b"", {"location": location})

            with RawServer(move) as server:
                client = world.client(server.url, token=TOKEN, timeout=20)
                calls: list[Callable[[], Any]] = [
                    partial(client.workflows.invoke, "w"),
                    partial(client.runs.get, "r"),
                    partial(client.runs.events, "r"),
                    partial(client.agents.send, "a", "1", "x"),
                ]
                for call in calls:
                    error = failure(call)
                    assert isinstance(error, FlueApiError), error
                    assert (error.status, error.headers["location"]) == (status, location)
                    assert not is_url or other.url in str(error)
        assert other.accepted == 0
    return "an error that names the origin; the other server gets no connection"


def _strings_of_the_server(world: World) -> str:
    """Offsets, cursors and ids that look like URLs stay parts of the query or of the path."""
    with RawServer(works) as other:
        evil = f"{other.url}/x?a=1#b&offset=-1"

        def answer(request: Request, connection: Connection) -> None:
            if request.method == "POST":
                connection.json(202, {"runId": evil})
            elif "meta" in request.target:
                connection.json(200, {"runId": evil, "status": "completed"})
            else:
                known = "offset=http" in request.target
                headers = {
                    "stream-next-offset": evil,
                    "stream-cursor": evil,
                    "location": evil,
                    "link": f"<{evil}>; rel=next",
                    "content-location": evil,
                    **({"stream-closed": "true"} if known else {}),
                }
                items: list[Any] = [] if known else [{"type": "log", "v": 3, "url": evil}]
                connection.json(200, items, headers)

        with RawServer(answer) as server:
            client = world.client(server.url, token=TOKEN, timeout=20)
            run = client.workflows.invoke("w").run_id
            list(client.runs.stream(run, live="long-poll"))
            client.runs.get(run)
            assert len(server.requests) >= 4
            for request in server.requests:
                assert request.target.startswith(("/runs/", "/workflows/w"))
                assert request.headers["host"] == server.url.removeprefix("http://")
        assert other.accepted == 0
    return "sent back as a part of the query or of the path, to the same origin"


def _attachment(world: World) -> str:
    """A message names its file by an id and by a URL of the server's choice."""
    with RawServer(works) as other:

        def answer(_: Request, connection: Connection) -> None:
            connection.answer(200, b"bytes")

        with RawServer(answer) as server:
            client = world.client(server.url, token=TOKEN, timeout=20)
            conversation = client.agents.conversation("a", "1")
            authority = other.url.removeprefix("http://")
            for id in (
                f"{other.url}/x",
                f"//{authority}",
                f"@{authority}",
                f"..\\{authority}",
                "a/../b",
                "?x#y",
            ):
                assert conversation.attachment(id) == b"bytes"
            for request in server.requests:
                assert request.target.startswith("/agents/a/1/attachments/")
                assert request.target.count("/") == 5
        assert other.accepted == 0
    return "read by its id, under the URL of its conversation; a URL in a message is never used"


def _url_of_a_conversation(world: World) -> str:
    with RawServer(works) as other, RawServer(works) as server:
        client = world.client(server.url, token=TOKEN)
        authority = other.url.removeprefix("http://")
        for url in (
            f"{other.url}/agents/a/1",
            f"http://{server.host}:{server.port}@{authority}/agents/a/1",
            f"{server.url}.{authority}/agents/a/1",
            f"https://{server.host}:{server.port}/agents/a/1",
        ):
            assert isinstance(failure(client.agents.conversation, url=url), ValueError), url
        assert (other.accepted, server.accepted) == (0, 0)
    return "of another origin: refused before any request"


def _plain_proxy(world: World) -> str:
    with RawServer(works) as server, ForwardProxy() as proxy:
        url = proxy.url.replace("//", "//u:pr0xy@")
        with patch.dict(os.environ, {"http_proxy": url, "no_proxy": ""}):
            client = world.client(server.url, token=TOKEN)
            client.runs.get("r", backoff_options=NEVER_AGAIN)
        assert "proxy-authorization" in proxy.requests[0].headers
        assert all("proxy-authorization" not in each.headers for each in server.requests)
    return "gets its own credentials, which the server does not; an http:// request is open to it"


def _tunnel(world: World) -> str:
    with RawServer(works, tls=True) as server, ForwardProxy() as proxy:
        with patch.dict(os.environ, {"https_proxy": proxy.url, "no_proxy": ""}):
            context = server.client_context()
            client = world.client(server.url, token=TOKEN, ssl_context=context)
            client.runs.get("r", backoff_options=NEVER_AGAIN)
        (connect,) = proxy.requests
        assert TOKEN not in str(connect)
        assert TOKEN in str(server.requests[0].headers)
    return "sees the name and port of the server, and no credential"


def _cookies(world: World) -> str:
    def bake(request: Request, connection: Connection) -> None:
        headers = {"set-cookie": "session=tracked; Path=/", "authorization": "Bearer other"}
        connection.json(200, {"runId": "r"}, headers)

    with RawServer(bake) as server:
        client = world.client(server.url)
        for _ in range(2):
            client.runs.get("r")
        assert all("cookie" not in request.headers for request in server.requests)
        assert all("authorization" not in request.headers for request in server.requests)
    return "neither kept nor sent, over own connections"


def _cookies_over_httpx(world: World) -> str:
    """The control: httpx has a jar of its own, and a user who lends the client lends the jar."""

    def bake(_: Request, connection: Connection) -> None:
        connection.json(200, {"runId": "r"}, {"set-cookie": "session=tracked; Path=/"})

    with RawServer(bake) as server, over_httpx(world) as other:
        client = other.client(server.url)
        for _ in range(2):
            client.runs.get("r")
        first, second = (request.headers for request in server.requests)
        assert "cookie" not in first and second["cookie"] == "session=tracked"
    return "httpx keeps them in its own jar and sends them back, as with every request of it"


CHECKS: dict[str, Callable[[World], str]] = {
    **{
        f"redirect {status}": over_both(partial(_redirect, status))
        for status in (301, 302, 303, 307, 308)
    },
    "offsets, cursors, links and ids of the server": over_both(_strings_of_the_server),
    "attachments": over_both(_attachment),
    "url= of a conversation": over_both(_url_of_a_conversation),
    "proxy of http://": _plain_proxy,
    "proxy of https://": _tunnel,
    "cookies of the server": _cookies,
    "cookies of the server, over httpx": _cookies_over_httpx,
}
