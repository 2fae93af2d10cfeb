"""Users' functions run in the context of the call that they were given to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from typing import Any

import pytest
import trio

from flue_client_ext import AbortController, BackoffOptions
from flue_client_ext._drivers.context import in_context
from flue_client_ext._http.shielded import in_background
from tests.servers.raw import Connection, Request
from tests.unary.support import borrowed
from tests.worlds import World

from .conftest import Serve
from .replay import RUN, Replay, whole_run

WHO: ContextVar[str] = ContextVar("who", default="nobody")
Options = dict[str, Any]

CALLS: dict[str, Callable[[Any, Options], Any]] = {
    "invoke": lambda client, _: client.workflows.invoke("w"),
    "run": lambda client, options: client.workflows.run("w", **options),
    "map": lambda client, options: client.workflows.map("w", range(5), concurrency=3, **options),
    "get": lambda client, options: client.runs.get(RUN, **options),
    "events": lambda client, options: client.runs.events(RUN, **options),
    "stream": lambda client, options: client.runs.stream(RUN, **options),
    "batches": lambda client, options: client.runs.stream(RUN, **options).batches(),
    "wait": lambda client, options: client.runs.wait(RUN, **options),
    "as_completed": lambda client, options: client.runs.as_completed([RUN] * 5, **options),
    "wait_all": lambda client, options: client.runs.wait_all([RUN] * 5, concurrency=2, **options),
}
ITERATED = {"map", "stream", "batches", "as_completed"}
MANY = {"map", "as_completed", "wait_all"}


class Seen:
    """Which functions have run, and as whom."""

    def __init__(self) -> None:
        self.by: dict[str, set[str]] = {}

    def function(self, name: str, result: Any = None) -> Callable[..., Any]:
        def called(*_: Any) -> Any:
            self.by.setdefault(name, set()).add(WHO.get())
            return result

        return called

    def coroutine(self, name: str, result: Any = None) -> Callable[..., Any]:
        async def called(*_: Any) -> Any:
            self.by.setdefault(name, set()).add(WHO.get())
            await trio.lowlevel.checkpoint() if in_trio() else await asyncio.sleep(0)
            self.by[name].add(WHO.get())
            return result

        return called


def in_trio() -> bool:
    return trio.lowlevel.in_trio_task()


def fails_first() -> Callable[[Request, Connection], None]:
    """A run, each read of which fails once."""
    replay, asked = Replay(whole_run(3)), set[str]()

    def handler(request: Request, connection: Connection) -> None:
        if request.method == "GET" and request.target not in asked:
            asked.add(request.target)
            connection.answer(503)
        else:
            replay(request, connection)

    return handler


@pytest.mark.parametrize("kind", ["function", "coroutine"])
@pytest.mark.parametrize("call", CALLS)
def test_a_function_sees_the_context_of_its_call(
    any_world: World, serve: Serve, connections: str, call: str, kind: str
) -> None:
    if kind == "coroutine" and not any_world.is_async:
        pytest.skip("a blocking client takes no async functions")
    seen = Seen()
    make: Callable[..., Any] = getattr(seen, kind)
    backoff = BackoffOptions(
        initial_delay=0.001, max_delay=0.002, on_failed_attempt=make("on_failed_attempt")
    )
    options: Options = {"backoff_options": backoff}
    expected = {"token", "headers"} | ({"on_failed_attempt"} if call != "invoke" else set())
    if call in MANY:
        options["on_progress"] = make("on_progress")
        expected.add("on_progress")
    if call == "run":
        options["on_event"] = make("on_event")
        expected.add("on_event")
    if connections == "httpx":
        expected.add("hook")
    hooks = [seen.coroutine("hook") if any_world.is_async else seen.function("hook")]
    with borrowed(any_world, event_hooks={"request": hooks}) as own:
        client = any_world.client(
            serve(fails_first()).url,
            token=make("token", "t"),
            headers={"x-a": make("headers", "1")},
            http_client=own if connections == "httpx" else None,
        )
        WHO.set("caller")
        called = CALLS[call](client, options)
        if call in ITERATED:
            WHO.set("consumer")
            for _ in called:
                pass
        assert seen.by == {name: {"caller"} for name in expected}
        WHO.set("caller")
        whole = client.with_options(headers=make("all headers", {"x-b": "2"}))
        list(CALLS[call](whole, options)) if call in ITERATED else CALLS[call](whole, options)
        assert seen.by["all headers"] == {"caller"}
        client.close()


def test_a_durable_stream_reads_in_the_context_of_its_call(any_world: World, serve: Serve) -> None:
    seen = Seen()
    url = f"{serve(Replay(whole_run(3))).url}/runs/{RUN}"
    WHO.set("caller")
    stream = any_world.durable(
        url,
        headers={"x-a": seen.function("header", "1")},
        params={"who": seen.function("param", "1")},
    )
    WHO.set("consumer")
    assert len(list(stream)) == 3
    assert seen.by == {"header": {"caller"}, "param": {"caller"}}


def test_jobs_do_not_see_what_others_have_set(any_world: World, serve: Serve) -> None:
    seen: list[str] = []

    def token() -> str:
        if request := WHO.get():
            seen.append(request)
        WHO.set(f"{WHO.get()}, changed")
        return "t"

    client = any_world.client(serve(Replay(whole_run(3))).url, token=token)
    WHO.set("caller")
    list(client.workflows.map("w", range(6), concurrency=2))
    assert seen.count("caller") == 6
    assert WHO.get() == "caller"


def test_a_listener_runs_in_the_context_that_added_it() -> None:
    seen = Seen()
    controller = AbortController()
    WHO.set("caller")
    controller.signal.add_listener(seen.function("listener"))
    removed = seen.function("removed")
    controller.signal.add_listener(removed)
    controller.signal.remove_listener(removed)
    WHO.set("aborter")
    aborting = threading.Thread(target=controller.abort)
    aborting.start()
    aborting.join()
    assert seen.by == {"listener": {"caller"}}


def in_each_loop(main: Callable[[], Coroutine[Any, Any, Any]]) -> list[Any]:
    return [asyncio.run(main()), trio.run(main)]


def test_work_in_the_background_has_the_context_of_its_caller() -> None:
    async def main() -> Any:
        seen = Seen()
        WHO.set("caller")
        in_background(seen.coroutine("work"))
        WHO.set("somebody else")
        while "work" not in seen.by:
            await trio.lowlevel.checkpoint() if in_trio() else await asyncio.sleep(0)
        return seen.by

    assert in_each_loop(main) == [{"work": {"caller"}}] * 2


def test_a_coroutine_in_another_context_is_awaited_like_any_other() -> None:
    other = copy_context()
    other.run(WHO.set, "other")

    async def work() -> str:
        try:
            await trio.sleep_forever() if in_trio() else await asyncio.Event().wait()
        except BaseException:
            WHO.set(f"{WHO.get()}, cancelled")
            raise
        return "never"

    async def main() -> Any:
        before = WHO.get()
        if in_trio():
            with trio.move_on_after(0.01):
                await in_context(other, work())
        else:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(in_context(other, work()), 0.01)
        assert WHO.get() == before
        with pytest.raises(ZeroDivisionError):
            await in_context(other, failing())

    async def failing() -> None:
        raise ZeroDivisionError

    in_each_loop(main)
    assert other[WHO] == "other, cancelled, cancelled"


def test_a_generator_that_is_closed_closes_what_it_awaits() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            ended.append(WHO.get())

    other = copy_context()
    other.run(WHO.set, "other")
    awaiting = in_context(other, work())
    awaiting.send(None)
    awaiting.close()
    assert ended == ["other"]
