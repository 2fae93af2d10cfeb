"""One contract for the channels, over own sockets and over a user's httpx client: what a limit, the
deadline and an abort mean for `open`, `read` and `poll`."""

from __future__ import annotations

import inspect
import math
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from flue_client_ext._http import async_channel, sync_channel
from flue_client_ext._http.async_httpx import AsyncHttpxChannel
from flue_client_ext._http.route import Proxy, Route
from flue_client_ext._http.shielded import loop_time
from flue_client_ext._http.sync_httpx import HttpxChannel
from flue_client_ext._values.http import Head, Request
from flue_client_ext._values.limits import LIMITS
from flue_client_ext._values.steps import DeadlineExceeded, Failure
from tests.servers import raw
from tests.unary.dripping import DRIPS, Drip
from tests.unary.support import DEADLINES, Aside, borrowed, leftover_threads
from tests.worlds import World

SHORT = 0.15
LONG = 30.0
PARTS = (0.5, 2.0, 8.0)
"""Seconds between two parts of a body, twice as long is its limit. The first ones may be too short
for a busy machine."""
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Channel:
    """Any of the channels, in blocking calls."""

    def __init__(self, world: World, real: Any) -> None:
        self._portal = world.portal
        self.is_async = world.is_async
        self.real = real

    def open(self, url: str, limit: float | None = LONG, seconds: float = math.inf) -> Any:
        """`seconds` are those until the deadline."""
        return self._called("open", Request("GET", url), limit, seconds=seconds)

    def read(self, limit: float | None = LONG, seconds: float = math.inf) -> Any:
        return self._called("read", limit, seconds=seconds)

    def poll(self) -> Any:
        return self._called("poll")

    def abort(self) -> None:
        self._called("abort")

    def close(self) -> None:
        self._called("close")

    def _called(self, name: str, *arguments: Any, seconds: float | None = None) -> Any:
        method = getattr(self.real, name)
        if self._portal is None:
            deadline = () if seconds is None else (time.monotonic() + seconds,)
            return method(*arguments, *deadline)

        async def called() -> Any:
            deadline = () if seconds is None else (loop_time() + seconds,)
            result = method(*arguments, *deadline)
            return await result if inspect.isawaitable(result) else result

        return self._portal.call(called)


Make = Callable[..., Channel]


@pytest.fixture(params=["own sockets", "http_client"])
def channel_to(request: pytest.FixtureRequest, any_world: World) -> Iterator[Make]:
    """Make channels to a server, over either transport. A proxy opens tunnels."""
    with ExitStack() as stack:

        def make(server: raw.RawServer, *, tls: bool = False, by_proxy: bool = False) -> Channel:
            context = server.client_context() if tls and not by_proxy else NO_TLS
            if request.param == "http_client":
                options = {"verify": context, "proxy": server.url if by_proxy else None}
                http_client = stack.enter_context(borrowed(any_world, **options))
                kind: Any = AsyncHttpxChannel if any_world.is_async else HttpxChannel
                channel = Channel(any_world, kind(http_client))
            else:
                proxy = Proxy(server.host, server.port, False, None) if by_proxy else None
                route = Route(server.host, server.port, tls, proxy, lambda: context)
                if any_world.is_async:
                    pool: Any = async_channel.new_pool(route, 0)
                    channel = Channel(any_world, async_channel.AsyncOwnChannel(pool))
                else:
                    pool = sync_channel.new_pool(route, 0)
                    channel = Channel(any_world, sync_channel.OwnChannel(pool))
            stack.callback(channel.close)
            return channel

        yield make


@contextmanager
def dripping(where: str) -> Iterator[raw.RawServer]:
    drip = Drip(*DRIPS[where])
    with raw.RawServer(drip) as server:
        try:
            yield server
        finally:
            drip.over.set()


def silent(_: raw.Request, connection: raw.Connection) -> None:
    connection.wait_closed(60)


def one_byte(_: raw.Request, connection: raw.Connection) -> None:
    """Send a head and the first byte of a large body, and then nothing."""
    connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n ")
    connection.wait_closed(60)


@pytest.mark.parametrize("where", ["head", "interim answers"])
def test_the_limit_of_a_head_is_total_however_many_bytes_come(channel_to: Make, where: str) -> None:
    with dripping(where) as server:
        failed = Aside(lambda: channel_to(server).open(server.url, SHORT)).result()
    assert isinstance(failed, Failure)
    assert (failed.kind, failed.sent) == ("timeout", True)
    assert failed.cause == "TimeoutError: timed out"


def test_a_head_without_a_limit_may_take_any_time_before_the_deadline(channel_to: Make) -> None:
    def late(request: raw.Request, connection: raw.Connection) -> None:
        if not connection.wait_closed(2 * SHORT):
            connection.answer(200)

    with raw.RawServer(late) as server:
        assert isinstance(channel_to(server).open(server.url, None, LONG), Head)


