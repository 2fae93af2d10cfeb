"""Ways to run a `LocalFlue`, and what it tells a test about what happened."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from typing import Any

import anyio
import httpx
import pytest
import trio

from flue_client_ext.testing import LocalFlue, RunContext, VirtualClock, demo_server
from tests.local.support import ended, gates, with_workflows


def in_a_new_interpreter(script: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_it_stops_and_leaves_nothing() -> None:
    before = set(threading.enumerate())
    server = with_workflows(LocalFlue())
    with server.run() as url:
        assert httpx.get(f"{url}/x").status_code == 404
    left = [thread for thread in set(threading.enumerate()) - before if thread.name != "flue-clock"]
    assert left == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_a_process_exits_cleanly_in_the_middle_of_a_run() -> None:
    script = (
        "import threading\n"
        "from urllib.request import Request, urlopen\n"
        "from flue_client_ext.testing import LocalFlue\n"
        "server, writing = LocalFlue(), threading.Event()\n"
        "@server.workflow\n"
        "def chatter(run):\n"
        "    while True:\n"
        "        run.log('x' * 2000)\n"
        "        writing.set()\n"
        "with server.run() as url:\n"
        "    urlopen(Request(url + '/workflows/chatter', method='POST'))\n"
        "    writing.wait()\n"
    )
    for _ in range(5):
        ran = in_a_new_interpreter(script)
        assert (ran.returncode, ran.stderr) == (0, "")


def test_importing_client_or_kit_loads_no_server_and_no_dependency() -> None:
    script = (
        "import sys, flue_client_ext\n"
        "assert 'flue_client_ext.testing' not in sys.modules\n"
        "import flue_client_ext.testing._pytest\n"
        "heavy = {'h11', 'anyio', 'httpx', 'jsonschema', 'sqlite3', 'asyncio.events'}\n"
        "print(sorted(heavy & set(sys.modules) - {'asyncio.events'}))"
    )
    ran = in_a_new_interpreter(script)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "[]"


def test_one_server_listens_once_at_a_time_and_again_on_the_same_port() -> None:
    server = LocalFlue()
    with pytest.raises(RuntimeError, match="does not listen"):
        _ = server.url
    with server.run() as url:
        port = server.listener().port
        with pytest.raises(RuntimeError, match="listens already"), server.run():
            pass
    with server.run(port=port) as again:
        assert again == url
        assert httpx.get(url).status_code == 404


def test_a_run_goes_on_while_its_server_restarts() -> None:
    server = with_workflows(LocalFlue())
    with server.run() as url:
        run_id = httpx.post(f"{url}/workflows/wait", json="restart").json()["runId"]
        seen = httpx.get(f"{url}/runs/{run_id}?offset=-1&live=long-poll")
        port = server.listener().port
    gates["restart"].set()
    server.wait(run_id)
    with server.run(port=port):
        at = seen.headers["stream-next-offset"]
        rest = httpx.get(f"{url}/runs/{run_id}?offset={at}").json()
    indexes = [event["eventIndex"] for event in seen.json() + rest]
    assert indexes == [0, 1, 2]
    assert rest[-1]["result"] == "released"


def test_live_readers_are_cut_when_it_stops() -> None:
    server = with_workflows(LocalFlue())
    with httpx.Client() as http:
        with server.run() as url:
            run_id = http.post(f"{url}/workflows/wait", json="cut").json()["runId"]
            request = http.build_request("GET", f"{url}/runs/{run_id}?offset=-1&live=sse")
            response = http.send(request, stream=True)
        with pytest.raises(httpx.TransportError):
            response.read()
    gates["cut"].set()


def test_disconnect_cuts_connections_and_goes_on_listening(
    server: LocalFlue, http: httpx.Client
) -> None:
    run_id = http.post("/workflows/wait", json="off").json()["runId"]
    request = http.build_request("GET", f"/runs/{run_id}?offset=-1&live=sse")
    response = http.send(request, stream=True)
    server.disconnect()
    with pytest.raises(httpx.TransportError):
        response.read()
    assert http.get(f"/runs/{run_id}").status_code == 200
    gates["off"].set()


async def in_process(server: LocalFlue, path: str) -> tuple[Any, list[Any]]:
    gates["in process"].clear()
    transport = httpx.ASGITransport(app=server)
    async with httpx.AsyncClient(transport=transport, base_url="http://flue") as http:
        answer = (await http.post(f"{path}/workflows/count?wait=result", json=2)).json()
        sse = await http.get(f"{path}/runs/{answer['runId']}?offset=-1&live=sse")
        assert sse.text.count("event: data") == 1
        waiting = (await http.post(f"{path}/workflows/wait", json="in process")).json()["runId"]
        while len(server.events(waiting)) < 2:
            await anyio.sleep(0)
        held = await http.get(f"{path}/runs/{waiting}?offset=now&live=long-poll")
        assert held.status_code == 204
        gates["in process"].set()
        return answer["result"], (await http.get(f"{path}/runs/{answer['runId']}")).json()


@pytest.mark.parametrize("runner", [asyncio.run, "trio"])
def test_it_is_an_asgi_application_on_asyncio_and_trio(runner: Any) -> None:
    server = with_workflows(LocalFlue(clock=VirtualClock(autojump=0.02)))
    if runner == "trio":
        result, events = trio.run(in_process, server, "")
    else:
        result, events = runner(in_process(server, ""))
    assert (result, len(events)) == ({"counted": 2}, 4)


def test_it_can_be_mounted_and_has_a_prefix_of_its_own() -> None:
    server = with_workflows(LocalFlue(prefix="/flue/"))

    async def mounted(scope: Any, receive: Any, send: Any) -> None:
        await server({**scope, "root_path": "/api"}, receive, send)

    async def ask() -> tuple[Any, Any]:
        transport = httpx.ASGITransport(app=mounted)
        async with httpx.AsyncClient(transport=transport, base_url="http://flue") as http:
            inside = await http.post("/api/flue/workflows/count", json=2)
            return inside.status_code, (await http.get("/api/elsewhere")).json()

    status, outside = asyncio.run(ask())
    assert status == 202
    assert outside["error"]["message"] == "No route matches GET /api/elsewhere."
    with server.run() as url:
        assert url.endswith("/flue")
        assert httpx.post(f"{url}/workflows/count", json=1).status_code == 202


def test_it_runs_under_async_with_and_survives_the_lifespan_protocol() -> None:
    server = with_workflows(LocalFlue())
    said: list[str] = []

    async def main() -> int:
        inbox = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> dict[str, str]:
            return {"type": next(inbox)}

        async def send(message: dict[str, str]) -> None:
            said.append(message["type"])

        await server({"type": "lifespan"}, receive, send)
        async with server.run() as url, httpx.AsyncClient() as http:
            return (await http.get(url)).status_code

    assert asyncio.run(main()) == 404
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_requests_runs_records_and_events_can_be_looked_at(server: LocalFlue) -> None:
    run_id = ended(server, "count", 2)
    failed = ended(server, "boom")
    assert [request.workflow for request in server.requests] == ["count", "boom"]
    assert server.requests[0].body == b"2"
    assert server.requests[0].headers["content-type"] == "application/json"
    assert server.run_ids() == [run_id, failed]
    assert server.record(run_id)["result"] == {"counted": 2}
    assert server.record(failed)["error"] == {"name": "LookupError", "message": "nothing there"}
    assert [event["type"] for event in server.events(run_id)] == [
        "run_start",
        "log",
        "log",
        "run_end",
    ]
    with pytest.raises(KeyError):
        server.record("run_nope")
    gates["looked"].clear()
    waiting = httpx.post(f"{server.url}/workflows/wait", json="looked").json()["runId"]
    with pytest.raises(TimeoutError):
        server.wait(waiting, timeout=0.05)
    gates["looked"].set()


def test_observers_see_each_answer_and_each_event(server: LocalFlue) -> None:
    answers: list[tuple[str, int]] = []
    events: list[str] = []
    server.on_answer.append(lambda request, status: answers.append((request.path, status)))
    server.on_event.append(lambda run_id, event: events.append(event["type"]))
    ended(server, "boom")
    httpx.get(f"{server.url}/runs/x")
    assert answers == [("/workflows/boom", 202), ("/runs/x", 404)]
    assert events == ["run_start", "run_end"]


def test_a_workflow_is_registered_with_and_without_parentheses(server: LocalFlue) -> None:
    @server.workflow
    def bare(run: RunContext) -> int:
        return 1

    @server.workflow()
    def called(run: RunContext) -> int:
        return 2

    @server.workflow("other")
    def named(run: RunContext) -> int:
        return 3

    assert (bare.__name__, called.__name__, named.__name__) == ("bare", "called", "named")
    results = [server.record(ended(server, name))["result"] for name in ("bare", "called", "other")]
    assert results == [1, 2, 3]


def test_the_exception_of_a_workflow_is_logged_with_its_traceback(
    server: LocalFlue, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = ended(server, "boom")
    [logged] = caplog.records
    assert (logged.name, logged.levelname) == ("flue_client.testing", "WARNING")
    assert logged.getMessage() == f"workflow boom failed in {run_id}"
    assert logged.exc_info is not None
    assert "nothing there" in str(logged.exc_info[1])


def test_a_run_may_emit_anything_and_its_own_version_stays(server: LocalFlue) -> None:
    @server.workflow("odd")
    def odd(run: RunContext) -> None:
        run.emit({"type": "future", "v": 4, "list": (1, 2.0, float("nan"))})
        run.skip()
        run.log("after a gap")

    _, future, log, _ = server.events(ended(server, "odd"))
    assert (future["v"], future["list"]) == (4, [1, 2, None])
    assert (future["eventIndex"], log["eventIndex"]) == (1, 3)
    assert "attributes" not in log


def test_a_result_that_is_not_json_fails_the_run_as_flue_does(server: LocalFlue) -> None:
    @server.workflow("unjson")
    def unjson(run: RunContext) -> Any:
        return {1, 2}

    answer = httpx.post(f"{server.url}/workflows/unjson?wait=result")
    assert answer.json()["error"]["type"] == "action_output_serialization"


def max_of_three(a: Any, b: Any, c: Any) -> Any:
    return max(a, b, c)


def only_run(run: RunContext) -> None: ...


def test_a_workflow_is_refused_when_its_signature_cannot_work() -> None:
    server = LocalFlue()
    with pytest.raises(TypeError, match="3 parameters"):
        server.workflow("max")(max_of_three)  # type: ignore[type-var]
    with pytest.raises(TypeError, match="input_schema"):
        server.workflow("one", input_schema={})(only_run)


def test_a_refused_request_with_a_token_says_what_is_wanted() -> None:
    with demo_server(token="s3cret").run() as url:
        refused = httpx.post(f"{url}/workflows/countdown", json={})
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        headers = {"Authorization": "Bearer s3cret"}
        assert httpx.post(f"{url}/workflows/countdown", headers=headers).status_code == 202


def test_a_hundred_readers_of_one_run_all_see_all_of_it(server: LocalFlue) -> None:
    run_id = httpx.post(f"{server.url}/workflows/wait", json="crowd").json()["runId"]

    async def follow(http: httpx.AsyncClient) -> int:
        answer = await http.get(f"/runs/{run_id}?offset=-1&live=sse")
        return answer.text.count('"timestamp"')

    async def main() -> list[int]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=server.url, limits=limits, timeout=20) as http:
            tasks = [asyncio.create_task(follow(http)) for _ in range(100)]
            while len(server.requests) < 101:
                await asyncio.sleep(0.01)
            gates["crowd"].set()
            return await asyncio.gather(*tasks)

    assert asyncio.run(main()) == [3] * 100


def test_a_reader_that_reads_nothing_does_not_hold_up_the_others(server: LocalFlue) -> None:
    run_id = ended(server, "count", 5000)
    with socket.create_connection(("127.0.0.1", server.listener().port)) as lazy:
        lazy.sendall(f"GET /runs/{run_id}?offset=-1&live=sse HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        body = httpx.get(f"{server.url}/runs/{run_id}?offset=-1&live=sse").text
    assert body.count('"timestamp"') == 5002


def test_a_peer_that_hangs_up_during_a_live_read_is_forgotten(server: LocalFlue) -> None:
    run_id = httpx.post(f"{server.url}/workflows/wait", json="left").json()["runId"]
    with socket.create_connection(("127.0.0.1", server.listener().port)) as sock:
        sock.sendall(f"GET /runs/{run_id}?offset=-1&live=sse HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert sock.recv(100).startswith(b"HTTP/1.1 200 OK")
        assert server.runs.followers(run_id) == 1
    deadline = time.monotonic() + 10
    while server.runs.followers(run_id):
        assert time.monotonic() < deadline
    gates["left"].set()


def test_a_runs_record_is_final_when_its_last_event_is_there() -> None:
    server = with_workflows(LocalFlue())
    seen: list[str] = []

    def look(run_id: str, event: dict[str, Any]) -> None:
        if event["type"] == "run_end":
            seen.append(server.record(run_id)["status"])

    server.on_event.append(look)
    with server.run():
        ended(server, "count", 1)
    assert seen == ["completed"]
