"""Requests name the current span of OpenTelemetry: `traceparent` and `tracestate`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState

from tests.servers.agents import AgentServer
from tests.servers.raw import RawServer
from tests.streams.replay import RUN, Replay, whole_run
from tests.unary.support import QUICK, borrowed, in_turn, says, works
from tests.worlds import World

TRACER = TracerProvider().get_tracer("a user's")


def spans_named(requests: Any) -> list[str]:
    """The span that each request names."""
    return [request.headers["traceparent"].split("-")[2] for request in requests]


def own_name(span: trace.Span) -> str:
    return f"{span.get_span_context().span_id:016x}"


@pytest.fixture(params=["own sockets", "http_client"])
def connecting(request: pytest.FixtureRequest, any_world: World) -> Iterator[Any]:
    """Makes clients, over sockets of their own or a user's httpx client."""
    if request.param == "own sockets":
        yield any_world.client
        return
    with borrowed(any_world) as http_client:
        yield lambda url, **options: any_world.client(url, http_client=http_client, **options)


def test_a_request_names_the_span_of_its_call_at_every_attempt(connecting: Any) -> None:
    with RawServer(in_turn(works, says(503), works, works)) as server:
        client = connecting(server.url)
        with TRACER.start_as_current_span("first") as first:
            client.workflows.invoke("w")
        with TRACER.start_as_current_span("second") as second:
            client.runs.get("run_1", backoff_options=QUICK)
        client.runs.get("run_1")
    *traced, outside = server.requests
    assert spans_named(traced) == [own_name(first), own_name(second), own_name(second)]
    assert "traceparent" not in outside.headers
    assert "tracestate" not in traced[0].headers


def test_the_whole_header_is_that_of_w3c_trace_context(any_world: World) -> None:
    state = TraceState([("vendor", "t61rcWkgMzE"), ("rojo", "00f067aa0ba902b7")])
    context = SpanContext(
        0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(1), trace_state=state
    )
    with RawServer(works) as server, trace.use_span(NonRecordingSpan(context)):
        any_world.client(server.url).runs.get("run_1")
    (request,) = server.requests
    assert request.headers["traceparent"] == f"00-{'abc':0>32}-{'def':0>16}-01"
    assert request.headers["tracestate"] == "vendor=t61rcWkgMzE,rojo=00f067aa0ba902b7"


@pytest.mark.parametrize("name", ["traceparent", "TraceState"])
def test_a_header_of_the_users_own_wins(any_world: World, name: str) -> None:
    with RawServer(works) as server, TRACER.start_as_current_span("theirs"):
        any_world.client(server.url, headers={name: "own"}).runs.get("run_1")
    (request,) = server.requests
    sent = {each: value for each, value in request.headers.items() if each.startswith("trace")}
    assert sent == {name.lower(): "own"}


def test_a_stream_names_the_span_that_opened_it(connecting: Any) -> None:
    with RawServer(Replay(run := whole_run(9), page=4)) as server:
        with TRACER.start_as_current_span("opened") as span:
            stream = connecting(server.url).runs.stream(RUN)
        assert [event.to_dict() for event in stream] == run
    assert len(server.requests) > 1
    assert set(spans_named(server.requests)) == {own_name(span)}


def test_runs_in_threads_and_tasks_of_a_call_name_its_span(any_world: World) -> None:
    with RawServer(works) as server, TRACER.start_as_current_span("all") as span:
        client = any_world.client(server.url)
        client.runs.wait_all(["run_1", "run_2", "run_3"], concurrency=3)
    assert set(spans_named(server.requests)) == {own_name(span)}


def test_every_request_of_a_conversation_names_the_span(any_world: World) -> None:
    with AgentServer() as server, TRACER.start_as_current_span("asked") as span:
        talk = any_world.client(server.url).agents.conversation("support", "t1")
        assert talk.ask("hello").text
    assert {request.method for request in server.requests} == {"POST", "GET"}
    assert set(spans_named(server.requests)) == {own_name(span)}


def test_a_program_without_opentelemetry_does_not_import_it() -> None:
    with RawServer(works) as server:
        script = (
            "import sys\n"
            "from flue_client_ext import FlueClient\n"
            f"FlueClient({server.url!r}).runs.get('run_1')\n"
            "print([name for name in sys.modules if name.startswith('opentelemetry')])\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
        )
    assert done.stdout.strip() == "[]"
    assert "traceparent" not in server.requests[0].headers
