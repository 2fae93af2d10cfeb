"""The generated client by itself: its operations over a real server, and answers of any kind."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from types import ModuleType
from typing import Any

import httpx
import pytest

from flue_client import AuthenticatedClient, Client
from flue_client.api.runs import get_run, head_run, read_run_events
from flue_client.api.workflows import invoke_workflow
from flue_client.models import (
    ErrorEnvelope,
    LogEvent,
    RunEndEvent,
    RunRecord,
    RunStartEvent,
    WorkflowInvokeResult,
    WorkflowWaitResult,
)
from flue_client_ext.testing import LocalFlue, RunContext
from tests.contract_spec.calling import LOCAL, Call
from tests.servers.raw import Connection, RawServer, Request

TOKEN = "a-secret-token"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server below a prefix that demands a token."""
    flue = LocalFlue(prefix="/api", token=TOKEN)

    @flue.workflow("shout")
    def shout(input: Any, run: RunContext) -> dict[str, str]:
        run.log("shouting")
        return {"text": input["text"].upper()}

    with flue.run() as address:
        yield address


def authenticated(url: str) -> AuthenticatedClient:
    return AuthenticatedClient(url, TOKEN, timeout=httpx.Timeout(30), httpx_args=LOCAL)


@pytest.mark.parametrize("detailed", [False, True])
def test_all_operations_work_against_a_server(url: str, call: Call, detailed: bool) -> None:
    def parsed(module: ModuleType, *args: Any, **options: Any) -> Any:
        answer = call(authenticated(url), module, *args, detailed=detailed, **options)
        if not detailed:
            return answer
        assert 200 <= answer.status_code < 300
        assert answer.content
        return answer.parsed

    waited = parsed(invoke_workflow, "shout", body={"text": "hi"}, wait="result")
    assert isinstance(waited, WorkflowWaitResult)
    assert waited.result == {"text": "HI"}
    started = parsed(invoke_workflow, "shout", body={"text": "you"})
    assert isinstance(started, WorkflowInvokeResult)
    assert started.run_id != waited.run_id
    record = parsed(get_run, waited.run_id)
    assert isinstance(record, RunRecord)
    assert (record.status, record.input) == ("completed", {"text": "hi"})
    events = parsed(read_run_events, waited.run_id, offset="-1")
    assert [type(event) for event in events] == [RunStartEvent, LogEvent, RunEndEvent]


def test_a_head_request_tells_where_the_stream_ends(url: str, call: Call) -> None:
    waited = call(authenticated(url), invoke_workflow, "shout", body={"text": ""}, wait="result")
    head = call(authenticated(url), head_run, waited.run_id, detailed=True)
    assert (head.status_code, head.parsed) == (200, None)
    assert head.headers["Stream-Closed"] == "true"
    end = head.headers["Stream-Next-Offset"]
    polled = call(
        authenticated(url),
        read_run_events,
        waited.run_id,
        offset=end,
        live="long-poll",
        detailed=True,
    )
    assert (polled.status_code, polled.parsed) == (204, None)
    followed = call(
        authenticated(url), read_run_events, waited.run_id, offset="-1", live="sse", detailed=True
    )
    assert followed.parsed is None
    assert b"run_end" in followed.content
    assert b"streamClosed" in followed.content


def test_an_error_of_the_server_is_an_answer(url: str, call: Call) -> None:
    missing = call(authenticated(url), get_run, "run_nowhere")
    assert isinstance(missing, ErrorEnvelope)
    assert missing.error.type == "run_not_found"
    refused = call(Client(url, httpx_args=LOCAL), get_run, "run_nowhere", detailed=True)
    assert (refused.status_code, refused.parsed) == (HTTPStatus.UNAUTHORIZED, None)


STRANGE = {
    "a proxy's page": (503, b"text/html", b"<h1>down</h1>"),
    "a page where an envelope is promised": (404, b"text/html", b"<h1>not found</h1>"),
    "an error that is no object": (500, b"application/json", b"null"),
    "a status without a name": (520, b"text/plain", b"unknown"),
    "a page where a record is promised": (200, b"text/html", b"<h1>sign in</h1>"),
    "a record that is no object": (200, b"application/json", b'"later"'),
    "bytes that are no text": (200, b"application/json", b"\xff\xfe\xfd"),
    "brackets without end": (200, b"application/json", b"[" * 100_000),
    "nothing": (200, b"application/json", b""),
}


@pytest.mark.parametrize("name", STRANGE)
def test_no_answer_whatever_is_an_exception(name: str, call: Call) -> None:
    status, kind, body = STRANGE[name]

    def answer(request: Request, connection: Connection) -> None:
        head = b"HTTP/1.1 %d Strange\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n"
        connection.send(head % (status, kind, len(body)) + body)

    with RawServer(answer) as server:
        for module in (get_run, read_run_events, invoke_workflow):
            client = Client(server.url, httpx_args=LOCAL)
            answered = call(client, module, "name", detailed=True)
            assert (answered.status_code, answered.content) == (status, body)
            assert answered.parsed is None


def test_a_client_shows_no_secret_and_changes_no_other() -> None:
    first = AuthenticatedClient("http://flue.test", TOKEN, headers={"x-key": "a-secret-key"})
    made = first.get_httpx_client()
    second = first.with_headers({"x-more": "1"}).with_cookies({"c": "a-secret-cookie"})
    third = second.with_timeout(httpx.Timeout(1))
    assert (made.headers["authorization"], made.headers["x-key"]) == (
        f"Bearer {TOKEN}",
        "a-secret-key",
    )
    assert "x-more" not in made.headers
    assert not made.cookies
    assert made.timeout == httpx.Timeout(None)
    other = third.get_httpx_client()
    assert other.timeout == httpx.Timeout(1)
    assert other.headers["authorization"] == f"Bearer {TOKEN}"
    assert (other.headers["x-more"], other.cookies["c"]) == ("1", "a-secret-cookie")
    for client in (first, second, third):
        assert "a-secret" not in repr(client)
    made.close()
    other.close()


@pytest.mark.parametrize("name", ["FlueClient", "AsyncFlueClient"])
def test_a_client_of_the_other_package_is_named_with_its_place(name: str) -> None:
    with pytest.raises(ImportError) as raised:
        exec(f"from flue_client import {name}")
    assert f"from flue_client_ext import {name}" in str(raised.value)
    with pytest.raises(ImportError):
        exec("from flue_client import Flask")
