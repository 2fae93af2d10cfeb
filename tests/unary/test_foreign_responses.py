"""Who spoke: an answer that is not Flue's, where a proxy may have given it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from flue_client_ext import (
    FlueApiError,
    FlueConnectionError,
    FlueError,
    FlueProtocolError,
    InvokeOutcomeUnknownError,
)
from tests.servers.raw import RawServer
from tests.unary.forward_proxy import ForwardProxy
from tests.unary.support import NEVER_AGAIN, borrowed, failure, says, spoken
from tests.worlds import World

CALLS: dict[str, Callable[[Any], Any]] = {
    "invoke": lambda client: client.workflows.invoke("w"),
    "get": lambda client: client.runs.get("r", backoff_options=NEVER_AGAIN),
    "history": lambda client: client.agents.history("a", "1", backoff_options=NEVER_AGAIN),
    "ask": lambda client: client.agents.conversation("a", "1").ask(
        "x", backoff_options=NEVER_AGAIN
    ),
    "read": lambda client: client.agents.read("a", "1", "s", backoff_options=NEVER_AGAIN),
    "events": lambda client: client.runs.events("r", backoff_options=NEVER_AGAIN),
    "long-poll": lambda client: list(client.runs.stream("r", backoff_options=NEVER_AGAIN)),
    "sse": lambda client: list(client.runs.stream("r", live="sse", backoff_options=NEVER_AGAIN)),
}
every_call = pytest.mark.parametrize("call", CALLS)
LOGIN = b"<html>Please log in</html>"
HTML = {"content-type": "text/html"}
ENVELOPE = json.dumps({"error": {"type": "forbidden", "message": "no", "details": ""}}).encode()


def answered(
    world: World, monkeypatch: pytest.MonkeyPatch, call: str, *answer: Any
) -> tuple[Any, str]:
    """The error of a call that a proxy answers itself, and what the proxy is called."""
    with RawServer(says(*answer)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://user:s3cr3t@127.0.0.1:{proxy.port}")
        error = failure(CALLS[call], world.client("http://flue.test/api"))
        assert isinstance(error, FlueError)
        assert "s3cr3t" not in spoken(error)
        again = pickle.loads(pickle.dumps(error))
        assert (str(again), vars(again)) == (str(error), vars(error))
        return error, f"127.0.0.1:{proxy.port}, from http_proxy"


@every_call
@pytest.mark.parametrize("status", [403, 404, 407, 502, 302])
def test_a_foreign_response_names_the_proxy_that_it_came_through(
    any_world: World, monkeypatch: pytest.MonkeyPatch, call: str, status: int
) -> None:
    headers = {**HTML, "location": "http://login.test/?s=1"}
    error, proxy = answered(any_world, monkeypatch, call, status, b"<html>", headers)
    assert isinstance(error, FlueApiError)
    assert (error.status, error.proxy) == (status, proxy)
    assert proxy in str(error)


@every_call
def test_a_login_page_names_the_proxy_that_it_came_through(
    any_world: World, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    status = 202 if call in ("invoke", "ask") else 200
    error, proxy = answered(any_world, monkeypatch, call, status, LOGIN, HTML)
    assert type(error) is FlueProtocolError
    assert error.proxy == proxy
    assert proxy in str(error)


@every_call
def test_a_response_of_Flue_mentions_no_proxy(
    any_world: World, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    kind = {"content-type": "application/json"}
    error, proxy = answered(any_world, monkeypatch, call, 403, ENVELOPE, kind)
    assert (error.type, error.proxy) == ("forbidden", proxy)
    assert "proxy" not in str(error)


@pytest.mark.parametrize("call", ["invoke", "get", "long-poll"])
def test_a_page_that_may_have_been_cut_names_the_proxy_too(
    any_world: World, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    status = 202 if call == "invoke" else 200

    def page(_: Any, connection: Any) -> None:
        connection.head(status, HTML)
        connection.send(LOGIN)
        connection.end()

    with RawServer(page) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"127.0.0.1:{proxy.port}")
        error = failure(CALLS[call], any_world.client("http://flue.test"))
        kinds = {"invoke": InvokeOutcomeUnknownError, "long-poll": FlueConnectionError}
        assert type(error) is kinds.get(call, FlueProtocolError)
        assert f"127.0.0.1:{proxy.port}, from ALL_PROXY" in str(error)


BROKEN_EVENTS: dict[str, tuple[bytes, type[Exception]]] = {
    "nothing": (b"", FlueConnectionError),
    "half a frame": (b"event: data\ndata:[", FlueConnectionError),
    "data that is not JSON": (b"event: data\ndata:<html>\n\n", FlueProtocolError),
    "data that is no array": (b"event: data\ndata:{}\n\n", FlueProtocolError),
    "control that is not JSON": (b"event: control\ndata:<html>\n\n", FlueProtocolError),
    "control without an offset": (b"event: control\ndata:{}\n\n", FlueProtocolError),
}


@pytest.mark.parametrize("name", BROKEN_EVENTS)
def test_a_broken_event_stream_names_the_proxy_that_it_came_through(
    any_world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    body, kind = BROKEN_EVENTS[name]
    events = {"content-type": "text/event-stream"}
    error, proxy = answered(any_world, monkeypatch, "sse", 200, body, events)
    assert type(error) is kind
    assert str(error).count(f"through the proxy {proxy}") == 1
    if isinstance(error, FlueProtocolError):
        assert error.proxy == proxy


def test_a_page_that_leads_nowhere_names_the_proxy_and_the_url(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"content-type": "application/json", "stream-next-offset": "-1"}
    error, proxy = answered(any_world, monkeypatch, "long-poll", 200, b"[]", headers)
    assert type(error) is FlueProtocolError
    assert (error.proxy, error.offset) == (proxy, "-1")
    assert str(error.url).startswith("http://flue.test/api/")


@pytest.mark.parametrize("call", ["invoke", "get"])
def test_a_proxy_cannot_respond_inside_its_tunnel(
    any_world: World, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    with RawServer(says(403), tls=True) as server, ForwardProxy() as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        client = any_world.client(server.url, ssl_context=server.client_context())
        error = failure(CALLS[call], client)
        assert isinstance(error, FlueApiError)
        assert (error.status, error.proxy) == (403, None)
        assert "proxy" not in str(error)


@every_call
def test_without_a_proxy_none_is_mentioned(any_world: World, call: str) -> None:
    with RawServer(says(403)) as server, borrowed(any_world) as http_client:
        for own in (None, http_client):
            error = failure(CALLS[call], any_world.client(server.url, http_client=own))
            assert isinstance(error, FlueApiError)
            assert error.proxy is None
            assert "proxy" not in str(error)


@pytest.mark.parametrize("call", ["invoke", "get"])
def test_a_cut_through_a_plain_proxy_names_it(
    any_world: World, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    with RawServer(lambda _, connection: connection.close()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        error = failure(CALLS[call], any_world.client("http://flue.test"))
        assert isinstance(error, FlueConnectionError)
        assert f"127.0.0.1:{proxy.port}, from http_proxy" in str(error)
