"""The kinds of 404: unknown, not readable, not there, and not Flue's at all."""

from __future__ import annotations

import pytest

from flue_client_ext import FlueApiError, RunNotReadableError, WorkflowApiNotFoundError
from flue_client_ext.testing import LocalFlue
from tests.servers.flue import FlueServer
from tests.servers.raw import RawServer
from tests.unary.support import failure, in_turn, is_whole, says, works
from tests.worlds import World


def test_a_404_for_a_run_that_this_client_started_is_explained(
    any_world: World, genuine: FlueServer
) -> None:
    client = any_world.client(genuine.url)
    waited = client.workflows.invoke("hidden", input=1, wait="result")
    assert waited.result == {"hidden": 1}
    started = client.workflows.invoke("hidden")
    for run_id in (waited.run_id, started.run_id):
        for read in (client.runs.get, client.runs.events, client.with_options(token="t").runs.get):
            error = failure(read, run_id)
            assert type(error) is RunNotReadableError
            assert (error.status, error.type, error.run_id) == (404, "run_not_found", run_id)
            assert run_id in str(error)
            is_whole(error, 404)
    stranger = failure(any_world.client(genuine.url).runs.get, started.run_id)
    assert type(stranger) is FlueApiError
    assert stranger.type == "run_not_found"
    ended = failure(client.workflows.run, "hidden")
    assert type(ended) is RunNotReadableError
    assert ended.run_id


HTML = (404, b"<html>Not Found</html>", "text/html")
# What `@flue/runtime@2.1.0` answers to all five requests of the 1.x API, wherever it is mounted.
FLUE_2 = (404, b"404 Not Found", "text/plain; charset=UTF-8")
ROUTE = (
    404,
    b'{"error":{"type":"route_not_found","message":"m","details":"d"}}',
    "application/json",
)
EMPTY = (404, b"", "")
OTHER_JSON = (404, b'{"detail":"Not Found"}', "application/json")


@pytest.mark.parametrize("answer", [HTML, FLUE_2, ROUTE, EMPTY, OTHER_JSON])
def test_a_404_of_something_else_says_that_there_is_no_workflow_api(
    any_world: World, answer: tuple[int, bytes, str]
) -> None:
    status, body, kind = answer
    with RawServer(in_turn(works, says(status, body, {"content-type": kind}))) as server:
        client = any_world.client(server.url)
        run_id = client.workflows.invoke("w").run_id
        for call in (client.workflows.invoke, client.workflows.run):
            assert type(failure(call, "w")) is WorkflowApiNotFoundError
        for call in (client.runs.get, client.runs.events):
            error = failure(call, run_id)
            assert type(error) is WorkflowApiNotFoundError
            assert error.run_id == run_id
            assert server.url in str(error)
            is_whole(error, 404)


def test_a_404_with_an_envelope_of_the_app_itself_stays_what_it_is(any_world: World) -> None:
    body = b'{"error":{"type":"tenant_not_found","message":"no such tenant","details":""}}'
    with RawServer(says(404, body)) as server:
        error = failure(any_world.client(server.url).workflows.invoke, "w")
        assert type(error) is FlueApiError
        assert (error.type, error.message) == ("tenant_not_found", "no such tenant")


def test_a_wrong_mount_prefix_on_the_genuine_server_is_explained(
    any_world: World, genuine: FlueServer
) -> None:
    client = any_world.client(genuine.url + "/not-here")
    assert type(failure(client.workflows.invoke, "echo")) is WorkflowApiNotFoundError
    assert type(failure(client.runs.get, "run_1")) is WorkflowApiNotFoundError


@pytest.mark.parametrize("read", ["get", "events"])
def test_a_404_for_a_run_that_was_read_before_is_what_it_says(any_world: World, read: str) -> None:
    server = LocalFlue()
    server.workflow("w")(lambda run: 1)
    with server.run() as url:
        client = any_world.client(url)
        run_id = client.workflows.invoke("w").run_id
        server.wait(run_id)
        getattr(client.runs, read)(run_id)
        server.forget(run_id)
        for again in (client.runs.get, client.runs.events):
            assert type(failure(again, run_id)) is FlueApiError
