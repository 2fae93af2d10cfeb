"""A task that is cancelled while it waits for the next item costs the connection, no item."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from flue_client_ext import TextDelta
from flue_client_ext._drivers.async_aside import aside
from tests.servers.agents import AgentServer
from tests.servers.conversation import message
from tests.servers.raw import Connection, Request
from tests.worlds import World, world

from .conftest import QUICK
from .test_ask_stream import PATH, begin_with, end, never, say

LIVE: list[Any] = ["long-poll", "sse", "auto"]


@pytest.fixture(params=["asyncio", "trio"])
def async_world(request: Any) -> Iterator[World]:
    with world(request.param) as entered:
        yield entered


def interrupt(world: World, stream: Any, agents: AgentServer, requests: int) -> None:
    """Ask for the next item and cancel that when the server has so many requests."""
    assert world.portal is not None
    scope = world.portal.call(anyio.CancelScope)

    async def ask() -> Any:
        with scope:
            return await anext(stream.real)

    asking = world.portal.start_task_soon(ask)
    assert agents.wait_requests(requests)
    world.portal.call(scope.cancel)
    assert asking.result(10) is None


COMPLETED = {"type": "message-completed", "messageId": "entry_1"}


@pytest.mark.parametrize("live", LIVE)
def test_an_update_stream_goes_on(async_world: World, agents: AgentServer, live: Any) -> None:
    agents.lose_store(PATH)
    talk = async_world.client(agents.url).agents.conversation("support", "t1")
    stream = talk.updates(live=live)
    types = [next(stream).type]
    for _ in range(3):
        interrupt(async_world, stream, agents, len(agents.requests) + (live == "long-poll"))
        agents.change(PATH, lambda found: found.append(COMPLETED))
        types.append(next(stream).type)
    assert types == ["conversation-reset"] + ["message-completed"] * 3


@pytest.mark.parametrize("live", LIVE)
def test_an_observer_goes_on(async_world: World, agents: AgentServer, live: Any) -> None:
    agents.lose_store(PATH)
    talk = async_world.client(agents.url).agents.conversation("support", "t1")
    stream = talk.observe(live=live)
    next(stream)
    for number in range(1, 4):
        said = message(f"s{number}", "user", "x")
        asks = number == 1 or live == "long-poll"
        interrupt(async_world, stream, agents, len(agents.requests) + asks)
        agents.change(PATH, lambda found, said=said: found.add(said))  # type: ignore[misc]
        assert len(next(stream).messages) == number


@pytest.mark.parametrize("live", LIVE)
def test_a_reply_goes_on(async_world: World, agents: AgentServer, live: Any) -> None:
    agents.agent = never
    talk = async_world.client(agents.url).agents.conversation("support", "t1")
    stream = talk.ask_stream("hello", live=live)
    interrupt(async_world, stream, agents, 2)
    id = stream.admission.submission_id
    begin_with(agents, id, "he")
    assert next(stream) == TextDelta("he")
    interrupt(async_world, stream, agents, len(agents.requests))
    agents.change(PATH, lambda found: say(found, id, "llo"))
    agents.change(PATH, lambda found: end(found, id))
    list(stream)
    assert stream.text == stream.reply.text == "hello"
    assert len(agents.sends()) == 1


def test_a_send_under_way_is_repeated_with_its_key(async_world: World, agents: AgentServer) -> None:
    serve = agents.handler

    def serve_but_the_first(request: Request, connection: Connection) -> None:
        if len(agents.requests) == 1:
            connection.wait_closed(60)
        else:
            serve(request, connection)

    agents.handler = serve_but_the_first
    talk = async_world.client(agents.url).agents.conversation("support", "t1")
    stream = talk.ask_stream("hello", backoff_options=QUICK)
    interrupt(async_world, stream, agents, 1)
    assert list(stream) == [TextDelta("echo hello")]
    first, second = agents.sends()
    assert first == second | {"idempotencyKey": stream.admission.idempotency_key}


@pytest.mark.parametrize("name", ["asyncio", "trio"])
def test_a_cancelled_task_waits_for_its_thread_at_the_disk(name: str) -> None:
    begun, allowed, log = threading.Event(), threading.Event(), list[str]()

    def write() -> None:
        begun.set()
        allowed.wait(20)
        log.append("written")

    async def save() -> None:
        try:
            await aside(write)()
        finally:
            log.append("left")

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(save)
            await anyio.to_thread.run_sync(begun.wait, 20)
            group.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
                allowed.set()

    anyio.run(main, backend=name)
    assert log == ["written", "left"]


def test_task_cancel_waits_for_the_thread_at_the_disk() -> None:
    begun, allowed, log = threading.Event(), threading.Event(), list[str]()

    def write() -> None:
        begun.set()
        allowed.wait(20)
        log.append("written")

    async def main() -> None:
        task = asyncio.ensure_future(aside(write)())
        await asyncio.to_thread(begun.wait, 20)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        log.append(f"done: {task.done()}")
        allowed.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert log == ["done: False", "written"]
