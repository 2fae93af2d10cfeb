"""What the user's own code around an `http_client` does to a call: hooks, authentication, a full
pool and transports. It never makes a POST be sent twice, and never outlasts a deadline."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from flue_client_ext import (
    AbortController,
    BackoffOptions,
    FlueAbortError,
    FlueApiError,
    FlueClient,
    FlueConnectionError,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
)
from tests.servers.raw import Connection, Handler, RawServer, Request
from tests.unary.support import (
    NEVER_AGAIN,
    QUICK,
    RECORD,
    Aside,
    api_error,
    borrowed,
    failure,
    in_turn,
    leftover_threads,
    overdue,
    says,
    works,
)
from tests.worlds import World

SHORT = 0.4
GENEROUS = 10.0
NOWHERE = "http://127.0.0.1:9/audit"


def hooks(world: World, where: str, hook: Callable[[Any], Any]) -> dict[str, Any]:
    """Options of an httpx client with a blocking function as its hook."""

    async def later(value: Any) -> None:
        hook(value)

    return {"event_hooks": {where: [later if world.is_async else hook]}}


def reading(world: World, then: Callable[[httpx.Response], object]) -> dict[str, Any]:
    """Options of an httpx client whose hook reads each answer first."""

    def read(response: httpx.Response) -> None:
        response.read()
        then(response)

    async def aread(response: httpx.Response) -> None:
        await response.aread()
        then(response)

    return {"event_hooks": {"response": [aread if world.is_async else read]}}


def raiser(error: Exception) -> Callable[[Any], None]:
    def hook(_: Any) -> None:
        raise error

    return hook


ERRORS = [
    LookupError("l"),
    PermissionError("p"),
    ConnectionError("c"),
    ConnectionResetError("r"),
    TimeoutError("t"),
    ssl.SSLError("s"),
    httpx.ConnectError("c"),
    httpx.ConnectTimeout("c"),
    httpx.PoolTimeout("p"),
    httpx.ProxyError("407 x"),
    httpx.ReadError("r"),
    httpx.ReadTimeout("r"),
    httpx.UnsupportedProtocol("u"),
    httpx.LocalProtocolError("l"),
    httpx.DecodingError("d"),
    httpx.StreamConsumed(),
    httpx.HTTPStatusError(
        "another's",
        request=httpx.Request("GET", NOWHERE),
        response=httpx.Response(404),
    ),
]


@pytest.mark.parametrize("where", ["request", "response"])
@pytest.mark.parametrize("raised", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_of_a_hook_propagates_unchanged(
    any_world: World, where: str, raised: Exception
) -> None:
    options = hooks(any_world, where, raiser(raised))
    with RawServer(works) as server, borrowed(any_world, **options) as http_client:
        client = any_world.client(server.url, http_client=http_client)
        calls: list[Callable[[], Any]] = [
            lambda: client.runs.get("run_1"),
            lambda: client.runs.get("run_1", timeout=None),
            lambda: client.workflows.invoke("w"),
            lambda: list(client.runs.stream("run_1")),
        ]
        for call in calls:
            assert failure(call) is raised
        assert len(server.requests) == (0 if where == "request" else len(calls))


def test_a_hook_that_asks_another_service_in_vain_repeats_no_post(any_world: World) -> None:
    def audit(_: Any) -> None:
        httpx.post(NOWHERE, trust_env=False, timeout=30)

    async def audit_later(_: Any) -> None:
        async with httpx.AsyncClient(trust_env=False) as other:
            await other.post(NOWHERE, timeout=30)

    options = {"event_hooks": {"response": [audit_later if any_world.is_async else audit]}}
    with RawServer(works) as server, borrowed(any_world, **options) as http_client:
        client = any_world.client(server.url, http_client=http_client)
        error = failure(client.workflows.invoke, "w", timeout=GENEROUS)
        assert type(error) is httpx.ConnectError
        assert error.request.url == NOWHERE
        assert len(server.requests) == 1


def raises_for_status(response: httpx.Response) -> None:
    response.raise_for_status()


@pytest.mark.parametrize("status", [302, 400, 401, 404, 422, 500])
@pytest.mark.parametrize("read", [True, False])
def test_a_response_that_a_hook_refuses_is_the_error_of_its_status(
    any_world: World, status: int, read: bool
) -> None:
    envelope = {"error": {"type": "some_type", "message": "gone", "details": "d"}}
    options = hooks(any_world, "response", raises_for_status)
    if read:
        options = reading(any_world, raises_for_status)
    answer = says(status, json.dumps(envelope).encode(), {"location": "/elsewhere"})
    with RawServer(answer) as server, borrowed(any_world, **options) as http_client:
        client = any_world.client(server.url, http_client=http_client)
        error = api_error(client.runs.get, "run_1", backoff_options=NEVER_AGAIN)
        assert error.status == status
        assert type(error) is FlueApiError  # nothing is concluded from a body that is lost
        assert error.type == ("some_type" if read else None)
        error = api_error(client.workflows.invoke, "w")
        assert error.status == status
        assert len(server.requests) == 2


def test_a_response_that_a_hook_refuses_is_retried_by_its_status(any_world: World) -> None:
    tokens = iter("abc")
    handler = in_turn(says(401, b"{}"), says(503, b"{}"), works)
    options = hooks(any_world, "response", raises_for_status)
    with RawServer(handler) as server, borrowed(any_world, **options) as http_client:
        client = any_world.client(server.url, http_client=http_client, token=lambda: next(tokens))
        assert client.runs.get("run_1", backoff_options=QUICK).status == "completed"
        assert [request.headers["authorization"] for request in server.requests] == [
            "Bearer a",
            "Bearer b",
            "Bearer c",
        ]


def test_a_success_that_a_hook_refuses_is_the_hooks_own_error(any_world: World) -> None:
    raised: list[Exception] = []

    def refuse(response: httpx.Response) -> None:
        raised.append(httpx.HTTPStatusError("no", request=response.request, response=response))
        raise raised[-1]

    options = hooks(any_world, "response", refuse)
    with RawServer(works) as server, borrowed(any_world, **options) as http_client:
        client = any_world.client(server.url, http_client=http_client)
        assert failure(client.workflows.invoke, "w") is raised[0]
        assert len(server.requests) == 1


def test_a_response_that_is_cut_while_a_hook_reads_it_is_a_cut(any_world: World) -> None:
    def cut(_: Request, connection: Connection) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{")
        connection.close()

    options = reading(any_world, lambda _: None)
    with RawServer(in_turn(cut, works, cut)) as server, borrowed(any_world, **options) as own:
        client = any_world.client(server.url, http_client=own)
        assert client.runs.get("run_1", backoff_options=QUICK).status == "completed"
        assert type(failure(client.workflows.invoke, "w")) is InvokeOutcomeUnknownError
        assert len(server.requests) == 3


class AsksInVain(httpx.Auth):
    """An authentication that fetches a token over the same client."""

    def auth_flow(self, request: httpx.Request) -> Any:
        yield httpx.Request("POST", NOWHERE)
        yield request


def test_a_request_of_its_authentication_that_fails_has_sent_nothing(any_world: World) -> None:
    with RawServer(works) as server, borrowed(any_world, auth=AsksInVain()) as http_client:
        client = any_world.client(server.url, http_client=http_client)
        error = failure(client.runs.get, "run_1", backoff_options=NEVER_AGAIN)
        assert type(error) is FlueConnectionError
        client = client.with_options(backoff_options=BackoffOptions(max_retries=1000))
        error = failure(client.workflows.invoke, "w", timeout=SHORT)
        assert type(error) is FlueTimeoutError
        assert server.requests == []


# Transports.


class SendsAndFails(httpx.HTTPTransport):
    error: type[httpx.TransportError] = httpx.ProxyError

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        super().handle_request(request).close()
        raise self.error("407 after all")


class SendsAndFailsLater(httpx.AsyncHTTPTransport):
    error: type[httpx.TransportError] = httpx.ProxyError

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await (await super().handle_async_request(request)).aclose()
        raise self.error("407 after all")


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.PoolTimeout, httpx.ProxyError])
def test_a_post_that_was_sent_is_not_sent_again_after_any_error(
    any_world: World, kind: type[httpx.TransportError]
) -> None:
    transport: Any = SendsAndFailsLater() if any_world.is_async else SendsAndFails()
    transport.error = kind
    with RawServer(works) as server, borrowed(any_world, transport=transport) as http_client:
        client = any_world.client(server.url, http_client=http_client)
        error = failure(client.workflows.invoke, "w", timeout=GENEROUS)
        assert type(error) is InvokeOutcomeUnknownError
        assert len(server.requests) == 1


class Breaks(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that ends in an error which says elsewhere that nothing was sent."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"{"
        raise httpx.PoolTimeout("p")

    async def __aiter__(self) -> Any:
        yield b"{"
        raise httpx.PoolTimeout("p")


def test_a_post_with_a_response_is_not_sent_again_after_any_error(any_world: World) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(202, stream=Breaks())

    with borrowed(any_world, transport=httpx.MockTransport(answer)) as http_client:
        client = any_world.client("http://h", http_client=http_client)
        error = failure(client.workflows.invoke, "w", timeout=GENEROUS)
        assert type(error) is InvokeOutcomeUnknownError
        assert len(sent) == 1


def test_without_trace_events_the_class_of_an_error_decides(any_world: World) -> None:
    errors: list[Exception] = [httpx.ConnectError("c"), ConnectionError("perhaps")]

    def fail(_: httpx.Request) -> httpx.Response:
        raise errors.pop(0)

    with borrowed(any_world, transport=httpx.MockTransport(fail)) as http_client:
        client = any_world.client("http://h", http_client=http_client)
        error = failure(client.workflows.invoke, "w", timeout=GENEROUS)
        assert type(error) is InvokeOutcomeUnknownError
        assert errors == []


# A full pool.


class FullPool:
    """A server whose "slow" workflow holds the only connection until `release()`."""

    def __init__(self) -> None:
        self._held: list[Connection] = []
        self.server = RawServer(self._handle)
        self.paths: list[str] = []

    def _handle(self, request: Request, connection: Connection) -> None:
        self.paths.append(request.target.partition("?")[0])
        if request.target.startswith("/workflows/slow"):
            self._held.append(connection)
        else:
            works(request, connection)

    def release(self) -> None:
        self._held.pop().json(202, {"runId": "run_slow"})


@pytest.fixture
def full() -> Iterator[FullPool]:
    pool = FullPool()
    with pool.server:
        yield pool


ONE = {"limits": httpx.Limits(max_connections=1)}


def test_a_hook_that_takes_the_trace_away_hides_no_sending(any_world: World) -> None:
    def nothing(*_: Any) -> None:
        """A trace of the user's own."""

    async def later(*_: Any) -> None:
        """The same in async code."""

    def replace(request: httpx.Request) -> None:
        request.extensions["trace"] = later if any_world.is_async else nothing

    over = threading.Event()
    with (
        RawServer(lambda *_: over.wait(60)) as server,
        borrowed(any_world, **hooks(any_world, "request", replace)) as http_client,
    ):
        client = any_world.client(server.url, http_client=http_client)
        error = overdue(client.workflows.invoke, "w")
        over.set()
        assert type(error) is InvokeOutcomeUnknownError
        assert len(server.requests) == 1


