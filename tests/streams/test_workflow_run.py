"""`workflows.run`: one POST, the stream to its end, the result or what became of it."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import pytest

from flue_client_ext import FlueApiError, FlueExecutionError, RunNotReadableError
from tests.servers.flue import FlueServer
from tests.servers.pipe import End
from tests.servers.proxy import TcpProxy
from tests.worlds import World

from .conftest import Serve, set_limits
from .reading import InThread, dicts
from .replay import RUN, Replay, log_event, query, run_end


@pytest.mark.parametrize("live", [True, "long-poll", "sse", "auto", False])
def test_a_run_returns_its_result_with_one_post(
    any_world: World, genuine: FlueServer, live: Any
) -> None:
    client = any_world.client(genuine.url)
    before = len(genuine.runs("research"))
    seen: list[Any] = []
    done = client.workflows.run("research", live=live, on_event=seen.append)
    assert len(genuine.runs("research")) == before + 1
    assert done.result == client.runs.get(done.run_id).result
    assert dicts(seen) == dicts(client.runs.events(done.run_id))
    assert {event.run_id for event in seen if event.type != "unknown"} == {done.run_id}
    assert client.workflows.run("echo", input=[1, None], live=live).result == [1, None]


def test_a_failed_run_raises_the_server_s_error(any_world: World, genuine: FlueServer) -> None:
    client = any_world.client(genuine.url)
    for options in ({}, {"on_event": lambda event: None}):
        with pytest.raises(FlueExecutionError) as caught:
            client.workflows.run("fail", input={"message": "ünglück"}, **options)
        error = caught.value
        assert (error.target, error.failure) == ("workflow", "failed")
        assert error.error == {"name": "TypeError", "message": "ünglück"}
        assert error.target_id == error.run_id
        assert client.runs.get(error.run_id).status == "errored"


class CutsReads(TcpProxy):
    """Ends a connection so many seconds after it has carried a GET."""

    def __init__(
        self, target: tuple[str, int], seconds: float, how: Literal["reset", "close"]
    ) -> None:
        super().__init__(target, cut_how=how)
        self._seconds = seconds

    def setting_out(self, end: End, data: bytes) -> None:
        if data.startswith(b"GET ") and end.other is not None:
            self.loop.call_later(self._seconds, end.other.cut)


def accepts(proxy: TcpProxy, count: int) -> bool:
    return proxy.accepted >= count


def test_a_run_behind_a_proxy_that_cuts_every_connection(
    any_world: World, genuine: FlueServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Idle or not, no read lives longer than 1.2 seconds there (3 in the longest case)."""
    set_limits(monkeypatch, routine_life=1.0)
    modes = ["long-poll", "sse", "auto"]
    cases = [(1.2, mode, 3) for mode in modes]
    if not any_world.is_async:
        cases += [(3.0, mode, 2) for mode in modes]
    proxies = [
        CutsReads(("127.0.0.1", genuine.port), seconds, how).start()
        for how in ("reset", "close")
        for seconds, _, _ in cases
    ]
    before = {run["runId"] for run in genuine.runs("gate")}
    keys = [f"cut-{any_world.name}-{number}" for number in range(len(proxies))]

    def run(proxy: TcpProxy, live: str, key: str) -> Any:
        return any_world.client(proxy.url).workflows.run("gate", input={"key": key}, live=live)

    calls = [
        InThread(partial(run, proxy, live, key))
        for proxy, (_, live, _), key in zip(proxies, cases * 2, keys, strict=True)
    ]
    try:
        for proxy, (_, _, connections), key in zip(proxies, cases * 2, keys, strict=True):
            assert proxy.wait_until(partial(accepts, proxy, connections), 30)
            genuine.release(key, result=key)
        assert [call.join(30).result for call in calls] == keys
        after = {run["runId"] for run in genuine.runs("gate")}
        assert len(after - before) == len(keys)
    finally:
        for proxy in proxies:
            proxy.stop()


