"""Users who mock, instrument, or use other protocols: they pass an httpx client of their own."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Self

import h2.config
import h2.connection
import h2.events
import httpx
import pytest
import respx
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_httpx import HTTPXMock, IteratorStream

from flue_client_ext import (
    AbortController,
    FlueAbortError,
    FlueApiError,
    FlueConnectionError,
    FlueTimeoutError,
)
from tests.servers.raw import RawServer
from tests.streams.replay import RUN, Replay, log_event, whole_run
from tests.unary.support import (
    NEVER_AGAIN,
    RECORD,
    Aside,
    borrowed,
    failure,
    in_turn,
    leftover_threads,
    says,
    works,
)
from tests.worlds import World

URL = "http://flue.test"
"""A name that no look-up finds: only a mock can answer for it."""

HEAD = {"content-type": "application/json", "stream-next-offset": "2", "stream-closed": "true"}
"""Of a page that ends its run."""
PAGE = json.dumps([{**log_event(0), "message": "in parts"}]).encode()


class Parts(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in parts, for either world."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield from self.parts

    async def __aiter__(self) -> Any:
        for part in self.parts:
            yield part

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture
def borrowing(any_world: World) -> Iterator[Any]:
    """Make clients over an httpx client, as a test of a user's would."""
    with borrowed(any_world) as http_client:
        yield lambda url=URL, **options: any_world.client(url, http_client=http_client, **options)


def test_respx_answers_for_a_server(borrowing: Any) -> None:
    with respx.mock(base_url=URL) as router:
        started = router.post("/workflows/w").respond(202, json={"runId": "run_1"})
        router.get("/runs/run_1", params={"meta": ""}).respond(200, json=RECORD)
        client = borrowing(token="t")
        assert client.workflows.invoke("w", input=1).run_id == "run_1"
        assert client.runs.get("run_1").status == "completed"
        assert started.calls.last.request.headers["authorization"] == "Bearer t"


def test_respx_plays_errors_and_retries(borrowing: Any) -> None:
    with respx.mock(base_url=URL) as router:
        runs = router.get("/runs/run_1")
        runs.side_effect = [httpx.ReadTimeout("slow"), httpx.Response(503), httpx.ConnectError("n")]
        client = borrowing()
        assert type(failure(client.runs.get, "run_1", backoff_options=NEVER_AGAIN)) is (
            FlueTimeoutError
        )
        assert type(failure(client.runs.get, "run_1", backoff_options=NEVER_AGAIN)) is FlueApiError
        assert type(failure(client.runs.get, "run_1", backoff_options=NEVER_AGAIN)) is (
            FlueConnectionError
        )
        assert runs.call_count == 3


def test_respx_streams_the_events_of_a_run(borrowing: Any) -> None:
    body = Parts(PAGE[:9], PAGE[9:])
    with respx.mock(base_url=URL) as router:
        router.get("/runs/run_1").mock(httpx.Response(200, headers=HEAD, stream=body))
        (event,) = list(borrowing().runs.stream("run_1", live=False))
    assert event.to_dict()["message"] == "in parts"
    assert body.closed


@pytest.mark.usefixtures("hasty_retries")
def test_a_client_without_httpx_asks_the_real_network_past_a_mock(any_world: World) -> None:
    with RawServer(works) as server, respx.mock(assert_all_called=False) as router:
        route = router.get(f"{server.url}/runs/run_1").respond(404)
        assert any_world.client(server.url).runs.get("run_1").status == "completed"
        assert (route.called, len(server.requests)) == (False, 1)


