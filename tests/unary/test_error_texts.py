"""What the text of an error says: which request or resource it is about, and what came instead."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from flue_client_ext import (
    AbortController,
    BackoffOptions,
    FlueApiError,
    FlueClient,
    FlueConnectionError,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
    StreamResetError,
)
from tests.servers.raw import Connection, RawServer, Request
from tests.worlds import World

from .support import NEVER_AGAIN, QUICK, Aside, failure, in_turn, says

CALLS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "invoke": ("POST {}/workflows/w", lambda client: client.workflows.invoke("w")),
    "run": ("POST {}/workflows/w", lambda client: client.workflows.run("w")),
    "get": ("GET {}/runs/r1", lambda client: client.runs.get("r1", backoff_options=NEVER_AGAIN)),
    "stream": (
        "GET {}/runs/r1",
        lambda client: list(client.runs.stream("r1", backoff_options=NEVER_AGAIN)),
    ),
    "send": (
        "POST {}/agents/a/1",
        lambda client: client.agents.send("a", "1", "x", backoff_options=NEVER_AGAIN),
    ),
    "history": (
        "GET {}/agents/a/1",
        lambda client: client.agents.history("a", "1", backoff_options=NEVER_AGAIN),
    ),
    "updates": (
        "GET {}/agents/a/1",
        lambda client: list(client.agents.updates("a", "1", backoff_options=NEVER_AGAIN)),
    ),
}
PAGE = b"<html>\r\n<head><title>Busy</title></head>"
HTML = {"content-type": "text/html; charset=utf-8"}
UNAUTHORIZED = b'{"error": {"type": "unauthorized", "message": "Unauthorized."}}'


@pytest.mark.parametrize("call", CALLS)
def test_a_refusal_names_the_request_and_how_a_foreign_body_begins(
    any_world: World, call: str
) -> None:
    asked, run = CALLS[call]
    with RawServer(says(503, PAGE, HTML)) as server:
        error = failure(run, any_world.client(server.url))
        assert type(error) is FlueApiError
        assert (error.method, error.url) == tuple(asked.format(server.url).split(" "))
        assert str(error) == (
            "503: an answer without Flue's error envelope (text/html: <html>"
            f" <head><title>Busy</title></head>) ({asked.format(server.url)})"
        )


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("token", [None, "token-5f1d8c0b"])
def test_a_401_says_whether_a_token_was_sent(any_world: World, call: str, token: Any) -> None:
    asked, run = CALLS[call]
    with RawServer(says(401, UNAUTHORIZED)) as server:
        error = failure(run, any_world.client(server.url, token=token))
        said = "a token was sent" if token else "no authorization header was sent"
        where = f"({asked.format(server.url)}; {said})"
        assert str(error) == f"401 unauthorized: Unauthorized. {where}"


@pytest.mark.parametrize("call", CALLS)
def test_a_page_that_repeats_the_token_is_not_shown(any_world: World, call: str) -> None:
    def echo(request: Request, connection: Connection) -> None:
        connection.answer(502, f"<p>{request.headers['authorization']}".encode(), HTML)

    with RawServer(echo) as server:
        error = failure(CALLS[call][1], any_world.client(server.url, token="hunter2-5f1d8c0b"))
        assert "hunter2" not in str(error)


@pytest.mark.parametrize("call", ["get", "stream", "history", "updates"])
def test_a_page_in_place_of_JSON_is_described(any_world: World, call: str) -> None:
    with RawServer(says(200, PAGE, HTML)) as server:
        error = failure(CALLS[call][1], any_world.client(server.url))
        assert "(text/html: <html> <head><title>Busy</title></head>)" in str(error)


def test_a_deadline_names_what_goes_on(any_world: World) -> None:
    with RawServer(lambda _, connection: connection.wait_closed()) as server:
        client = any_world.client(server.url)
        of_run = failure(list, client.runs.stream("r1", timeout=0.1))
        waiting = failure(client.agents.wait, "a", "1", "sub_1", timeout=0.1)
        plain = failure(list, any_world.durable(f"{server.url}/s?sig=hunter2", timeout=0.1))
        assert {type(each) for each in (of_run, waiting, plain)} == {FlueTimeoutError}
        where = f"({server.url}/runs/r1, at offset -1)"
        assert str(of_run) == f"the deadline passed {where} [the run is not stopped by this]"
        said = "[submission sub_1, the submission is not stopped by this]"
        assert str(waiting).endswith(f"/agents/a/1) {said}")
        assert str(plain) == f"the deadline passed ({server.url}/s, at offset -1)"


def test_an_abort_names_what_goes_on(any_world: World) -> None:
    with RawServer(lambda _, connection: connection.wait_closed()) as server:
        client, controller = any_world.client(server.url), AbortController()
        aside = Aside(lambda: client.runs.wait("r1", signal=controller.signal))
        assert server.wait_requests(1)
        controller.abort("enough")
        assert str(aside.error()) == "aborted: enough [run r1, the run is not stopped by this]"


def test_other_errors_name_their_resource_once() -> None:
    reset = StreamResetError(offset="5", tail=None, run_id="r1")
    assert str(reset).endswith("read again from the start [run r1]")
    named = FlueConnectionError("GET http://h/runs/r1 failed: reset", run_id="r1")
    assert str(named) == named.message
    url, where = "http://h/agents/a/1", {"submission_id": "s1"}
    unknown = InvokeOutcomeUnknownError("POST failed", conversation_url=url, **where)
    assert str(unknown) == f"POST failed [submission s1, conversation {url}]"


@pytest.mark.parametrize("call", ["get", "stream", "send"])
def test_the_log_says_which_request_is_tried_again(
    any_world: World, call: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "flue_client")
    reads: dict[str, Callable[[Any], Any]] = {
        "get": lambda client: client.runs.get("r1", backoff_options=QUICK),
        "stream": lambda client: list(client.runs.stream("r1", backoff_options=QUICK)),
        "send": lambda client: client.agents.send("a", "1", "x", backoff_options=QUICK),
    }
    with RawServer(in_turn(says(503), says(410))) as server:
        failure(reads[call], any_world.client(server.url))
        said = [record.getMessage() for record in caplog.records if record.levelname == "INFO"]
        url = CALLS[call][0].format(server.url).split(" ")[1]
        assert any(f"{url}: attempt 1 failed (status 503)" in line for line in said)


def test_a_base_url_without_a_scheme_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUE_BASE_URL", "localhost:3583")
    error = str(failure(FlueClient))
    assert "FLUE_BASE_URL" in error
    assert error.endswith("must begin with http:// or https://, not 'localhost:3583'")
    unquoted = "base_url must begin with http:// or https://"
    tokens = (
        "sk-live-hunter2",
        "u:hunter2",
        "eyJhbGciOi.eyJzdWIiOi.SflKxwRJSMeKKF2QT4fwpM",
        "ftp://h/t",
    )
    for secret in ("u:hunter2@h", "ftp://h/?sig=hunter2", "h:1#hunter2", *tokens):
        assert str(failure(FlueClient, secret)) == unquoted


def test_a_page_that_repeats_a_credential_of_the_users_client_is_not_shown() -> None:
    def echo(request: Request, connection: Connection) -> None:
        shown = f"<p>{request.headers['authorization']} {request.target}".encode()
        connection.answer(401, shown, HTML)

    with (
        RawServer(echo) as server,
        httpx.Client(
            headers={"authorization": "Bearer hunter2-5f"}, params={"key": "k-hunter2"}
        ) as http,
        FlueClient(server.url, token=None, http_client=http) as client,
    ):
        for run in (CALLS["get"][1], CALLS["invoke"][1]):
            error = failure(run, client)
            assert "hunter2" not in str(error)
            assert "a token was sent" in str(error)


def test_retries_of_the_client_are_those_of_posts_too(any_world: World) -> None:
    told: list[Any] = []
    never = BackoffOptions(max_retries=0, on_failed_attempt=told.append)
    client = any_world.client("http://127.0.0.1:1", backoff_options=never)
    for start in (client.workflows.invoke, client.workflows.run):
        assert isinstance(failure(start, "w"), FlueConnectionError)
    assert isinstance(
        failure(any_world.client("http://127.0.0.1:1").workflows.run, "w", backoff_options=never),
        FlueConnectionError,
    )
    assert len(told) == 3
