"""Errors, limits and cancellations are the same on own sockets and over a user's httpx client."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from flue_client_ext import (
    AbortController,
    FlueAbortError,
    FlueApiError,
    FlueConnectionError,
    FlueProtocolError,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
)
from flue_client_ext._values.limits import LIMITS
from tests.servers.raw import Connection, Handler, RawServer, Request
from tests.unary.forward_proxy import ForwardProxy
from tests.unary.support import (
    NEVER_AGAIN,
    RECORD,
    Aside,
    borrowed,
    chain,
    failure,
    in_turn,
    leftover_threads,
    overdue,
    says,
    works,
)
from tests.worlds import World, in_turns

TRANSPORTS = ["own sockets", "http_client"]
SHORT = 0.4


@pytest.fixture(params=TRANSPORTS)
def client_of(request: pytest.FixtureRequest, any_world: World) -> Iterator[Any]:
    """Make clients of any world, over either transport; `tls` is a context that trusts the peer."""
    with borrowed(any_world) as http_client:

        def make(url: str, **options: Any) -> Any:
            if request.param == "http_client":
                options["http_client"] = http_client
            return any_world.client(url, **options)

        yield make


@pytest.fixture
def no_other_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the deadline alone to end a call: one that it does not end hangs the test."""
    for name in ("connect", "pool", "read", "unary"):
        monkeypatch.setattr(LIMITS, name, float(10**6))


def raw(data: bytes, end: str = "close") -> Handler:
    """Answer with these very bytes, then close, reset or hold the connection."""

    def handler(_: Request, connection: Connection) -> None:
        connection.send(data)
        if end == "hold":
            connection.wait_closed(60)
        elif end != "keep":
            getattr(connection, end)()

    return handler


BODY = json.dumps(RECORD).encode()
LENGTH = b"content-length: %d\r\n" % len(BODY)
CHUNKED = b"%x\r\n%s\r\n0\r\n" % (len(BODY), BODY)


def answered(status: bytes, headers: bytes, body: bytes = BODY) -> bytes:
    return b"HTTP/1.1 %s\r\ncontent-type: application/json\r\n%s\r\n%s" % (status, headers, body)


