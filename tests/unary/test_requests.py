"""What goes over the wire: path, input and headers. Arguments are checked before any I/O."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flue_client_ext import FlueApiError, __version__
from tests.servers.flue import FlueServer
from tests.servers.raw import RawServer, Request
from tests.unary.support import borrowed, failure, works
from tests.worlds import World

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
SEGMENTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=CONTROLS), min_size=1
).filter(lambda text: text not in (".", ".."))
AWKWARD = [
    "a/b",
    "../admin",
    "%2e%2e",
    "a%2Fb",
    "a?b=c#d",
    "...",
    "~a b+c;d,e:f@g&h=i",
    "\u00fc\u2028\U0001f600",
    "\\..\\x",
    "//evil.example",
]
REFUSED = ["", ".", "..", "a\nb", "a\x00", "\x1f", "\x7f", "\x85", "\ud800"]


def addressed(request: Request) -> tuple[list[str], str]:
    """The decoded segments of a request's path, and its query."""
    assert "#" not in request.target
    path, _, query = request.target.partition("?")
    assert path.isascii()
    return [unquote(part, errors="strict") for part in path.split("/")[1:]], query


@pytest.mark.parametrize("transport", ["own sockets", "http_client"])
def test_any_other_string_reaches_exactly_its_own_segment(any_world: World, transport: str) -> None:
    with RawServer(works) as server, borrowed(any_world) as http_client:
        options = {"http_client": http_client} if transport == "http_client" else {}
        client = any_world.client(server.url + "/api", **options)

        @settings(max_examples=60, deadline=None)
        @given(text=SEGMENTS)
        def check(text: str) -> None:
            client.workflows.invoke(text)
            client.runs.get(text)
            posted, got = server.requests[-2:]
            assert (posted.method, *addressed(posted)) == ("POST", ["api", "workflows", text], "")
            assert (got.method, *addressed(got)) == ("GET", ["api", "runs", text], "meta=")

        for text in AWKWARD:
            check = example(text)(check)
        check()


@pytest.mark.parametrize("text", REFUSED, ids=ascii)
def test_what_is_no_segment_is_refused_before_any_io(any_world: World, text: str) -> None:
    with RawServer(works) as server:
        client = any_world.client(server.url)
        for call in (client.workflows.invoke, client.workflows.run, client.runs.get):
            assert type(failure(call, text)) is ValueError
        assert type(failure(client.runs.events, text)) is ValueError
        assert server.accepted == 0


@pytest.mark.parametrize("value", [None, 7, b"name", ["a"]])
def test_a_name_that_is_no_string_is_a_type_error(any_world: World, value: Any) -> None:
    client = any_world.client("http://127.0.0.1:9")
    assert type(failure(client.workflows.invoke, value)) is TypeError
    assert type(failure(client.runs.get, value)) is TypeError


@pytest.mark.parametrize("name", ["a/b", "%2e%2e", "a?b", "\u00fc", "...", "summarize/"])
def test_the_genuine_server_sees_one_workflow_name(
    any_world: World, genuine: FlueServer, name: str
) -> None:
    error = failure(any_world.client(genuine.url).workflows.invoke, name)
    assert isinstance(error, FlueApiError)
    assert (error.status, error.type) == (404, "workflow_not_found")


def test_left_out_null_and_json_are_three_inputs_on_the_wire(any_world: World) -> None:
    with RawServer(works) as server:
        invoke = any_world.client(server.url).workflows.invoke
        invoke("w")
        invoke("w", input=None)
        invoke("w", input={"a": [1, 2.5, "\u00fc", None, True]})
    nothing, null, value = server.requests
    assert nothing.body == b""
    assert "content-type" not in nothing.headers
    assert nothing.headers.get("content-length", "0") == "0"
    assert (null.body, null.headers["content-type"]) == (b"null", "application/json")
    assert json.loads(value.body) == {"a": [1, 2.5, "\u00fc", None, True]}


def test_the_genuine_server_tells_the_three_inputs_apart(
    any_world: World, genuine: FlueServer
) -> None:
    invoke = any_world.client(genuine.url).workflows.invoke
    assert invoke("echo", wait="result").result == {}
    assert invoke("echo", input=None, wait="result").result is None
    assert invoke("echo", input=[1, "\u00fc\u2028"], wait="result").result == [1, "\u00fc\u2028"]
    assert invoke("bare").run_id
    refused = failure(invoke, "bare", input=None)
    assert isinstance(refused, FlueApiError)


def test_requests_have_a_user_agent_and_ask_for_plain_json(any_world: World) -> None:
    with RawServer(works) as server:
        client = any_world.client(server.url)
        client.workflows.invoke("w", input={})
        client.runs.get("run_1")
    for request in server.requests:
        assert request.headers["user-agent"].startswith(f"flue-client/{__version__} ")
        assert request.headers["accept"] == "application/json"
        assert request.headers["accept-encoding"] == "identity"
        assert request.headers["host"] == server.url.removeprefix("http://")


def test_wait_is_result_or_nothing(any_world: World) -> None:
    with RawServer(works) as server:
        invoke = any_world.client(server.url).workflows.invoke
        assert invoke("w", wait=None).run_id == "run_1"
        assert invoke("w", wait="result", input=3).result == 3
        assert type(failure(invoke, "w", wait="forever")) is ValueError
    assert [request.target for request in server.requests] == [
        "/workflows/w",
        "/workflows/w?wait=result",
    ]


def test_the_mount_prefix_is_kept_on_the_genuine_server(any_world: World) -> None:
    with FlueServer(mount="/api/v1") as server:
        for base_url in (server.url, server.url + "/"):
            client = any_world.client(base_url)
            run_id = client.workflows.invoke("echo", input=1, wait="result").run_id
            assert client.runs.get(run_id).status == "completed"
            assert client.runs.events(run_id)[-1].type == "run_end"
