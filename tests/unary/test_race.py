"""Several addresses (RFC 8305): the race by itself, played without waiting, and with real ones."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from attrs import evolve

from flue_client_ext import (
    AbortController,
    AsyncFlueClient,
    FlueAbortError,
    FlueConnectionError,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
)
from flue_client_ext._http.race import AddressHistory, Race, _interleaved, race
from flue_client_ext._http.tcp import Address, make_socket
from flue_client_ext._values.limits import LIMITS
from tests.servers.raw import Connection, RawServer, Request
from tests.unary.support import (
    DEADLINES,
    NEVER_AGAIN,
    QUICK,
    RECORD,
    Aside,
    failure,
    leftover_threads,
    overdue,
    works,
)
from tests.worlds import World

V4, V6 = socket.AF_INET, socket.AF_INET6
PROMPT = 10.0
PATIENCE = 15.0
"""Seconds: below those of connecting, so that a call fails that waits for one address."""


def row(host: str, port: int = 9, family: int = V4) -> Address:
    return (family, socket.SOCK_STREAM, 6, "", (host, port))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ""),
        ("4", "4"),
        ("66", "66"),
        ("6644", "6464"),
        ("4466", "4646"),
        ("6444", "6444"),
        ("66644", "64646"),
    ],
)
def test_families_alternate_beginning_with_the_resolvers_first(given: str, expected: str) -> None:
    rows = [row(str(i), family=V6 if c == "6" else V4) for i, c in enumerate(given)]
    mixed = _interleaved(rows)
    assert "".join("6" if r[0] == V6 else "4" for r in mixed) == expected
    for family in (V4, V6):
        assert [r for r in mixed if r[0] == family] == [r for r in rows if r[0] == family]


class Player:
    """Stands for the kernel: sockets that are writable when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[Fake] = []
        self.codes: dict[str, int] = {}
        monkeypatch.setattr("flue_client_ext._http.race.make_socket", self._make)

    def _make(self, address: Address) -> Fake:
        self.made.append(Fake(self.codes.get(address[4][0], 115)))
        return self.made[-1]

    @property
    def open(self) -> list[int]:
        return [i for i, fake in enumerate(self.made) if not fake.closed]


class Fake:
    def __init__(self, code: int) -> None:
        self.code, self.error, self.closed = code, 0, False

    def connect_ex(self, _: object) -> int:
        return self.code

    def getsockopt(self, *_: int) -> int:
        return self.error

    def close(self) -> None:
        self.closed = True


def step(attempts: Race, ready: Sequence[Any]) -> Any:
    """The next wait, or the socket that won."""
    try:
        return attempts.send(ready)
    except StopIteration as stop:
        return stop.value.socket


def test_the_next_address_is_tried_beside_a_silent_one(monkeypatch: pytest.MonkeyPatch) -> None:
    player = Player(monkeypatch)
    attempts = race("h", [row("a"), row("b"), row("c")], AddressHistory())
    wait = next(attempts)
    assert (len(wait.sockets), wait.seconds) == (1, LIMITS.attempt_delay)
    wait = step(attempts, [])
    assert (len(wait.sockets), wait.seconds) == (2, LIMITS.attempt_delay)
    wait = step(attempts, [])
    assert (len(wait.sockets), wait.seconds) == (3, None)
    assert step(attempts, [player.made[1]]) is player.made[1]
    assert player.open == [1]


def test_a_failure_begins_the_next_attempt_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    player = Player(monkeypatch)
    attempts = race("h", [row("a"), row("b"), row("c")], AddressHistory())
    next(attempts)
    player.made[0].error = 111
    wait = step(attempts, [player.made[0]])
    assert wait.sockets == (player.made[1],)
    assert player.made[0].closed
    player.codes["c"] = 101  # the network is unreachable: known at once
    wait = step(attempts, [])
    assert (wait.sockets, wait.seconds) == ((player.made[1],), None)
    assert step(attempts, [player.made[1]]) is player.made[1]
    assert player.open == [1]