# What makes a whole answer, whatever it looks like.
GOOD: dict[str, Handler] = {
    "a length": raw(answered(b"200 OK", LENGTH)),
    "the end of the connection": raw(answered(b"200 OK", b"")),
    "the end of the connection after a word about it": raw(
        answered(b"200 OK", b"connection: close\r\n")
    ),
    "http/1.0 with a length": raw(b"HTTP/1.0 200 OK\r\n" + LENGTH + b"\r\n" + BODY),
    "http/1.0 without": raw(b"HTTP/1.0 200 OK\r\n\r\n" + BODY),
    "chunks": raw(answered(b"200 OK", b"transfer-encoding: chunked\r\n", CHUNKED + b"\r\n")),
    "chunks with a trailer": raw(
        answered(b"200 OK", b"Transfer-Encoding: Chunked\r\n", CHUNKED + b"x-after: 1\r\n\r\n")
    ),
    "interim answers": raw(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
        + answered(b"200 OK", LENGTH)
    ),
    "one length twice": raw(answered(b"200 OK", LENGTH * 2)),
    "a folded header": raw(answered(b"200 OK", b"x-fold: a\r\n b\r\n" + LENGTH)),
    "a coding that is none": raw(answered(b"200 OK", b"content-encoding: identity\r\n" + LENGTH)),
    "a body beyond the small ones": raw(
        answered(b"200 OK", b"content-length: %d\r\n" % (len(BODY) + 70000), BODY + b" " * 70000)
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_whole_answer_ends_with(client_of: Any, name: str) -> None:
    with RawServer(GOOD[name]) as server:
        client = client_of(server.url)
        for _ in range(2):
            assert client.runs.get("run_1", backoff_options=NEVER_AGAIN).workflow_name == "w"
        assert len(server.requests) == 2
        assert server.wait_idle()


# An answer that does not come to its end: a read failed, a POST is unknown.
BROKEN: dict[str, Handler] = {
    "reset before the head": lambda _, connection: connection.reset(),
    "closed before the head": lambda _, connection: connection.close(),
    "cut in the head": raw(b"HTTP/1.1 200 OK\r\ncontent-le"),
    "reset in the body": raw(answered(b"200 OK", b"content-length: 999\r\n"), "reset"),
    "cut in the body": raw(answered(b"200 OK", b"content-length: 999\r\n")),
    "cut in a long body": raw(answered(b"200 OK", b"content-length: 99999\r\n")),
    "cut in a chunk": raw(answered(b"200 OK", b"transfer-encoding: chunked\r\n", b"99\r\n{")),
    "cut between chunks": raw(
        answered(b"200 OK", b"transfer-encoding: chunked\r\n", b"1\r\n{\r\n")
    ),
    "not HTTP": raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "two different lengths": raw(answered(b"200 OK", b"content-length: 1\r\n" + LENGTH)),
    "a length that is none": raw(answered(b"200 OK", b"content-length: many\r\n")),
    "a bad chunk": raw(answered(b"200 OK", b"transfer-encoding: chunked\r\n", b"zz\r\n{")),
    "a head without an end": raw(b"HTTP/1.1 200 OK\r\n" + b"x-long: y\r\n" * 100_000),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_answer_is_no_answer_when_it_is(client_of: Any, name: str) -> None:
    with RawServer(BROKEN[name]) as server:
        client = client_of(server.url)
        error = failure(client.runs.get, "run_1", backoff_options=NEVER_AGAIN)
        assert type(error) is FlueConnectionError
        assert error.run_id == "run_1"
        assert error.cause
        assert "Timeout" not in error.cause
        count = len(server.requests)
        unknown = failure(client.workflows.invoke, "w", wait="result")
        assert type(unknown) is InvokeOutcomeUnknownError
        assert len(server.requests) == count + 1
        assert server.wait_idle()


@pytest.mark.parametrize("post", [False, True])
def test_a_server_that_refuses_connections_got_nothing(client_of: Any, post: bool) -> None:
    with RawServer(works, mode="refuse") as server:
        client = client_of(server.url, timeout=2.0)
        if post:
            error = failure(client.workflows.invoke, "w")
        else:
            error = failure(client.runs.get, "run_1", backoff_options=NEVER_AGAIN)
        assert isinstance(error, FlueConnectionError)
        assert not isinstance(error, InvokeOutcomeUnknownError)
        assert error.cause


def test_a_kept_connection_that_was_closed_is_replaced_at_once(client_of: Any) -> None:
    def closes_after_the_next_request(request: Request, connection: Connection) -> None:
        connection.close()

    with RawServer(in_turn(works, closes_after_the_next_request, works)) as server:
        client = client_of(server.url)
        for _ in range(2):
            assert client.runs.get("run_1", backoff_options=NEVER_AGAIN).status == "completed"
        assert (len(server.requests), server.accepted) == (3, 2)


STALLS = {
    "before the head": b"",
    "in the head": b"HTTP/1.1 200 OK\r\nx-a: ",
    "after an interim answer": b"HTTP/1.1 102 Processing\r\n\r\n",
    "before the body": answered(b"200 OK", LENGTH, b""),
    "in a small body": answered(b"200 OK", LENGTH, BODY[:9]),
    "in a large body": answered(b"200 OK", b"content-length: 99999\r\n"),
    "in a chunk": answered(b"200 OK", b"transfer-encoding: chunked\r\n", b"99\r\n{"),
    "in a body without a length": answered(b"200 OK", b""),
}
KEPT = ("before the head", "in a chunk")


@pytest.mark.parametrize(
    ("any_world", "client_of", "stalls"),
    in_turns(TRANSPORTS, [*((name, False) for name in STALLS), *((name, True) for name in KEPT)]),
    indirect=["any_world", "client_of"],
)
def test_the_deadline_ends_a_call_that_stalls(
    client_of: Any, no_other_limit: None, stalls: tuple[str, bool]
) -> None:
    name, kept = stalls
    stall = raw(STALLS[name], "hold")
    with RawServer(in_turn(works, stall) if kept else stall) as server:
        client = client_of(server.url)
        if kept:
            client.runs.get("run_1")
        began = time.monotonic()
        error = failure(client.runs.get, "run_1", timeout=SHORT)
        assert time.monotonic() - began >= SHORT * 0.9
        assert type(error) is FlueTimeoutError
        assert (error.run_id, error.cause) == ("run_1", "the deadline passed")
        error = overdue(client.workflows.invoke, "w")
        assert type(error) is InvokeOutcomeUnknownError
        assert error.cause == "the deadline passed"
        assert server.wait_idle()
        assert leftover_threads() == []


def test_the_deadline_holds_on_a_connection_that_is_new_after_all(
    client_of: Any, no_other_limit: None
) -> None:
    """The server closes the kept connection, and drips the head of its next answer."""
    over = threading.Event()

    def closes(request: Request, connection: Connection) -> None:
        works(request, connection)
        connection.close()

    def drips(_: Request, connection: Connection) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nx-slow: ")
        while not over.wait(0.05):
            connection.send(b".")

    with RawServer(in_turn(closes, drips)) as server:
        client = client_of(server.url)
        client.runs.get("run_1")
        try:
            assert type(failure(client.runs.get, "run_1", timeout=SHORT)) is FlueTimeoutError
        finally:
            over.set()


@pytest.mark.parametrize(
    ("any_world", "client_of", "name"),
    in_turns(TRANSPORTS, STALLS),
    indirect=["any_world", "client_of"],
)
def test_a_peer_may_be_silent_for_as_long_as_the_read_limit(
    client_of: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LIMITS, "read", SHORT)
    with RawServer(raw(STALLS[name], "hold")) as server:
        client = client_of(server.url, timeout=None)
        error = failure(client.workflows.invoke, "w")
        assert type(error) is InvokeOutcomeUnknownError
        assert "time" in (error.cause or "").lower()
        assert "deadline" not in (error.cause or "")
        assert server.wait_idle()


@pytest.mark.parametrize("name", STALLS)
def test_an_abort_ends_a_call_that_stalls(client_of: Any, name: str) -> None:
    with RawServer(raw(STALLS[name], "hold")) as server:
        client = client_of(server.url)
        controller = AbortController()
        aside = Aside(lambda: client.workflows.invoke("w", signal=controller.signal))
        assert server.wait_requests(1)
        controller.abort("enough")
        error = aside.error()
        assert type(error) is FlueAbortError
        assert error.reason == "enough"
        assert server.wait_idle()
        assert leftover_threads() == []


@pytest.mark.parametrize("call", ["get", "invoke"])
def test_a_deadline_that_passes_while_connecting_has_sent_nothing(
    client_of: Any, no_other_limit: None, call: str
) -> None:
    with RawServer(works, mode="full") as server:
        client = client_of(server.url)
        function = client.runs.get if call == "get" else client.workflows.invoke
        assert type(failure(function, "x", timeout=SHORT)) is FlueTimeoutError
        controller = AbortController()
        aside = Aside(lambda: function("x", signal=controller.signal))
        controller.abort()
        assert type(aside.error()) is FlueAbortError


@pytest.mark.parametrize("call", ["get", "invoke"])
def test_a_handshake_that_stalls_has_sent_nothing(
    request: pytest.FixtureRequest, any_world: World, call: str
) -> None:
    with RawServer(works, tls=True, mode="stall") as server:
        context = server.client_context()
        with borrowed(any_world, verify=context) as http_client:
            for options in ({"ssl_context": context}, {"http_client": http_client}):
                client = any_world.client(server.url, **options)
                function = client.runs.get if call == "get" else client.workflows.invoke
                assert type(failure(function, "x", timeout=SHORT)) is FlueTimeoutError
                assert server.wait_idle()


def test_an_untrusted_certificate_is_refused_without_a_second_attempt(client_of: Any) -> None:
    with RawServer(works, tls=True) as server:
        client = client_of(server.url)
        error = failure(client.workflows.invoke, "w")
        assert type(error) is FlueConnectionError
        assert error.cause
        assert "certificate verify failed" in error.cause.lower()
        assert server.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused(client_of: Any, status: int) -> None:
    with RawServer(works) as other:
        elsewhere = {"location": f"{other.url}/x?secret=1"}
        with RawServer(says(status, b"moved", elsewhere)) as server:
            client = client_of(server.url, token="t")
            for call in (client.runs.get, client.workflows.invoke):
                error = failure(call, "x")
                assert isinstance(error, FlueApiError)
                assert error.status == status
                assert "secret" not in str(error)
        assert other.requests == []


@pytest.mark.parametrize("coding", ["gzip", "br", "gzip, gzip", "unheard-of"])
def test_a_body_in_a_coding_is_refused_unread(client_of: Any, coding: str) -> None:
    bomb = gzip.compress(b" " * 50_000_000) if "gzip" in coding else b"?"
    headers = {"content-encoding": coding, "content-type": "application/json"}
    with RawServer(says(200, bomb, headers)) as server:
        client = client_of(server.url)
        error = failure(client.runs.get, "run_1")
        assert type(error) is FlueProtocolError
        assert coding in error.message
        assert len(server.requests) == 1
        assert server.requests[0].headers["accept-encoding"] == "identity"


def test_a_body_beyond_all_measure_is_refused(
    client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flue_client_ext._stream.call.MAX_BODY_BYTES", 100_000)
    for size in (60_000, 100_001, 5_000_000):
        with RawServer(says(200, json.dumps({**RECORD, "x": "y" * size}).encode())) as server:
            client = client_of(server.url)
            if size < 100_000:
                assert client.runs.get("run_1").status == "completed"
                continue
            assert type(failure(client.runs.get, "run_1")) is FlueProtocolError


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_never_has_a_body_does_not_wait_for_one(client_of: Any, status: int) -> None:
    said = b"HTTP/1.1 %d X\r\ncontent-length: 99\r\n\r\n" % status
    with RawServer(in_turn(raw(said, "keep"), works)) as server:
        client = client_of(server.url)
        error = failure(client.runs.get, "run_1")
        assert isinstance(error, FlueApiError | FlueProtocolError)
        assert client.runs.get("run_1").status == "completed"


def test_an_error_has_the_same_fields(client_of: Any) -> None:
    envelope = {"error": {"type": "run_not_found", "message": "gone", "details": "d"}}
    with RawServer(says(404, json.dumps(envelope).encode())) as server:
        error = failure(client_of(server.url).runs.get, "run_1")
    assert isinstance(error, FlueApiError)
    assert (error.status, error.type, error.message) == (404, "run_not_found", "gone")


def test_a_proxy_that_refuses_has_passed_nothing_on(any_world: World, monkeypatch: Any) -> None:
    with RawServer(works, tls=True) as server, ForwardProxy(authorization="other") as proxy:
        context = server.client_context()
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with borrowed(any_world, proxy=proxy.url, verify=context) as http_client:
            for options in ({"ssl_context": context}, {"http_client": http_client}):
                client = any_world.client(server.url, **options)
                error = failure(client.workflows.invoke, "w", timeout=1.0)
                assert isinstance(error, FlueConnectionError)
                assert not isinstance(error, InvokeOutcomeUnknownError)
        assert server.accepted == 0


def test_a_proxy_that_goes_silent_in_its_tunnel_has_passed_nothing_on(
    any_world: World, monkeypatch: Any
) -> None:
    with RawServer(raw(b"", "hold")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with borrowed(any_world, proxy=proxy.url) as http_client:
            for options in ({}, {"http_client": http_client}):
                client = any_world.client("https://flue.test", **options)
                error = failure(client.workflows.invoke, "w", timeout=SHORT)
                assert type(error) is FlueTimeoutError
                assert proxy.wait_idle()


# What only a user's own client has.


class Refuses(httpx.Auth):
    """An authentication of the user's own that fails."""

    def auth_flow(self, request: httpx.Request) -> Any:
        raise PermissionError("no key")
        yield request


def test_its_own_authentication_and_headers_are_sent(any_world: World) -> None:
    with (
        RawServer(works) as server,
        borrowed(any_world, auth=("u", "p"), cookies={"c": "1"}) as http_client,
    ):
        client = any_world.client(server.url, http_client=http_client, headers={"x-own": "2"})
        client.workflows.invoke("w")
        (request,) = server.requests
        assert request.headers["authorization"].startswith("Basic ")
        assert (request.headers["cookie"], request.headers["x-own"]) == ("c=1", "2")


def hooks(any_world: World, where: str, error: Exception) -> dict[str, Any]:
    def raises(_: Any) -> None:
        raise error

    async def raises_later(_: Any) -> None:
        raise error

    return {"event_hooks": {where: [raises_later if any_world.is_async else raises]}}


@pytest.mark.parametrize("where", ["request", "response"])
def test_what_a_hook_raises_comes_out_as_it_is(any_world: World, where: str) -> None:
    options = hooks(any_world, where, LookupError("mine"))
    with RawServer(works) as server, borrowed(any_world, **options) as http_client:
        client = any_world.client(server.url, http_client=http_client)
        assert type(failure(client.runs.get, "run_1")) is LookupError
        assert type(failure(client.workflows.invoke, "w")) is LookupError
        assert len(server.requests) == (0 if where == "request" else 2)
        assert server.wait_idle() or where == "response"


def test_what_its_authentication_raises_comes_out_as_it_is(any_world: World) -> None:
    with RawServer(works) as server, borrowed(any_world, auth=Refuses()) as http_client:
        client = any_world.client(server.url, http_client=http_client)
        assert type(failure(client.workflows.invoke, "w")) is PermissionError
        assert server.requests == []


def test_hooks_run_in_the_callers_context(any_world: World) -> None:
    import contextvars

    who = contextvars.ContextVar("who", default="nobody")
    seen: list[str] = []

    def note(_: Any) -> None:
        seen.append(who.get())

    async def note_later(_: Any) -> None:
        seen.append(who.get())

    hook = {"request": [note_later if any_world.is_async else note]}
    with RawServer(works) as server, borrowed(any_world, event_hooks=hook) as http_client:
        client = any_world.client(server.url, http_client=http_client)
        for name in ("a", "b"):
            token = who.set(name)
            client.runs.get("run_1")
            client.workflows.invoke("w", signal=AbortController().signal)
            who.reset(token)
    assert seen == ["a", "a", "b", "b"]


def test_a_scheme_that_it_does_not_carry_is_an_error_of_ours(any_world: World) -> None:
    def refuse(*_: Any) -> Any:
        raise httpx.UnsupportedProtocol("no such protocol")

    with borrowed(any_world, transport=httpx.MockTransport(refuse)) as http_client:
        client = any_world.client("http://h", http_client=http_client, timeout=1.0)
        error = failure(client.workflows.invoke, "w")
        assert isinstance(error, FlueConnectionError)
        assert not isinstance(error, InvokeOutcomeUnknownError)
        assert all(not type(link).__module__.startswith("httpx") for link in chain(error))


def test_a_client_that_the_user_has_closed_is_said_to_be(any_world: World) -> None:
    with borrowed(any_world) as http_client:
        client = any_world.client("http://127.0.0.1:9", http_client=http_client)
        if any_world.portal:
            any_world.portal.call(http_client.aclose)
        else:
            http_client.close()
        assert type(failure(client.runs.get, "run_1")) is RuntimeError


def test_a_transport_that_tells_nothing_meets_the_deadline_too(
    any_world: World, no_other_limit: None
) -> None:
    """A mock without a socket. The body of its response never comes."""
    over = threading.Event()

    class Endless(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"{"
            over.wait()

        async def __aiter__(self) -> Any:
            import anyio

            yield b"{"
            await anyio.sleep_forever()

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Endless())

    transport = httpx.MockTransport(answer)
    with borrowed(any_world, transport=transport) as http_client:
        client = any_world.client("http://h", http_client=http_client)
        try:
            assert type(failure(client.runs.get, "x", timeout=SHORT)) is FlueTimeoutError
            assert type(overdue(client.workflows.invoke, "x")) is InvokeOutcomeUnknownError
        finally:
            over.set()
    assert leftover_threads() == []
