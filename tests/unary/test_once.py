"""A workflow is never executed twice: how many POSTs a server sees, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from flue_client_ext import (
    FlueApiError,
    FlueConnectionError,
    FlueProtocolError,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
)
from tests.servers.raw import Connection, Handler, RawServer, Request
from tests.unary.support import arrived_at, borrowed, failure, on_log, overdue, says, works
from tests.worlds import World

HTML = b"<html><body>A timeout occurred</body></html>"
ANSWERED = [408, 425, 429, 500, 501, 502, 503, 504, 520, 521, 522, 524, 527, 530, 599]


def reset_before_head(_: Request, connection: Connection) -> None:
    connection.reset()


def close_before_head(_: Request, connection: Connection) -> None:
    connection.close()


def reset_in_head(_: Request, connection: Connection) -> None:
    connection.send(b"HTTP/1.1 202 Accep")
    connection.reset()


def reset_in_body(_: Request, connection: Connection) -> None:
    connection.head(202, {"content-type": "application/json", "content-length": "20"})
    connection.send(b'{"runId":')
    connection.reset()


def close_in_body(_: Request, connection: Connection) -> None:
    connection.head(202, {"content-type": "application/json", "content-length": "20"})
    connection.send(b'{"runId":')
    connection.close()


def cut_chunk(_: Request, connection: Connection) -> None:
    connection.head(202, {"transfer-encoding": "chunked"})
    connection.send(b'10\r\n{"runId":')
    connection.close()


def cut_without_length(request: Request, connection: Connection) -> None:
    status = 200 if request.target.endswith("wait=result") else 202
    connection.head(status, {"content-type": "application/json"})
    connection.send(b'{"runId":')
    connection.close()


def not_http(_: Request, connection: Connection) -> None:
    connection.send(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")
    connection.close()


def lies_about_lengths(_: Request, connection: Connection) -> None:
    connection.head(202, [("content-length", "5"), ("content-length", "6")])
    connection.close()


AMBIGUOUS = [
    reset_before_head,
    close_before_head,
    reset_in_head,
    reset_in_body,
    close_in_body,
    cut_chunk,
    cut_without_length,
    not_http,
    lies_about_lengths,
]
WAITS = [None, "result"]


@contextmanager
def either_client(world: World, transport: str, url: str) -> Iterator[Any]:
    with borrowed(world) as http_client:
        yield world.client(
            url, **({"http_client": http_client} if transport == "http_client" else {})
        )


@pytest.fixture(params=["own sockets", "http_client"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("status", ANSWERED)
def test_an_error_response_to_a_post_is_final(any_world: World, status: int) -> None:
    headers = {"content-type": "text/html", "retry-after": "0"}
    with RawServer(says(status, HTML, headers)) as server:
        for count, wait in enumerate(WAITS, 1):
            error = failure(any_world.client(server.url).workflows.invoke, "w", wait=wait)
            assert isinstance(error, FlueApiError)
            assert (error.status, error.body, error.type) == (status, HTML.decode(), None)
            assert len(server.requests) == count


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("failing", AMBIGUOUS, ids=lambda handler: handler.__name__)
def test_an_ambiguous_post_is_not_repeated(
    any_world: World, transport: str, failing: Handler, wait: Any
) -> None:
    with RawServer(failing) as server, either_client(any_world, transport, server.url) as client:
        error = failure(client.workflows.invoke, "w", input={"pay": 1}, wait=wait)
        assert type(error) is InvokeOutcomeUnknownError
        assert error.cause
        assert server.wait_idle()
        assert len(server.requests) == server.accepted == 1


@pytest.mark.parametrize("failing", [reset_before_head, reset_in_body])
def test_run_does_not_repeat_its_post_either(any_world: World, failing: Handler) -> None:
    with RawServer(failing) as server:
        error = failure(any_world.client(server.url).workflows.run, "w")
        assert type(error) is InvokeOutcomeUnknownError
        assert len(server.requests) == 1


@pytest.mark.parametrize("wait", WAITS)
def test_a_deadline_that_passes_after_sending_leaves_the_outcome_unknown(
    any_world: World, transport: str, wait: Any
) -> None:
    with (
        RawServer(lambda _, connection: connection.wait_closed()) as server,
        either_client(any_world, transport, server.url) as client,
    ):
        error = overdue(client.workflows.invoke, "w", wait=wait, far=arrived_at(server))
        assert type(error) is InvokeOutcomeUnknownError
        assert not isinstance(error, FlueTimeoutError)
        assert len(server.requests) == 1


def test_a_post_with_a_malformed_response_is_not_repeated(any_world: World) -> None:
    for body in (b"", b"<html>", b"null", b"[]", b"{}", b'{"runId": 7}', b'{"runId": null}'):
        with RawServer(says(202, body)) as server:
            error = failure(any_world.client(server.url).workflows.invoke, "w")
            assert type(error) is FlueProtocolError
            assert len(server.requests) == 1


@pytest.mark.usefixtures("hasty_retries")
def test_a_post_that_was_not_sent_ends_as_a_connection_error(
    any_world: World, transport: str
) -> None:
    with (
        RawServer(works, mode="refuse") as server,
        either_client(any_world, transport, server.url) as client,
    ):
        error = failure(client.workflows.invoke, "w")
        assert type(error) is FlueConnectionError
        assert error.run_id is None


def test_a_refused_connect_is_tried_again_and_succeeds_with_one_post(
    any_world: World, transport: str
) -> None:
    server = RawServer(works, mode="refuse")
    failed: list[None] = []

    def serve_after_the_second_failure() -> None:
        failed.append(None)
        if len(failed) == 2:
            server.mode = "serve"
            server.start()

    with server, either_client(any_world, transport, server.url) as client:
        with on_log(serve_after_the_second_failure):
            assert client.workflows.invoke("w").run_id == "run_1"
        assert len(failed) == 2
        assert len(server.requests) == 1


def test_an_idle_connection_that_closed_does_not_cost_an_invoke(
    any_world: World,
) -> None:
    def closes_afterwards(request: Request, connection: Connection) -> None:
        works(request, connection)
        connection.close()

    with RawServer(closes_afterwards) as server:
        client = any_world.client(server.url)
        for _ in range(20):
            client.workflows.invoke("w")
            assert server.wait_idle()
        assert len(server.requests) == 20