def test_pytest_httpx_answers_for_a_server(borrowing: Any, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(
        method="POST", url=f"{URL}/workflows/w?wait=result", json={"runId": "run_1", "result": [1]}
    )
    assert borrowing().workflows.invoke("w", input=1, wait="result").result == [1]
    (request,) = httpx_mock.get_requests()
    assert request.content == b"1"


def test_pytest_httpx_streams_and_fails(borrowing: Any, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(headers=HEAD, stream=IteratorStream([PAGE[:9], PAGE[9:]]))
    (event,) = list(borrowing().runs.stream("run_1", live=False))
    assert event.to_dict()["message"] == "in parts"
    httpx_mock.add_exception(httpx.ConnectTimeout("no"))
    error = failure(borrowing().runs.get, "run_1", backoff_options=NEVER_AGAIN)
    assert isinstance(error, FlueConnectionError)


@pytest.fixture
def spans(any_world: World) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    try:
        yield exporter
    finally:
        instrumentor.uninstrument()


def test_opentelemetry_sees_each_request_within_the_callers_span(
    any_world: World, spans: InMemorySpanExporter
) -> None:
    tracer = TracerProvider().get_tracer("a user's")
    with (
        RawServer(in_turn(works, says(503), works)) as server,
        borrowed(any_world) as http_client,
    ):
        client = any_world.client(server.url, http_client=http_client)
        with tracer.start_as_current_span("theirs") as theirs:
            client.workflows.invoke("w")
            client.runs.get("run_1")
        parents = {each.parent.span_id for each in spans.get_finished_spans() if each.parent}
        assert parents == {theirs.get_span_context().span_id}
        assert len(spans.get_finished_spans()) == len(server.requests) == 3
        traces = {request.headers["traceparent"].split("-")[1] for request in server.requests}
        assert traces == {f"{theirs.get_span_context().trace_id:032x}"}


def test_opentelemetry_sees_the_requests_of_a_stream(
    any_world: World, spans: InMemorySpanExporter
) -> None:
    with RawServer(Replay(run := whole_run(9), page=4)) as server, borrowed(any_world) as own:
        client = any_world.client(server.url, http_client=own)
        events = [event.to_dict() for event in client.runs.stream(RUN)]
    assert events == run
    assert len(spans.get_finished_spans()) == len(server.requests)


class Http2Server:
    """Speaks HTTP/2 without TLS. Answers to paths with `slow` wait for `release`."""

    def __init__(self) -> None:
        self.accepted = 0
        self.held: list[Callable[[], None]] = []
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def wait_held(self, count: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self.held) >= count, 10)

    def release(self, number: int) -> None:
        with self._changed:
            self.held[number]()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with suppress(ConnectionError):  # the client may throw it away
            self._converse(sock)
        sock.close()

    def _converse(self, sock: socket.socket) -> None:
        link = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        link.initiate_connection()
        sock.sendall(link.data_to_send())
        while data := sock.recv(65536):
            with self._changed:
                for event in link.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        self._take(link, sock, event)
                sock.sendall(link.data_to_send())
                self._changed.notify_all()

    def _take(self, link: Any, sock: socket.socket, event: Any) -> None:
        def answer() -> None:
            link.send_headers(event.stream_id, [(":status", "200")])
            link.send_data(event.stream_id, json.dumps(RECORD).encode(), end_stream=True)
            sock.sendall(link.data_to_send())

        if b"slow" in dict(event.headers)[b":path"]:
            self.held.append(answer)
        else:
            answer()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        socket.socket.shutdown(self._listener, socket.SHUT_RDWR)
        self._listener.close()


def test_over_http2_a_call_that_is_aborted_leaves_the_connection_usable(any_world: World) -> None:
    controller = AbortController()
    with Http2Server() as server, borrowed(any_world, http1=False, http2=True) as http_client:
        client = any_world.client(server.url, http_client=http_client)
        aborted = Aside(lambda: client.runs.get("slow_1", signal=controller.signal))
        assert server.wait_held(1)
        others: list[Aside] = []
        if any_world.is_async:
            # Blocking httpx cannot do this by itself: a request that waits there keeps the others
            # from reading their answers. So an abort closes the connection there.
            others.append(Aside(lambda: client.runs.get("slow_2")))
            assert server.wait_held(2)
        controller.abort()
        assert type(aborted.error()) is FlueAbortError
        for number, other in enumerate(others):
            server.release(1 + number)
            assert other.result().status == "completed"
        assert client.runs.get("run_1").status == "completed"
        assert server.accepted == (1 if any_world.is_async else 2)
        assert leftover_threads() == []