def test_one_address_waits_for_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    player = Player(monkeypatch)
    attempts = race("h", [row("a")], AddressHistory())
    assert next(attempts).seconds is None
    assert step(attempts, [player.made[0]]) is player.made[0]


def test_when_all_fail_each_is_named_and_all_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    player = Player(monkeypatch)
    player.codes["a"] = 101
    attempts = race("h", [row("a"), row("b")], AddressHistory())
    next(attempts)
    player.made[1].error = 111
    error = failure(step, attempts, [player.made[1]])
    assert type(error) is ConnectionRefusedError
    for words in ("a: Network is unreachable", "b: Connection refused"):
        assert words in str(error)
    assert player.open == []


def test_the_only_error_is_raised_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    Player(monkeypatch).codes["a"] = 111
    error = failure(next, race("h", [row("a")], AddressHistory()))
    assert type(error) is ConnectionRefusedError
    assert error.errno == 111
    assert type(failure(next, race("h", [], AddressHistory()))) is OSError


def test_closing_a_race_closes_all_its_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    player = Player(monkeypatch)
    attempts = race("h", [row("a"), row("b")], AddressHistory())
    next(attempts)
    step(attempts, [])
    attempts.close()
    assert len(player.made) == 2
    assert player.open == []


def test_the_address_that_connected_is_first_until_it_fails() -> None:
    rows = [row("a"), row("b"), row("c")]
    history = AddressHistory()
    assert history.ordered(rows) == rows
    history.connected(rows[1])
    assert history.ordered(rows) == [rows[1], rows[0], rows[2]]
    assert history.ordered([rows[0], rows[2]]) == [rows[0], rows[2]]
    history.failed(rows[0])
    assert history.ordered(rows)[0] == rows[1]
    history.failed(rows[1])
    assert history.ordered(rows) == [rows[2], rows[0], rows[1]]
    history.failed(rows[0])
    assert history.ordered(rows) == [rows[2], rows[1], rows[0]]
    history.connected(rows[0])
    assert history.ordered(rows) == [rows[0], rows[2], rows[1]]


def test_after_a_preferred_address_fails_the_next_one_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    player, history, rows = Player(monkeypatch), AddressHistory(), [row("a"), row("b")]
    history.connected(rows[1])
    player.codes["b"] = 111
    attempts = race("h", rows, history)
    next(attempts)
    assert step(attempts, [player.made[-1]]) is player.made[-1]
    assert history.ordered(rows) == rows
    assert history.ordered([rows[1], rows[0]])[0] == rows[0]


def test_an_address_given_twice_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    player = Player(monkeypatch)
    attempts = race("h", [row("a"), row("b"), row("a"), row("b")], AddressHistory())
    next(attempts)
    assert step(attempts, []).seconds is None
    assert len(player.made) == 2


def test_the_next_race_tries_silent_addresses_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    player, history = Player(monkeypatch), AddressHistory()
    rows = [row(name) for name in "abcd"]
    attempts = race("h", rows, history)
    next(attempts)
    step(attempts, [])
    step(attempts, [])
    attempts.close()  # at the end of the time for connecting
    assert [address[4][0] for address in history.ordered(rows)] == ["c", "d", "a", "b"]
    attempts = race("h", rows, history)
    assert next(attempts).doing == "connecting to h (c)"
    assert step(attempts, []).doing == "connecting to h (c, d)"
    assert step(attempts, [player.made[3]]) is player.made[3]
    assert [address[4][0] for address in history.ordered(rows)] == ["c", "d", "a", "b"]


def test_a_wait_names_the_only_address_once(monkeypatch: pytest.MonkeyPatch) -> None:
    Player(monkeypatch)
    assert (
        next(race("10.0.0.1", [row("10.0.0.1")], AddressHistory())).doing
        == "connecting to 10.0.0.1"
    )


