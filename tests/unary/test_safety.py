"""One client in many threads, after a fork, in a new event loop, on asyncio and on trio."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest
import trio

from flue_client_ext import AsyncFlueClient, FlueClient
from tests.servers.flue import FlueServer
from tests.servers.raw import Connection, RawServer, Request
from tests.unary.support import after_collection, failure, works
from tests.worlds import World

KEPT = {"keep-alive": "timeout=60"}
"""Announced, so that a POST may use a connection that has been idle for a while."""


def echo(request: Request, connection: Connection) -> None:
    """Answer with what was asked for, so that an answer given to the wrong caller shows."""
    if request.method == "POST":
        connection.json(200, {"runId": "run_1", "result": request.json()}, KEPT)
    else:
        run_id = request.target.split("/")[2].partition("?")[0]
        connection.json(200, {"runId": run_id}, KEPT)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_32_threads_on_one_client_each_get_their_own_answers(any_world: World, tls: bool) -> None:
    with RawServer(echo, tls=tls) as server:
        context = server.client_context() if tls else None
        client = any_world.client(server.url, token=lambda: "t", ssl_context=context)
        together = threading.Barrier(32)

        def work(number: int) -> None:
            together.wait(30)
            for turn in range(10):
                value = [number, turn]
                assert client.workflows.invoke("w", input=value, wait="result").result == value
                assert client.runs.get(f"r-{number}-{turn}").run_id == f"r-{number}-{turn}"

        with ThreadPoolExecutor(32) as threads:
            list(threads.map(work, range(32)))
        assert len(server.requests) == 640
        assert server.accepted < 200


def test_32_threads_on_the_genuine_server(genuine: FlueServer) -> None:
    with FlueClient(genuine.url) as client, ThreadPoolExecutor(32) as threads:

        def work(number: int) -> object:
            return client.workflows.invoke("echo", input=number, wait="result").result

        assert list(threads.map(work, range(64))) == list(range(64))


def test_closing_while_others_call_breaks_no_call(any_world: World) -> None:
    with RawServer(echo) as server:
        client = any_world.client(server.url)
        started = threading.Barrier(9)

        def work(number: int) -> list[BaseException]:
            client.runs.get("r")
            started.wait(30)
            errors: list[BaseException] = []
            while not errors:
                try:
                    assert client.runs.get(f"r{number}").run_id == f"r{number}"
                except Exception as error:
                    errors.append(error)
            return errors

        with ThreadPoolExecutor(8) as threads:
            ended = [threads.submit(work, number) for number in range(8)]
            started.wait(30)
            client.close()
            for future in ended:
                assert [type(error) for error in future.result(10)] == [RuntimeError]
        assert server.wait_idle()


def in_a_child(work: Any) -> int:
    """Run `work` in a forked process; return its exit code."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)  # a child that hangs is ended, with another exit code
        try:
            os._exit(0 if work() else 1)
        except BaseException:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_forked_child_makes_connections_of_its_own(tls: bool) -> None:
    with RawServer(echo, tls=tls) as server:
        context = server.client_context() if tls else None
        with FlueClient(server.url, ssl_context=context) as client:
            client.runs.get("parent")

            def child() -> bool:
                again = [client.runs.get(f"child{n}").run_id for n in range(3)]
                client.close()
                return again == ["child0", "child1", "child2"]

            assert in_a_child(child) == 0
            assert client.runs.get("parent").run_id == "parent"
        numbers = {request.target: request.connection for request in server.requests}
        assert numbers["/runs/parent?meta="] == 1
        assert {v for k, v in numbers.items() if "child" in k} == {2}
        assert server.accepted == 2


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_drops_the_client_leaves_the_parents_connection() -> None:
    with RawServer(echo, tls=True) as server:
        client = FlueClient(server.url, ssl_context=server.client_context())
        client.runs.get("parent")

        def child() -> bool:
            nonlocal client
            del client
            gc.collect()
            return True

        assert in_a_child(child) == 0
        client.runs.get("parent")
        client.close()
        assert server.accepted == 1


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_in_the_middle_of_other_threads_calls_hangs_no_child() -> None:
    over = threading.Event()
    with RawServer(echo) as server, FlueClient(server.url) as client:

        def work() -> None:
            while not over.is_set():
                client.runs.get("parent")

        with ThreadPoolExecutor(4) as threads:
            busy = [threads.submit(work) for _ in range(4)]
            try:
                for _ in range(30):
                    assert in_a_child(lambda: client.runs.get("child").run_id == "child") == 0
            finally:
                over.set()
            for future in busy:
                future.result(10)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_an_async_client_works_in_a_forked_child() -> None:
    with RawServer(echo) as server:
        client = AsyncFlueClient(server.url)

        async def get() -> str:
            return (await client.runs.get("r")).run_id

        assert asyncio.run(get()) == "r"
        assert in_a_child(lambda: asyncio.run(get()) == "r") == 0
        assert asyncio.run(get()) == "r"
        assert {request.connection for request in server.requests} == {1, 2, 3}
        asyncio.run(client.aclose())


