"""A wait for the next item that is interrupted, by a cancelled task or by Ctrl-C, costs the
connection and nothing else: the stream goes on when it is asked again."""

from __future__ import annotations

import asyncio
import platform
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from flue_client.models import parse_events
from flue_client_ext import AsyncFlueClient, FlueTimeoutError
from tests.servers.raw import RawServer
from tests.unary.support import borrowed
from tests.worlds import World

from .conftest import Serve
from .reading import dicts
from .replay import RUN, Replay, whole_run

FUTEX = {"x86_64": "202", "aarch64": "98"}


@pytest.fixture(params=["long-poll", "sse", "auto"])
def live(request: Any) -> Any:
    return request.param


@pytest.fixture(autouse=True)
def ctrl_c_raises() -> Iterator[None]:
    """As in any script; a shell starts its background jobs with the signal ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt(
    world: World, stream: Any, server: RawServer, ready: Callable[[], bool] = lambda: True
) -> None:
    """Ask for the next item, and interrupt the wait for it, when it is `ready` for that."""
    if world.portal is None:
        reader, over = threading.main_thread(), threading.Event()

        def press_ctrl_c() -> None:
            if ready() and blocks(reader, server, over):
                signal.pthread_kill(reader.ident or 0, signal.SIGINT)

        pressing = threading.Thread(target=press_ctrl_c)
        try:
            with pytest.raises(KeyboardInterrupt):
                pressing.start()
                next(stream)
        finally:
            over.set()
            with suppress(KeyboardInterrupt):  # it may come when the wait has ended by itself
                pressing.join()
            pressing.join()
        return

    scope = world.portal.call(anyio.CancelScope)

    async def ask() -> Any:
        with scope:
            return await anext(stream.real)

    asking = world.portal.start_task_soon(ask)
    assert ready()
    world.portal.call(scope.cancel)
    assert asking.result(10) is None


def blocks(reader: threading.Thread, server: RawServer, over: threading.Event) -> bool:
    """Wait until a thread waits inside of a driver's step for what the server will not send.

    Whoever only looks finds it there too when an answer has just come, and his signal arrives when
    it is taken out of the step.
    """
    until = time.monotonic() + 10
    while time.monotonic() < until and not over.wait(0.001):
        frame = sys._current_frames().get(reader.ident or 0)
        names = {each.f_code.co_name for each, _ in traceback.walk_stack(frame)}
        if "_perform" not in names or server.requests[-1].connection not in waiting(server):
            continue
        # Over httpx it waits for the worker that sends the request, or reads by itself.
        if names & {"result", "_receive_event"} or ("perform" in names and sleeps(reader)):
            return True
    return False


def waiting(server: RawServer) -> set[int]:
    assert isinstance(server.handler, Replay)
    return server.handler.waiting


def sleeps(thread: threading.Thread) -> bool:
    """Whether the kernel lets a thread wait for anything but the interpreter's lock."""
    try:
        call = Path(f"/proc/self/task/{thread.native_id}/syscall").read_text().split()[0]
    except OSError:  # another kernel: it has to be believed
        return True
    return call not in ("running", FUTEX.get(platform.machine()))


def asked_again(server: RawServer) -> Callable[[], bool]:
    """Whether the server has a request that it had not when this was made."""
    count = len(server.requests) + 1
    return lambda: server.wait_requests(count)


def test_it_goes_on_without_losing_or_repeating_an_item(
    any_world: World, serve: Serve, live: str, connections: str
) -> None:
    run = whole_run(9)
    replay = Replay(run[:3], closed=False)
    server = serve(replay)
    with borrowed(any_world) as own:
        client = any_world.client(server.url, http_client=own if connections == "httpx" else None)
        stream = client.runs.stream(RUN, live=live)
        got = [next(stream) for _ in range(3)]
        interrupt(any_world, stream, server)
        for _ in range(3):
            interrupt(any_world, stream, server, asked_again(server))
        replay.append(*run[3:], close=True)
        assert dicts([*got, *stream]) == run
        assert stream.stats.reconnects == 0
        assert stream.stats.state == "ended"
        client.close()
    assert server.wait_idle()