@contextmanager
def silent(port: int, host: str) -> Iterator[None]:
    """An address that never answers: the backlog of its listener is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        # Connections of an earlier server at this port may still be in TIME_WAIT.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(0)
        stack.enter_context(socket.create_connection((host, port)))
        yield


@pytest.fixture
def resolves(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let `flue.test` have the given addresses."""
    real = socket.getaddrinfo

    def set_addresses(*hosts: str) -> None:
        def resolver(host: Any, port: int, *rest: Any, **options: Any) -> Any:
            if host == "flue.test":
                return [row(one, port) for one in hosts]
            return real(host, port, *rest, **options)

        monkeypatch.setattr(socket, "getaddrinfo", resolver)

    return set_addresses


def test_a_silent_address_is_skipped_and_costs_nothing_later(
    any_world: World, resolves: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LIMITS, "connect", 2 * PATIENCE)
    with RawServer(works) as server, silent(server.port, "127.0.0.2"):
        resolves("127.0.0.2", "127.0.0.1")
        client = any_world.client(f"http://flue.test:{server.port}")
        for _ in range(3):
            client.workflows.invoke("w", timeout=PATIENCE)
            server.reset_all()  # the next call needs a connection of its own
            assert server.wait_idle()
            # From here on, a call that begins with the silent address exceeds its deadline.
            monkeypatch.setattr(LIMITS, "attempt_delay", 10 * PATIENCE)
        assert server.accepted == 3


def test_an_address_that_refuses_costs_nothing(
    any_world: World, resolves: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LIMITS, "connect", 2 * PATIENCE)
    monkeypatch.setattr(LIMITS, "attempt_delay", 10 * PATIENCE)
    with RawServer(works) as server:
        resolves("127.0.0.2", "127.0.0.3", "127.0.0.1")
        client = any_world.client(f"http://flue.test:{server.port}")
        client.workflows.invoke("w", timeout=PATIENCE)


def test_when_no_address_answers_the_error_names_each(
    any_world: World, resolves: Callable[..., None]
) -> None:
    resolves("127.0.0.2", "127.0.0.3")
    client = any_world.client("http://flue.test:1")
    error = failure(client.runs.get, "r", backoff_options=NEVER_AGAIN)
    assert type(error) is FlueConnectionError
    for words in ("127.0.0.2", "127.0.0.3", "flue.test"):
        assert words in str(error)