def test_an_async_client_lives_through_many_event_loops_of_both_kinds() -> None:
    with RawServer(echo) as server:
        client = AsyncFlueClient(server.url)

        async def twice() -> None:
            for _ in range(2):
                assert (await client.runs.get("r")).run_id == "r"

        asyncio.run(twice())
        trio.run(twice)
        anyio.run(twice, backend="asyncio")
        anyio.run(twice, backend="trio")
        asyncio.run(twice())
        assert [request.connection for request in server.requests] == [
            number for number in range(1, 6) for _ in range(2)
        ]
        asyncio.run(client.aclose())
        gc.collect()
        assert server.wait_idle()


def test_two_event_loops_at_once_share_one_async_client() -> None:
    with RawServer(echo) as server:
        client = AsyncFlueClient(server.url)

        async def many(prefix: str) -> None:
            async with anyio.create_task_group() as group:
                for number in range(20):
                    group.start_soon(one, f"{prefix}{number}")

        async def one(run_id: str) -> None:
            for _ in range(5):
                assert (await client.runs.get(run_id)).run_id == run_id

        with ThreadPoolExecutor(4) as threads:
            backends = ["asyncio", "trio", "asyncio", "trio"]
            list(threads.map(lambda backend: anyio.run(many, backend, backend=backend), backends))
        asyncio.run(client.aclose())
        assert len(server.requests) == 400


def test_the_sync_client_works_inside_a_running_event_loop() -> None:
    async def notebook() -> Any:
        with RawServer(works) as server, FlueClient(server.url) as client:
            return client.workflows.invoke("w", input=1, wait="result").result

    assert asyncio.run(notebook()) == 1
    assert trio.run(notebook) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_task_leaves_the_client_healthy(backend: str) -> None:
    def stalls(request: Request, connection: Connection) -> None:
        if "stall" in request.target:
            connection.wait_closed()
        else:
            echo(request, connection)

    async def main(server: RawServer) -> None:
        async with AsyncFlueClient(server.url) as client:
            for _ in range(20):
                with anyio.move_on_after(0.005) as scope:
                    await client.runs.get("stall")
                assert scope.cancelled_caught
                assert (await client.runs.get("r")).run_id == "r"

    with RawServer(stalls) as server:
        anyio.run(main, server, backend=backend)
        assert server.wait_idle()


def test_clients_that_are_never_closed_leave_no_connection_behind(any_world: World) -> None:
    with RawServer(works) as server:

        async def awaited() -> None:
            await AsyncFlueClient(server.url).runs.get("run_1")

        if any_world.portal is None:
            FlueClient(server.url).runs.get("run_1")
        else:
            any_world.portal.call(awaited)
        assert after_collection(lambda: server.wait_until(lambda: not server.open, 0))


def test_a_closed_client_says_so_before_any_io(any_world: World) -> None:
    with RawServer(works) as server:
        client = any_world.client(server.url)
        client.close()
        client.close()
        assert type(failure(client.workflows.invoke, "w")) is RuntimeError
        assert type(failure(client.runs.get, "r")) is RuntimeError
        assert server.accepted == 0