@pytest.mark.parametrize("limit", [None, SHORT, LONG])
def test_the_deadline_ends_any_wait(channel_to: Make, limit: float | None) -> None:
    """A limit of the same length makes it a deadline all the same."""
    with raw.RawServer(silent) as server:
        for seconds in DEADLINES:
            with pytest.raises(DeadlineExceeded) as passed:
                channel_to(server).open(server.url, seconds if limit == SHORT else limit, seconds)
            if passed.value.sent:
                break
        assert passed.value.sent
        server.handler = one_byte
        channel = channel_to(server)
        assert isinstance(channel.open(server.url), Head)
        assert channel.read() == b" "
        with pytest.raises(DeadlineExceeded) as passed:
            channel.read(limit, SHORT)
        assert passed.value.sent


def test_a_read_may_take_less_time_than_the_head(channel_to: Make) -> None:
    with raw.RawServer(one_byte) as server:
        channel = channel_to(server)
        assert isinstance(channel.open(server.url, LONG), Head)
        assert channel.read(LONG) == b" "
        failed = Aside(lambda: channel.read(SHORT)).result()
        assert isinstance(failed, Failure)
        assert (failed.kind, failed.cause) == ("timeout", "TimeoutError: timed out")
        channel.close()
        assert server.wait_idle()
    assert leftover_threads() == []


def test_a_read_may_take_more_time_than_the_head(channel_to: Make) -> None:
    """As that of an event stream whose head had to come at once."""
    go = threading.Event()

    def handler(_: raw.Request, connection: raw.Connection) -> None:
        connection.event_stream()
        go.wait(60)
        connection.chunk(b"late")

    with raw.RawServer(handler) as server:
        channel = channel_to(server)
        for limit in DEADLINES:
            head = channel.open(server.url, limit)
            if isinstance(head, Head):
                break
        assert isinstance(head, Head)
        reading = Aside(lambda: channel.read(LONG))
        time.sleep(2 * limit)
        go.set()
        assert reading.result() == b"late"


@pytest.mark.parametrize("length", [3, 100_000])
def test_a_body_has_no_limit_but_from_one_part_to_the_next(channel_to: Make, length: int) -> None:
    """A short body is read with the head over httpx, which changes nothing."""

    def handler(_: raw.Request, connection: raw.Connection) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % length)
        for _part in range(3):
            if connection.wait_closed(seconds):
                return
            connection.send(b" ")
        connection.send(b" " * (length - 3))

    with raw.RawServer(handler) as server:
        for seconds in PARTS:
            came = whole(channel_to(server), server.url, 2 * seconds)
            if isinstance(came, bytes):
                break
        assert came == b" " * length


def whole(channel: Channel, url: str, limit: float) -> Any:
    """The body of a response, or the failure to receive it."""
    if not isinstance(head := channel.open(url, limit), Head):
        return head
    body = b""
    while part := channel.read(limit):
        if not isinstance(part, bytes):
            channel.close()
            return part
        body += part
    return body


@pytest.mark.parametrize("stalls", ["handshake", "tunnel"])
def test_connecting_has_a_limit_of_its_own_that_is_total(
    channel_to: Make, monkeypatch: pytest.MonkeyPatch, stalls: str
) -> None:
    monkeypatch.setattr(LIMITS, "connect", SHORT)
    if stalls == "handshake":
        with raw.RawServer(silent, tls=True, mode="stall") as server:
            channel = channel_to(server, tls=True)
            failed = Aside(lambda: channel.open(server.url)).result()
    else:
        with dripping("head") as server:
            channel = channel_to(server, tls=True, by_proxy=True)
            failed = Aside(lambda: channel.open("https://127.0.0.1:9/")).result()
    assert isinstance(failed, Failure)
    assert (failed.kind, failed.sent, failed.permanent) == ("connect", False, False)


def test_a_poll_does_not_wait_and_loses_nothing(channel_to: Make) -> None:
    with raw.RawServer(one_byte) as server:
        channel = channel_to(server)
        assert isinstance(channel.open(server.url), Head)
        assert (channel.poll() or channel.read()) == b" "
        assert Aside(channel.poll).result() is None
        assert isinstance(channel.read(SHORT), Failure)


def test_an_abort_closes_the_connection_of_an_open_response(channel_to: Make) -> None:
    with raw.RawServer(one_byte) as server:
        channel = channel_to(server)
        assert isinstance(channel.open(server.url), Head)
        channel.abort()
        channel.close()
        assert server.wait_idle()


@pytest.mark.parametrize("handler", [silent, one_byte])
def test_an_abort_ends_the_wait_of_another_thread(channel_to: Make, handler: raw.Handler) -> None:
    with raw.RawServer(handler) as server:
        channel = channel_to(server)
        if channel.is_async:
            return  # a wait on an event loop is cancelled
        if handler is one_byte:
            channel.open(server.url)
            channel.read()
            waiting = Aside(channel.read)
        else:
            waiting = Aside(lambda: channel.open(server.url))
        assert server.wait_requests(1)
        channel.abort()
        failed = waiting.result()
        assert isinstance(failed, Failure)
        assert failed.kind == "cut"
        assert server.wait_idle()
    assert leftover_threads() == []