@pytest.mark.parametrize("call", ["invoke", "invoke and wait", "run"])
def test_a_deadline_that_passes_in_a_full_pool_has_sent_nothing(
    any_world: World, full: FullPool, call: str
) -> None:
    with borrowed(any_world, **ONE) as http_client:
        client = any_world.client(full.server.url, http_client=http_client)
        slow = Aside(lambda: client.workflows.invoke("slow"))
        assert full.server.wait_requests(1)
        function = client.workflows.run if call == "run" else client.workflows.invoke
        options = {"wait": "result"} if call == "invoke and wait" else {}
        began = time.monotonic()
        assert type(failure(function, "w", timeout=SHORT, **options)) is FlueTimeoutError
        assert time.monotonic() - began < GENEROUS
        full.release()
        assert slow.result().run_id == "run_slow"
        client.runs.get("run_1")
        assert full.paths == ["/workflows/slow", "/runs/run_1"]


def test_a_post_that_was_aborted_in_a_full_pool_is_not_sent_later(
    any_world: World, full: FullPool
) -> None:
    begun: list[httpx.Request] = []
    second = threading.Event()

    def note(request: httpx.Request) -> None:
        begun.append(request)
        if len(begun) == 2:
            second.set()

    with borrowed(any_world, **ONE, **hooks(any_world, "request", note)) as http_client:
        client = any_world.client(full.server.url, http_client=http_client)
        slow = Aside(lambda: client.workflows.invoke("slow"))
        assert full.server.wait_requests(1)
        controller = AbortController()
        queued = Aside(lambda: client.workflows.invoke("w", signal=controller.signal))
        assert second.wait(GENEROUS)
        controller.abort()
        assert type(queued.error()) is FlueAbortError
        full.release()
        assert slow.result().run_id == "run_slow"
        client.runs.get("run_1")
        assert full.paths == ["/workflows/slow", "/runs/run_1"]