def test_a_retry_tries_the_addresses_that_were_not_reached(
    any_world: World, resolves: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(RawServer(works))
        for host in ("127.0.0.2", "127.0.0.3"):
            stack.enter_context(silent(server.port, host))
        resolves("127.0.0.2", "127.0.0.3", "127.0.0.1")
        monkeypatch.setattr(LIMITS, "attempt_delay", 0.4)
        monkeypatch.setattr(LIMITS, "connect", 0.6)
        client = any_world.client(f"http://flue.test:{server.port}")
        patient = evolve(QUICK, max_retries=10)
        assert client.runs.get("r", backoff_options=patient).status == "completed"


def test_a_connect_timeout_names_the_addresses(
    any_world: World, resolves: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(RawServer(works, mode="full"))
        stack.enter_context(silent(server.port, "127.0.0.2"))
        resolves("127.0.0.2", "127.0.0.1")
        monkeypatch.setattr(LIMITS, "attempt_delay", 0.01)
        for seconds in DEADLINES:
            monkeypatch.setattr(LIMITS, "connect", seconds)
            client = any_world.client(f"http://flue.test:{server.port}")
            error: Any = failure(client.runs.get, "r", backoff_options=NEVER_AGAIN)
            assert type(error) is FlueConnectionError
            if "127.0.0.1" in str(error.cause):
                break
        assert "connecting to flue.test (127.0.0.2, 127.0.0.1)" in str(error.cause)


def answers_once(request: Request, connection: Connection) -> None:
    connection.json(200, RECORD, {"connection": "close"})
    connection.close()


def closes(request: Request, connection: Connection) -> None:
    connection.close()


@pytest.mark.parametrize("how", ["closes", "stalls in TLS"])
def test_an_address_that_stops_responding_is_tried_last(
    any_world: World, resolves: Callable[..., None], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    def lift(_: object) -> None:
        """Leave the good address all the time that a busy machine needs."""
        if breaks.accepted == 2:
            monkeypatch.setattr(LIMITS, "connect", 60.0)

    monkeypatch.setattr(LIMITS, "attempt_delay", 60.0)
    tls = how == "stalls in TLS"
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with RawServer(answers_once, tls=tls) as good:
        address = ("127.0.0.2", good.port)
        with RawServer(answers_once, tls=tls, address=address) as breaks:
            client = any_world.client(
                good.url.replace("127.0.0.1", "flue.test"), ssl_context=context
            )
            resolves("127.0.0.2", "127.0.0.1")
            client.runs.get("r")
            assert (len(breaks.requests), len(good.requests)) == (1, 0)
            breaks.mode, breaks.handler = ("stall" if tls else "serve"), closes
            monkeypatch.setattr(LIMITS, "connect", 1.0)
            once = evolve(QUICK, on_failed_attempt=lift)
            for _ in range(2):
                assert client.runs.get("r", backoff_options=once).status == "completed"
            assert (breaks.accepted, len(good.requests)) == (2, 2)


def test_a_POST_that_was_cut_sends_the_next_one_to_another_address(
    any_world: World, resolves: Callable[..., None]
) -> None:
    with RawServer(works) as good, RawServer(closes, address=("127.0.0.2", good.port)):
        resolves("127.0.0.2", "127.0.0.1")
        client = any_world.client(f"http://flue.test:{good.port}")
        error = failure(client.workflows.invoke, "w")
        assert type(error) is InvokeOutcomeUnknownError
        assert client.workflows.invoke("w").run_id == "run_1"


@pytest.mark.parametrize("how", ["abort", "deadline"])
def test_a_race_ends_at_any_moment_and_leaves_no_socket(
    any_world: World, resolves: Callable[..., None], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    from flue_client_ext._http import race as module

    made: list[socket.socket] = []
    two = threading.Event()
    real = make_socket

    def remembered(address: Address) -> socket.socket:
        made.append(real(address))
        if len(made) == 2:
            two.set()
        return made[-1]

    monkeypatch.setattr(module, "make_socket", remembered)
    monkeypatch.setattr(LIMITS, "attempt_delay", 0.02)
    hosts = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
    with RawServer(works, mode="refuse") as server, ExitStack() as stack:
        for host in hosts:
            stack.enter_context(silent(server.port, host))
        resolves(*hosts)
        client = any_world.client(f"http://flue.test:{server.port}")
        began = time.monotonic()
        if how == "deadline":
            error = overdue(client.workflows.invoke, "w", far=lambda _: len(made) >= 2)
            assert type(error) is FlueTimeoutError
            assert 0.9 * DEADLINES[0] < time.monotonic() - began < sum(DEADLINES) + PROMPT
        else:
            controller = AbortController()
            aside = Aside(lambda: client.workflows.invoke("w", signal=controller.signal))
            assert two.wait(10)
            began = time.monotonic()
            controller.abort()
            assert type(aside.error()) is FlueAbortError
            assert time.monotonic() - began < PROMPT
        assert len(made) >= 2
        assert all(sock.fileno() == -1 for sock in made)
        assert leftover_threads() == []


def test_a_task_that_is_cancelled_in_the_race_leaves_no_socket(
    resolves: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from flue_client_ext._http import race as module

    made: list[socket.socket] = []
    two = asyncio.Event()
    real = make_socket

    def remembered(address: Address) -> socket.socket:
        made.append(real(address))
        if len(made) == 2:
            two.set()
        return made[-1]

    async def cancelled(url: str) -> None:
        async with AsyncFlueClient(url) as client:
            task = asyncio.create_task(client.workflows.invoke("w"))
            await asyncio.wait_for(two.wait(), 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert [sock.fileno() for sock in made] == [-1, -1]

    monkeypatch.setattr(module, "make_socket", remembered)
    with RawServer(works, mode="refuse") as server, ExitStack() as stack:
        for host in ("127.0.0.2", "127.0.0.3"):
            stack.enter_context(silent(server.port, host))
        resolves("127.0.0.2", "127.0.0.3")
        asyncio.run(cancelled(f"http://flue.test:{server.port}"))