def test_a_stream_that_ends_without_a_run_end_asks_the_record(
    any_world: World, serve: Serve
) -> None:
    replay = Replay([log_event(0)])
    server = serve(replay)
    client = any_world.client(server.url)
    replay.record = {"status": "completed", "result": {"a": [1]}}
    assert client.workflows.run("w").result == {"a": [1]}
    replay.record = {"status": "completed"}
    assert client.workflows.run("w").result is None
    replay.record = {"status": "errored", "error": {"name": "E", "message": "m"}}
    with pytest.raises(FlueExecutionError) as caught:
        client.workflows.run("w")
    assert (caught.value.failure, caught.value.error) == ("failed", {"name": "E", "message": "m"})
    assert "meta" in query(server.requests[-1])


def test_a_run_that_ends_without_a_result_is_named_so(
    any_world: World, genuine: FlueServer
) -> None:
    client = any_world.client(genuine.url)
    key = f"silent-{any_world.name}"

    def close(event: Any) -> None:
        if event.type == "log":
            genuine.close_stream(event.run_id)

    with pytest.raises(FlueExecutionError) as caught:
        client.workflows.run("gate", input={"key": key}, on_event=close)
    error = caught.value
    assert (error.target, error.failure, error.error) == (
        "workflow",
        "terminal_event_missing",
        None,
    )
    assert client.runs.get(error.target_id).status == "active"
    genuine.release(key)


def test_a_recovered_run_has_failed(any_world: World, genuine: FlueServer) -> None:
    client = any_world.client(genuine.url)
    seen: list[str] = []
    key = f"recovered-{any_world.name}"

    def recover(event: Any) -> None:
        seen.append(event.type)
        if event.type == "log":
            genuine.recover(event.run_id)

    with pytest.raises(FlueExecutionError) as caught:
        client.workflows.run("gate", input={"key": key}, on_event=recover)
    assert caught.value.failure == "failed"
    assert seen == ["run_start", "log", "run_resume", "run_end"]
    genuine.release(key)


def test_a_run_that_cannot_be_read_says_why(any_world: World, genuine: FlueServer) -> None:
    with pytest.raises(RunNotReadableError) as caught:
        any_world.client(genuine.url).workflows.run("hidden")
    assert caught.value.status == 404
    assert caught.value.type == "run_not_found"
    assert caught.value.run_id is not None


def test_what_on_event_raises_ends_the_call(any_world: World, serve: Serve) -> None:
    server = serve(Replay([log_event(0)], closed=False))
    client = any_world.client(server.url)

    def broken(event: Any) -> None:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        client.workflows.run("w", on_event=broken, live="sse")
    assert [request.method for request in server.requests].count("POST") == 1
    assert server.wait_idle()


def test_an_async_on_event_is_awaited_by_the_async_client(any_world: World, serve: Serve) -> None:
    client = any_world.client(serve(Replay([log_event(0), run_end(1)])).url)
    seen: list[Any] = []

    async def on_event(event: Any) -> None:
        seen.append(event.type)

    if any_world.is_async:
        client.workflows.run("w", on_event=on_event)
        assert seen == ["log", "run_end"]
    else:
        with pytest.raises(TypeError):
            client.workflows.run("w", on_event=on_event)


def test_an_answer_that_is_no_run_id_is_not_followed(any_world: World, serve: Serve) -> None:
    server = serve(lambda request, connection: connection.json(200, {"result": 1}))
    with pytest.raises(FlueApiError) as caught:
        any_world.client(server.url).workflows.run("w")
    assert caught.value.status == 200
    assert len(server.requests) == 1


def test_waiting_for_a_run_started_elsewhere(any_world: World, genuine: FlueServer) -> None:
    client = any_world.client(genuine.url)
    run = client.workflows.invoke("slow", input={"ms": 100}).run_id
    assert client.runs.wait(run).result == {"slept": 100}
    assert client.runs.wait(run, live="sse").run_id == run
    with pytest.raises(FlueApiError) as caught:
        client.runs.wait("run_00000000000000000000000000")
    assert caught.value.status == 404


def test_the_result_comes_from_the_run_s_end_and_not_from_lookalikes(
    any_world: World, serve: Serve
) -> None:
    """A log whose attributes look like an end is a log; only the last event can end the run."""
    fake = log_event(0, attributes={"type": "run_end", "result": "fake"})
    server = serve(Replay([fake, run_end(1, result="true")]))
    assert any_world.client(server.url).workflows.run("w").result == "true"
    assert RUN in server.requests[-1].target
