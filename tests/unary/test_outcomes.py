"""What the error of a call says of its run when something ends the call early."""

from __future__ import annotations

import copy
import json
import pickle
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from flue_client_ext import (
    AbortController,
    BackoffOptions,
    FlueAbortError,
    FlueApiError,
    FlueExecutionError,
    FlueProtocolError,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
    UnsupportedFlueEventVersionError,
)
from tests.servers.raw import Connection, Handler, RawServer, Request
from tests.unary.support import (
    DEADLINES,
    Aside,
    arrived_at,
    failure,
    leftover_threads,
    overdue,
    says,
)
from tests.worlds import World

CLOSED = {"stream-next-offset": "o1", "stream-up-to-date": "true", "stream-closed": "true"}
END = {"type": "run_end", "v": 3, "eventIndex": 1, "isError": False, "result": 1}


def runs(items: Any, record: Any = None, headers: Any = CLOSED) -> Handler:
    """Return a server whose every run has these events and this record."""

    def handler(request: Request, connection: Connection) -> None:
        if request.method == "POST":
            connection.json(202, {"runId": "run_77"})
        elif "meta" in request.target:
            connection.json(200, record)
        else:
            connection.json(200, items, headers)

    return handler


def stall(request: Request, connection: Connection) -> None:
    if request.method == "POST":
        connection.json(202, {"runId": "run_77"})
    else:
        connection.wait_closed()


CALLS: dict[str, Callable[..., Any]] = {
    "run": lambda client, **more: client.workflows.run("w", **more),
    "wait": lambda client, **more: client.runs.wait("run_77", **more),
}
READS: dict[str, Callable[..., Any]] = {
    "get": lambda client, **more: client.runs.get("run_77", **more),
    "events": lambda client, **more: client.runs.events("run_77", **more),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_record_without_a_status_is_an_end_that_says_nothing(any_world: World, call: str) -> None:
    with RawServer(runs([], {"runId": "run_77"})) as server:
        error = failure(CALLS[call], any_world.client(server.url))
        assert type(error) is FlueExecutionError
        assert (error.failure, error.run_id) == ("terminal_event_missing", "run_77")


@pytest.mark.parametrize("call", CALLS)
def test_a_run_end_that_does_not_say_how_is_looked_up_in_the_record(
    any_world: World, call: str
) -> None:
    end = {key: value for key, value in END.items() if key != "isError"}
    record = {"runId": "run_77", "status": "errored", "error": {"message": "m"}}
    with RawServer(runs([end], record)) as server:
        client = any_world.client(server.url)
        error = failure(CALLS[call], client)
        assert type(error) is FlueExecutionError
        assert (error.failure, error.error) == ("failed", {"message": "m"})
        server.handler = runs([end], {"runId": "run_77", "status": "completed", "result": 5})
        assert CALLS[call](client).result == 5


@pytest.mark.parametrize("call", CALLS | READS)
def test_an_abort_names_the_run_that_goes_on(any_world: World, call: str) -> None:
    controller = AbortController()
    with RawServer(stall) as server:
        client = any_world.client(server.url)
        aside = Aside(lambda: (CALLS | READS)[call](client, signal=controller.signal))
        assert server.wait_requests(2 if call == "run" else 1)
        controller.abort("enough")
        error = aside.error()
        assert type(error) is FlueAbortError
        assert (error.reason, error.run_id) == ("enough", "run_77")
        assert leftover_threads() == []


def test_an_abort_before_the_run_was_started_names_none(any_world: World) -> None:
    controller = AbortController()
    controller.abort()
    with RawServer(stall) as server:
        error = failure(any_world.client(server.url).workflows.run, "w", signal=controller.signal)
        assert type(error) is FlueAbortError
        assert error.run_id is None


@pytest.mark.parametrize("call", CALLS)
def test_an_answer_that_is_not_the_protocol_names_the_run(any_world: World, call: str) -> None:
    for handler in (runs("x"), runs([], 5)):
        with RawServer(handler) as server:
            error = failure(CALLS[call], any_world.client(server.url))
            assert type(error) is FlueProtocolError
            assert error.run_id == "run_77"


@pytest.mark.parametrize("call", [*CALLS, "events"])
def test_an_event_of_another_version_names_the_run(any_world: World, call: str) -> None:
    with RawServer(runs([{**END, "v": 4}])) as server:
        error = failure((CALLS | READS)[call], any_world.client(server.url))
        assert type(error) is UnsupportedFlueEventVersionError
        assert error.run_id == "run_77"
        assert pickle.loads(pickle.dumps(error)).run_id == "run_77"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 524, 429])
