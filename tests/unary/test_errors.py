"""Whatever a server answers, the error says what it was: class and fields, and it pickles."""

from __future__ import annotations

import copy
import json
import pickle
import socket
import threading
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flue_client_ext import (
    FlueAbortError,
    FlueApiError,
    FlueConnectionError,
    FlueError,
    FlueExecutionError,
    FlueProtocolError,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
    StreamResetError,
    UnsupportedFlueEventVersionError,
)
from flue_client_ext.errors import Identifiers
from tests.servers.flue import FlueServer
from tests.servers.raw import RawServer, Request
from tests.unary.support import NEVER_AGAIN, api_error, borrowed, failure, is_whole, says
from tests.worlds import World

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
KEYS = ["type", "message", "details", "dev", "meta", "other"]
ENVELOPES = st.fixed_dictionaries(
    {"error": st.dictionaries(st.sampled_from(KEYS), JSON | st.just("internal_error"))}
)
BODIES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: json.dumps(value).encode()),
    ENVELOPES.map(lambda value: json.dumps(value).encode()),
    st.sampled_from([b"", b"null", b"<html>524</html>", b"[" * 3000]),
)


def decoded(body: bytes) -> Any:
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text or None


CODES = st.integers(200, 999).filter(lambda status: status not in (202, 204, 304))
TYPES = st.sampled_from(["application/json", "text/html", "text/plain; charset=utf-16", "", "\xff"])


def test_any_status_with_any_body_is_an_api_error(any_world: World) -> None:
    answer: dict[str, Any] = {}

    def handler(request: Request, connection: Any) -> None:
        connection.answer(answer["status"], answer["body"], {"content-type": answer["type"]})

    with RawServer(handler) as server:
        client = any_world.client(server.url)

        @settings(max_examples=60, deadline=None)
        @given(CODES, BODIES, TYPES)
        @example(200, b"", "")
        @example(999, b"null", "application/json")
        @example(500, b'{"error": "text"}', "application/json")
        @example(404, b'{"error": {"type": null}}', "application/json")
        def check(status: int, body: bytes, kind: str) -> None:
            answer.update(status=status, body=body, type=kind)
            error = failure(client.workflows.invoke, "w")
            assert isinstance(error, FlueApiError)
            is_whole(error, status)
            assert repr(error.body) == repr(decoded(body))
            if status != 200:
                read = failure(client.runs.get, "run_1", backoff_options=NEVER_AGAIN)
                assert isinstance(read, FlueApiError)
                is_whole(read, status)
                assert read.run_id == "run_1"

        check()


def test_the_lowest_statuses_are_api_errors_too(any_world: World) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=b"odd")

    with borrowed(any_world, transport=httpx.MockTransport(handler)) as http_client:
        client = any_world.client("http://flue.test", http_client=http_client)
        for status in (100, 101, 103, 199, 304):
            error = failure(client.workflows.invoke, "w")
            assert isinstance(error, FlueApiError)
            is_whole(error, status)


def test_an_answer_without_any_body_is_an_api_error(any_world: World) -> None:
    for status in (204, 304, 205, 403):
        with RawServer(says(status)) as server:
            error = failure(any_world.client(server.url).workflows.invoke, "w")
            assert isinstance(error, FlueApiError)
            assert (error.status, error.body, error.type) == (status, None, None)
            is_whole(error, status)


def test_the_envelope_is_read_into_fields(any_world: World) -> None:
    envelope = {"type": "t", "message": "m", "details": "d", "dev": "v", "meta": {"issues": [1]}}
    body = json.dumps({"error": envelope}).encode()
    headers = [("X-Request-Id", "7"), ("Set-Cookie", "session=1"), ("Via", "a"), ("Via", "b")]
    with RawServer(says(422, body, headers)) as server:
        error = api_error(any_world.client(server.url).workflows.invoke, "w")
    assert (error.status, error.type, error.message) == (422, "t", "m")
    assert (error.details, error.dev, error.meta) == ("d", "v", {"issues": [1]})
    assert (error.body, error.retryable, error.run_id) == ({"error": envelope}, False, None)
    assert str(error) == f"422 t: m d (POST {server.url}/workflows/w)"
    assert (error.method, error.url) == ("POST", f"{server.url}/workflows/w")
    assert (error.headers["x-request-id"], error.headers["via"]) == ("7", "a, b")
    assert "set-cookie" not in error.headers


def test_an_error_names_the_servers_own_reference(any_world: World) -> None:
    envelope = {"type": "internal_error", "message": "m", "ref": "err_1"}
    bodies = (json.dumps({"error": envelope}).encode(), b"<h1>sorry</h1>")
    for body in bodies:
        with RawServer(says(500, body, {"flue-error-ref": "err_1"})) as server:
            error = api_error(any_world.client(server.url).workflows.invoke, "w")
        assert error.ref == "err_1"
        assert "err_1" in str(error)
        is_whole(error, 500)
    with RawServer(says(500, bodies[1])) as server:
        assert api_error(any_world.client(server.url).workflows.invoke, "w").ref is None


