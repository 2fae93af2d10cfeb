"""A canary: no secret shows in a repr, an error with all that hangs on it, a pickle or a log."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from flue_client_ext import AbortController, BackoffOptions, FlueError
from flue_client_ext._stream.credentials import Credentials
from flue_client_ext._values.http import Request as HttpRequest
from tests.servers.raw import Connection, Handler, RawServer, Request
from tests.unary.support import DEADLINES, QUICK, Aside, borrowed, chain, failure, says, spoken
from tests.unary.trackers import seen_by_a_tracker
from tests.worlds import World

CANARY = "canary5f1d8c0b3e7a49f2a6d4"
SECRETS: dict[str, Any] = {"token": f"t-{CANARY}", "headers": {"X-Api-Key": f"k-{CANARY}"}}


def reset(_: Request, connection: Connection) -> None:
    connection.reset()


def stall(_: Request, connection: Connection) -> None:
    connection.wait_closed()


def stall_in_body(_: Request, connection: Connection) -> None:
    connection.head(200, {"content-length": "50", "content-type": "application/json"})
    connection.wait_closed()


def garbage(_: Request, connection: Connection) -> None:
    connection.send(b"\x00 garbage\r\n\r\n")
    connection.close()


def cut(_: Request, connection: Connection) -> None:
    connection.head(200, {"content-length": "50"})
    connection.close()


def redirect_that_echoes(request: Request, connection: Connection) -> None:
    connection.answer(307, b"", {"location": f"https://u:p@other.test{request.target}#frag"})


TROUBLE: dict[str, Handler] = {
    "reset": reset,
    "stall": stall,
    "stall in body": stall_in_body,
    "garbage": garbage,
    "cut": cut,
    "redirect": redirect_that_echoes,
    "unauthorized": says(401, b'{"error":"no"}'),
    "html error": says(503, b"<html>", {"retry-after": "0"}),
    "not found": says(404, b"nothing"),
    "not json": says(200, b"<html>", {"content-type": "text/html"}),
    "gone": says(410),
}


def must_be_silent(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    """Check all that a developer, a log collector or an error tracker could look at."""
    assert isinstance(error, FlueError), error
    assert CANARY not in spoken(error)
    assert CANARY not in "".join(traceback.format_exception(error))
    for link in chain(error):
        assert CANARY not in seen_by_a_tracker(link)
        assert not type(link).__module__.startswith(("httpx", "httpcore", "h11"))
    for record in caplog.records:
        if record.name.startswith(("flue_client", "asyncio", "anyio", "trio")):
            assert CANARY not in record.getMessage() + repr(vars(record))


@pytest.fixture(params=["own sockets", "http_client"])
def client_of(request: pytest.FixtureRequest, any_world: World, caplog: Any) -> Any:
    caplog.set_level(logging.DEBUG)
    with borrowed(any_world) as http_client:
        own = {"http_client": http_client} if request.param == "http_client" else {}
        yield lambda url, **options: any_world.client(url, **options, **own)


@pytest.mark.parametrize("name", TROUBLE)
def test_no_error_of_a_call_shows_a_credential(
    client_of: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    for timeout in DEADLINES:
        with RawServer(TROUBLE[name]) as server:
            client = client_of(server.url, timeout=timeout, **SECRETS)
            own = {"timeout": timeout, "backoff_options": QUICK}
            calls: list[Callable[[], Any]] = [
                partial(client.workflows.invoke, "w", input=1),
                partial(client.workflows.invoke, "w", wait="result", timeout=timeout),
                partial(client.runs.get, "run_1", backoff_options=QUICK),
                partial(client.runs.events, "run_1", **own),
                partial(client.agents.send, "a", "1", "x", backoff_options=QUICK),
                partial(client.agents.read, "a", "1", "s", **own),
            ]
            for call in calls:
                must_be_silent(failure(call), caplog)
        sent = any(CANARY in str(request.headers) for request in server.requests)
        logged = any(record.name == "flue_client" for record in caplog.records)
        if sent and (logged or name == "stall"):
            break
    assert sent
    assert logged or name == "stall"


def test_a_failed_connect_or_handshake_shows_none(
    client_of: Any, caplog: pytest.LogCaptureFixture
) -> None:
    options = BackoffOptions(max_retries=0)
    with RawServer(reset, mode="refuse") as server:
        client = client_of(server.url, **SECRETS)
        must_be_silent(failure(client.runs.get, "run_1", backoff_options=options), caplog)
    with RawServer(reset, tls=True) as server:  # whose certificate nobody knows
        client = client_of(server.url, **SECRETS)
        must_be_silent(failure(client.runs.get, "run_1", backoff_options=options), caplog)
        assert not server.requests


def test_an_aborted_call_shows_none(client_of: Any, caplog: pytest.LogCaptureFixture) -> None:
    controller = AbortController()
    with RawServer(stall) as server:
        client = client_of(server.url, **SECRETS)
        aside = Aside(lambda: client.workflows.invoke("w", signal=controller.signal))
        assert server.wait_requests(1)
        controller.abort("enough")
        must_be_silent(aside.error(), caplog)


@pytest.mark.parametrize("live", [False, "long-poll", "sse"])
@pytest.mark.parametrize("name", TROUBLE)
def test_no_error_of_a_durable_stream_shows_a_signature(
    any_world: World, name: str, live: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for timeout in DEADLINES if name.startswith("stall") else [30]:
        with RawServer(TROUBLE[name]) as server:
            stream = any_world.durable(
                f"{server.url}/s/1?signature=q-{CANARY}",
                live=live,
                headers={"X-Api-Key": lambda: f"k-{CANARY}"},
                params={"key": f"p-{CANARY}", "other": lambda: f"c-{CANARY}"},
                timeout=timeout,
                backoff_options=QUICK,
            )
            must_be_silent(failure(list, stream), caplog)
        if server.requests:
            break
    assert CANARY in server.requests[0].target
    assert CANARY not in repr(stream) + repr(getattr(stream, "real", stream))


def test_no_repr_shows_a_secret(any_world: World) -> None:
    client = any_world.client("http://flue.test", **SECRETS)
    client = getattr(client, "real", client)
    signed = any_world.durable(f"http://flue.test/s?signature={CANARY}", headers={"X": CANARY})
    signed = getattr(signed, "real", signed)
    for thing in (client, client.workflows, client.runs, client.with_options(token=CANARY), signed):
        assert CANARY not in repr(thing)
        assert CANARY not in str(thing)
        assert CANARY not in repr(list(vars(thing).values()))
    assert CANARY not in repr(Credentials(**SECRETS, params={"key": CANARY}))
    request = HttpRequest("GET", f"http://h/s?sig={CANARY}", {"x": CANARY}, CANARY.encode())
    assert CANARY not in repr(request)


UNFIT: list[dict[str, Any]] = [
    {"token": f"{CANARY}\n"},
    {"token": f"{CANARY}\u2603"},
    {"headers": {"x": f"{CANARY}\r\n"}},
    {"headers": {"x": CANARY.encode()}},
    {"headers": {"Host": CANARY}},
    {"headers": {f"{CANARY} x": "y"}},
]


@pytest.mark.parametrize("options", UNFIT, ids=str)
def test_a_refused_credential_is_not_shown(any_world: World, options: dict[str, Any]) -> None:
    error = failure(any_world.client, "http://h", **options)
    assert isinstance(error, ValueError | TypeError)
    assert CANARY not in spoken(error)
    (name, value), *_ = options.items()
    with RawServer(says(500)) as server:
        client = any_world.client(server.url, **{name: lambda: value})
        late = failure(client.workflows.invoke, "w")
        assert type(late) is type(error)
        assert CANARY not in spoken(late)