def test_an_answer_to_a_POST_is_never_called_retryable(any_world: World, status: int) -> None:
    with RawServer(says(status)) as server:
        client = any_world.client(server.url)
        for options in ({}, {"wait": "result"}):
            error = failure(client.workflows.invoke, "w", **options)
            assert isinstance(error, FlueApiError)
            assert (error.status, error.retryable) == (status, False)
        error = failure(client.runs.get, "r", backoff_options=BackoffOptions(max_retries=0))
        assert isinstance(error, FlueApiError)
        assert error.retryable


def test_a_deadline_that_passes_before_a_retry_says_what_was_to_be_retried(
    any_world: World,
) -> None:
    with RawServer(says(429, headers={"retry-after": "60"})) as server:
        answered = lambda error: "status 429" in error.cause  # noqa: E731
        error = overdue(any_world.client(server.url).runs.get, "r", far=answered)
        assert type(error) is FlueTimeoutError
        assert error.cause is not None
        assert "status 429" in error.cause


def test_a_deadline_that_passes_in_an_answer_says_nothing_of_a_retry(any_world: World) -> None:
    with RawServer(stall) as server:
        error = overdue(any_world.client(server.url).runs.get, "r", far=arrived_at(server))
        assert type(error) is FlueTimeoutError
        assert error.cause == "the deadline passed"


def test_an_abort_whose_reason_cannot_be_pickled_keeps_its_repr() -> None:
    reason = threading.Lock()
    error = FlueAbortError(reason, run_id="run_1")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (type(again), again.reason, again.run_id) == (FlueAbortError, repr(reason), "run_1")
        assert str(again) == str(error)
    assert error.reason is reason
    assert pickle.loads(pickle.dumps(FlueAbortError({"a": 1}))).reason == {"a": 1}


@pytest.mark.parametrize("ordered", [True, False])
def test_an_async_progress_hook_is_awaited_and_refused_by_sync(
    any_world: World, ordered: bool
) -> None:
    told: list[Any] = []

    async def on_progress(done: int, total: int) -> None:
        told.append((done, total))

    with RawServer(runs([END])) as server:
        client = any_world.client(server.url)
        outcomes = client.workflows.map("w", [1, 2], ordered=ordered, on_progress=on_progress)
        if any_world.is_async:
            for _ in outcomes:
                told.append("outcome")
            assert [entry for entry in told if entry != "outcome"] == [(1, 2), (2, 2)]
            assert told[0] == (1, 2)
        else:
            assert type(failure(list, outcomes)) is TypeError
        assert leftover_threads() == []


def test_what_a_progress_hook_raises_ends_the_rest(any_world: World) -> None:
    def on_progress(done: int, total: int) -> Awaitable[None] | None:
        raise LookupError(done, total)

    with RawServer(runs([END])) as server:
        client = any_world.client(server.url)
        error = failure(lambda: list(client.workflows.map("w", [1, 2], on_progress=on_progress)))
        assert type(error) is LookupError
        assert leftover_threads() == []


def test_an_outcome_that_did_not_end_in_time_names_its_run(any_world: World) -> None:
    with RawServer(stall) as server:
        client = any_world.client(server.url)
        for timeout in DEADLINES:
            options = {"return_errors": True, "timeout": timeout}
            (outcome,) = list(client.workflows.map("w", [1], **options))
            if outcome.run_id is not None:
                break
        assert type(outcome.error) is FlueTimeoutError
        assert (outcome.ok, outcome.run_id) == (False, "run_77")


def test_an_end_before_the_response_is_described_as_such(any_world: World) -> None:
    with RawServer(lambda request, connection: connection.close()) as server:
        error = failure(any_world.client(server.url).workflows.invoke, "w")
    assert type(error) is InvokeOutcomeUnknownError
    assert error.cause == "the connection was closed before the response"


def test_what_a_server_says_cannot_forge_a_line_or_break_printing(any_world: World) -> None:
    words = "a\nERROR b\x1b[31m \ud83d"
    envelope = {"error": {"type": "t", "message": words, "details": ""}}
    with RawServer(says(500, json.dumps(envelope).encode())) as server:
        error = failure(any_world.client(server.url).workflows.invoke, "w")
    assert isinstance(error, FlueApiError)
    assert error.message == words
    assert str(error).startswith(r"500 t: a\nERROR b\x1b[31m \ud83d (POST ")


def test_a_refusal_whose_body_is_cut_is_no_sign_of_a_missing_api(any_world: World) -> None:
    def cut(_: Request, connection: Connection) -> None:
        connection.send(b"HTTP/1.1 404 Not Found\r\ncontent-length: 99\r\n\r\n{")
        connection.close()

    with RawServer(cut) as server:
        error = failure(any_world.client(server.url).workflows.invoke, "w")
        assert type(error) is FlueApiError
        assert (error.status, error.type, error.body) == (404, None, None)