@pytest.mark.parametrize("batches", [False, True])
def test_a_batch_that_was_under_way_is_not_skipped(
    any_world: World, serve: Serve, live: str, batches: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = whole_run(9)
    server = serve(Replay(run, page=3))
    stream = any_world.client(server.url).runs.stream(RUN, live=live)
    reading = stream.batches() if batches else stream

    def parse(items: list[Any]) -> Any:
        if run[3] in items:
            raise Alarm
        return parse_events(items)

    monkeypatch.setattr("flue_client_ext._flue.delivery.parse_events", parse)
    got = []
    with pytest.raises(Alarm):
        while True:
            got.append(next(reading))
    with pytest.raises(RuntimeError, match="cannot go on"):
        next(reading)
    monkeypatch.undo()
    events = [event for batch in got for event in batch.events] if batches else got
    rest = any_world.client(server.url).runs.stream(RUN, live=False, resume=stream.checkpoint)
    assert dicts([*events, *rest]) == run


class Alarm(Exception):
    """What a signal handler may raise, anywhere."""


def test_its_connection_is_closed_at_once(any_world: World, serve: Serve, live: str) -> None:
    server = serve(Replay(whole_run(4)[:3], closed=False))
    stream = any_world.client(server.url).runs.stream(RUN, live=live)
    for _ in range(3):
        next(stream)
    interrupt(any_world, stream, server)
    assert server.wait_idle()
    assert stream.offset


def test_it_can_still_be_cancelled(any_world: World, serve: Serve, live: str) -> None:
    server = serve(Replay(whole_run(4)[:3], closed=False))
    stream = any_world.client(server.url).runs.stream(RUN, live=live)
    for _ in range(3):
        next(stream)
    interrupt(any_world, stream, server)
    stream.cancel()
    assert list(stream) == []


def test_its_deadline_still_holds(any_world: World, serve: Serve, live: str) -> None:
    server = serve(Replay(whole_run(4)[:3], closed=False))
    for timeout in (0.5, 2.0, 8.0):  # where a busy machine needs the first for the way here
        stream = any_world.client(server.url).runs.stream(RUN, live=live, timeout=timeout)
        try:
            for _ in range(3):
                next(stream)
            interrupt(any_world, stream, server)
            break
        except FlueTimeoutError:
            continue
    with pytest.raises(FlueTimeoutError) as caught:
        next(stream)
    assert (caught.value.run_id, caught.value.offset) == (RUN, stream.offset)


def test_batches_go_on_as_well(any_world: World, serve: Serve, live: str) -> None:
    run = whole_run(9)
    replay = Replay(run[:3], closed=False)
    server = serve(replay)
    stream = any_world.client(server.url).runs.stream(RUN, live=live)
    batches = stream.batches()
    got = list(next(batches).events)
    interrupt(any_world, batches, server)
    replay.append(*run[3:], close=True)
    got += [event for batch in batches for event in batch.events]
    assert dicts(got) == run


def test_it_can_be_cancelled_in_another_event_loop(serve: Serve, live: Any) -> None:
    server = serve(Replay(whole_run(4)[:3], closed=False))
    stream = AsyncFlueClient(server.url).runs.stream(RUN, live=live)

    async def read_and_wait() -> None:
        for _ in range(3):
            await anext(stream)
        with anyio.move_on_after(0.05):
            await anext(stream)

    async def cancel() -> Any:
        asked = asked_again(server)
        waiting = asyncio.ensure_future(_next(stream))
        assert await asyncio.to_thread(asked)
        stream.cancel()
        return await asyncio.wait_for(waiting, 10)

    asyncio.run(read_and_wait())
    assert asyncio.run(cancel()) == "the end"


async def _next(stream: Any) -> Any:
    return await anext(stream, "the end")