def test_the_genuine_servers_errors_arrive_by_type(any_world: World, genuine: FlueServer) -> None:
    invoke = any_world.client(genuine.url).workflows.invoke
    unknown = failure(invoke, "no-such")
    assert type(unknown) is FlueApiError
    assert (unknown.status, unknown.type) == (404, "workflow_not_found")
    rejected = failure(invoke, "summarize", input={"text": 7}, wait="result")
    assert type(rejected) is FlueApiError
    assert (rejected.status, rejected.type) == (500, "action_input_validation")
    assert rejected.meta["issues"]
    assert " (at 'text') (POST " in str(rejected)
    failed = failure(invoke, "fail", input={"message": "kaput"}, wait="result")
    assert type(failed) is FlueApiError
    assert (failed.status, failed.type, failed.run_id) == (500, "internal_error", None)
    for error in (unknown, rejected, failed):
        is_whole(error, error.status)


@pytest.mark.parametrize(
    ("issues", "places"),
    [
        ([{"message": "received hunter2", "path": []}], ""),
        ([{"path": ["a", 0, {"key": "b", "input": "hunter2"}]}], " (at 'a.0.b')"),
        ([{"path": ["\n"]}] * 9, " (at " + ", ".join([r"'\n'"] * 5) + ")"),
        ({"path": "hunter2"}, ""),
    ],
)
def test_an_error_names_the_places_of_a_rejected_input_and_not_the_input(
    any_world: World, issues: Any, places: str
) -> None:
    envelope = {"type": "t", "message": "m", "details": "", "meta": {"issues": issues}}
    with RawServer(says(500, json.dumps({"error": envelope}).encode())) as server:
        error = failure(any_world.client(server.url).workflows.invoke, "w")
    assert str(error) == f"500 t: m{places} (POST {server.url}/workflows/w)"


def refuse_early(listener: socket.socket) -> None:
    """Answer 413 to a head, read nothing of its body and throw the connection away."""
    accepted, _ = listener.accept()
    with accepted:
        head = b""
        while b"\r\n\r\n" not in head:
            head += accepted.recv(4096)
        accepted.sendall(b"HTTP/1.1 413 Too Large\r\ncontent-length: 7\r\n\r\ntoo big")


def test_a_refusal_that_comes_before_all_of_the_input_was_sent_is_read(any_world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=refuse_early, args=[listener])
        server.start()
        client = any_world.client(f"http://127.0.0.1:{listener.getsockname()[1]}")
        error = failure(client.workflows.invoke, "w", input="x" * 20_000_000)
        server.join(10)
        assert isinstance(error, FlueApiError)
        assert (error.status, error.body) == (413, "too big")


ERRORS: list[FlueError] = [
    FlueError("x"),
    FlueConnectionError("m", cause="c", run_id="r", offset="o"),
    FlueTimeoutError("m", cause="c", run_id="r", offset="o"),
    InvokeOutcomeUnknownError("m", cause="c"),
    FlueProtocolError("m", url="http://h/x", offset="1"),
    FlueExecutionError(target="workflow", target_id="r", failure="failed", error={"message": "m"}),
    FlueExecutionError(target="workflow", target_id="r", failure="terminal_event_missing"),
    UnsupportedFlueEventVersionError(received=4, supported=3),
    StreamResetError(offset="9", tail="5", run_id="r"),
    FlueAbortError("why"),
    FlueAbortError(TimeoutError("late")),
]


#: `FlueTimeoutError("late", cause="c", run_id="run_1", offset="0_5")`, before the split.
PICKLED = (
    b"\x80\x04\x95\x87\x00\x00\x00\x00\x00\x00\x00\x8c\x16flue_client_ext.errors\x94\x8c\x08_rebuild"
    b"\x94\x93\x94h\x00\x8c\x10FlueTimeoutError\x94\x93\x94\x8c\x04late\x94\x85\x94}\x94(\x8c\x07message"
    b"\x94h\x05\x8c\x05cause\x94\x8c\x01c\x94\x8c\x06run_id\x94\x8c\x05run_1\x94\x8c\x06offset\x94\x8c"
    b"\x030_5\x94u\x87\x94R\x94."
)


def test_an_error_pickled_before_the_split_of_errors_is_read() -> None:
    error = pickle.loads(PICKLED)
    assert type(error) is FlueTimeoutError
    assert (error.args, error.cause) == (("late",), "c")
    assert (error.run_id, error.offset) == ("run_1", "0_5")


def test_the_identifiers_of_a_call_fill_in_what_an_error_does_not_name() -> None:
    known = Identifiers("run_1")
    assert known.attach_to(FlueAbortError()).run_id == "run_1"
    assert known.attach_to(FlueAbortError(run_id="run_2")).run_id == "run_2"
    assert Identifiers().attach_to(FlueAbortError()).run_id is None
    assert not hasattr(known.attach_to(LookupError()), "run_id")


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_is_known_by_the_module_that_it_is_imported_from(error: FlueError) -> None:
    assert type(error).__module__ == "flue_client_ext.errors"


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_error_pickles_and_copies(error: FlueError) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert (str(again), again.args) == (str(error), error.args)
        assert repr(vars(again)) == repr(vars(error))
