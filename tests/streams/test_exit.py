"""A program ends when its main thread ends, whatever it has left open: at once, and silently."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.node import CHECKOUT
from tests.servers.raw import Connection, RawServer, Request

from .conftest import Serve
from .replay import Replay, log_event, whole_run

LIMIT = 100.0
"""Seconds: a program that hangs does so for ever, and a busy machine starts one slowly."""

PRELUDE = """
import asyncio, atexit, sys, threading
import httpx, trio
from flue_client_ext import AbortController, AsyncFlueClient, FlueClient, durable_streams
url, began = sys.argv[1], threading.Event()
client = FlueClient(url, token=None)
later = AsyncFlueClient(url, token=None)
own = FlueClient(url, token=None, http_client=httpx.Client(trust_env=False))
"""

LEFT_OPEN = {
    "map": """
        outcomes = client.workflows.map("w", range(6), concurrency=2)
        print(next(outcomes).index)
    """,
    "map over httpx": """
        outcomes = own.workflows.map("w", range(6), concurrency=2)
        print(next(outcomes).index)
    """,
    "as_completed in a daemon thread": """
        def work():
            global outcomes
            outcomes = client.runs.as_completed(["done", "open", "open"], concurrency=3)
            print(next(outcomes).ok)
            began.set()
            next(outcomes)
        threading.Thread(target=work, daemon=True).start()
        began.wait()
    """,
    "wait_all in a daemon thread": """
        def told(*counts):
            print(counts)
            began.set()
        def work():
            client.runs.wait_all(["done", "open", "open"], on_progress=told)
        threading.Thread(target=work, daemon=True).start()
        began.wait()
    """,
    "a users' function that waits": """
        first = []
        def token():
            first.append(threading.get_ident())
            if first[0] != threading.get_ident():
                began.wait()
            return "t"
        waiting = client.with_options(token=token)
        outcomes = waiting.workflows.map("w", [0] * 6, concurrency=2, ordered=False)
        print(next(outcomes).ok)
    """,
    "streams": """
        controller, kept = AbortController(), []
        for each in (client, own):
            for live in ("long-poll", "sse", "auto"):
                stream = each.runs.stream("open", live=live, signal=controller.signal, timeout=90)
                items = iter(stream)
                batches = each.runs.stream("open", live=live).batches()
                kept += [stream, items, batches, next(items), next(batches)]
        print(len(kept))
    """,
    "a stream that a daemon thread reads": """
        def work(live):
            for _ in client.runs.stream("open", live=live):
                began.set()
        for live in ("long-poll", "sse"):
            threading.Thread(target=work, args=[live], daemon=True).start()
        began.wait()
        print("begun")
    """,
    "durable streams": """
        stream = durable_streams.stream(url + "/runs/open", live="sse")
        batches = durable_streams.stream(url + "/runs/open").batches()
        print(next(stream)["type"], len(next(batches).items))
    """,
    "iterators of an event loop that has ended": """
        async def main(made):
            for live in ("long-poll", "sse"):
                stream = later.runs.stream("open", live=live)
                made += [stream, aiter(stream), await anext(stream)]
            outcomes = later.runs.as_completed(["done", "open", "open"])
            made += [outcomes, await anext(outcomes)]
            durable = durable_streams.astream(url + "/runs/open", live="sse")
            made += [durable, await anext(durable)]
        on_asyncio, on_trio = [], []
        asyncio.run(main(on_asyncio))
        trio.run(main, on_trio)
        print(len(on_asyncio), len(on_trio))
    """,
    "calls in an exit handler": """
        @atexit.register
        def last():
            print(client.workflows.invoke("w", input=0).run_id)
            print(len(list(client.runs.stream("done", live="sse"))))
            print([outcome.ok for outcome in client.runs.wait_all(["done"] * 3, concurrency=2)])
            global stream, outcomes
            stream = client.runs.stream("open")
            next(stream)
            outcomes = client.workflows.map("w", [0, 0, 1], concurrency=2)
            print(next(outcomes).ok)
    """,
    "an exit in a token function": """
        leaving = client.with_options(token=lambda: sys.exit(0))
        print("leaving")
        for _ in leaving.workflows.map("w", range(6), concurrency=2):
            pass
    """,
    "an exit in a progress callback": """
        print("leaving")
        options = {"on_progress": lambda *_: sys.exit(0)}
        for _ in client.runs.as_completed(["done", "open", "open"], **options):
            pass
    """,
    "an exit in an event callback": """
        print("leaving")
        client.workflows.run("w", input=1, on_event=lambda _: sys.exit(0))
    """,
    "an exit in the loop": """
        for _ in client.runs.stream("open", live="sse"):
            print("leaving")
            sys.exit(0)
    """,
    "an exit in a token function of an event loop": """
        async def main():
            leaving = later.with_options(token=lambda: sys.exit(0))
            print("leaving")
            async for _ in leaving.runs.as_completed(["done", "open", "open"]):
                pass
        asyncio.run(main())
    """,
    "a local server": """
        from flue_client_ext.testing import LocalFlue
        servers, kept = [LocalFlue(), LocalFlue(store="runs.db")], []
        for server in servers:
            @server.workflow
            def slow(run):
                run.log("begun")
                threading.Event().wait()
            @server.workflow
            async def slower(run):
                run.log("begun")
                await asyncio.sleep(90)
            for name in ("slow", "slower"):
                local = FlueClient(server.run().__enter__() if not kept else server.url)
                kept.append(local.runs.stream(local.workflows.invoke(name).run_id, live="sse"))
                next(kept[-1])
            print(len(kept))
            kept = []
    """,
}


def handler() -> Callable[[Request, Connection], None]:
    done, held = Replay(whole_run(3)), Replay([log_event(0)], closed=False)

    def answer(request: Request, connection: Connection) -> None:
        if request.method == "POST":
            connection.json(202, {"runId": "open" if request.json() else "done"})
        else:
            (done if "/done" in request.target else held)(request, connection)

    return answer


@pytest.mark.parametrize("what", LEFT_OPEN)
def test_a_program_that_leaves_something_open_ends(serve: Serve, what: str, tmp_path: Path) -> None:
    server: RawServer = serve(handler())
    script = tmp_path / "script.py"
    script.write_text(PRELUDE + textwrap.dedent(LEFT_OPEN[what]))
    done = subprocess.run(
        [sys.executable, str(script), server.url],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()
    assert server.wait_idle()