# Deadlines, on a client that has just answered.


def drips(over: threading.Event) -> Handler:
    """Answer byte by byte: no single read lasts."""

    def handler(_: Request, connection: Connection) -> None:
        body = json.dumps(RECORD).encode()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        for byte in head % len(body) + body:
            if over.wait(0.05):
                break
            connection.send(bytes([byte]))

    return handler


def test_the_deadline_ends_a_response_that_drips(any_world: World) -> None:
    over = threading.Event()
    with RawServer(in_turn(works, drips(over))) as server, borrowed(any_world) as http_client:
        client = any_world.client(server.url, http_client=http_client)
        client.runs.get("run_1")
        began = time.monotonic()
        assert type(failure(client.runs.get, "run_1", timeout=SHORT)) is FlueTimeoutError
        assert time.monotonic() - began < GENEROUS
        over.set()
    assert leftover_threads() == []


@pytest.mark.parametrize("where", ["request", "response"])
def test_the_deadline_ends_a_call_whose_hook_stalls(where: str) -> None:
    stall, over = threading.Event(), threading.Event()

    def hook(_: Any) -> None:
        if stall.is_set():
            over.wait(30)

    with (
        RawServer(works) as server,
        httpx.Client(trust_env=False, event_hooks={where: [hook]}) as http_client,
    ):
        client = FlueClient(server.url, http_client=http_client)
        client.runs.get("run_1")
        stall.set()
        began = time.monotonic()
        assert type(failure(client.runs.get, "run_1", timeout=SHORT)) is FlueTimeoutError
        sent = where == "response"
        if sent:
            error = overdue(client.workflows.invoke, "w")
            assert type(error) is InvokeOutcomeUnknownError
        else:
            error = failure(client.workflows.invoke, "w", timeout=SHORT)
            assert type(error) is FlueTimeoutError
        assert time.monotonic() - began < GENEROUS * 2
        over.set()
        assert leftover_threads() == []
        posts = [request for request in server.requests if request.method == "POST"]
        assert len(posts) == sent
