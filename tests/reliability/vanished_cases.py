"""What can vanish, and when: the cases of the experiment `vanished`, each in all worlds at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple, TypedDict
from uuid import uuid4

from flue_client_ext._values.limits import LIMITS
from flue_client_ext.testing import ConversationContext, LocalFlue, Message, RunContext
from tests.servers.raw import Connection, RawServer, Request
from tests.servers.wire import HERE, PEER, Wire
from tests.streams.reading import InThread
from tests.unary.forward_proxy import ForwardProxy
from tests.unary.support import RECORD
from tests.worlds import World

MARGIN = 10.0
"""Seconds beyond the documented time: the kernel's timers are coarse, and the machine is busy."""
KEPT = {"keep-alive": "timeout=60"}


class Row(TypedDict):
    case: str
    world: str
    outcome: str
    seconds: float
    limit: float
    """The documented seconds, 0 where nothing is to be noticed."""
    ok: bool


class Scene(NamedTuple):
    wire: Wire
    worlds: Sequence[World]
    stack: ExitStack
    quick: bool
    proxy: ForwardProxy


def waits(scene: Scene, case: str, *, tls: bool, proxied: bool = False) -> Iterator[Row]:
    """The peer has the request, and vanishes while it is silent."""
    host = "127.0.0.1" if proxied else HERE
    server = scene.stack.enter_context(RawServer(_hold, tls=tls, address=(host, 0)))
    target = server.url if proxied else server.url.replace(HERE, PEER)
    clients = [_client(each, target, server if tls else None) for each in scene.worlds]
    calls = [InThread(_waiting(client)) for client in clients]
    assert server.wait_requests(len(calls), 30)
    scene.wire.vanish(scene.proxy.port if proxied else server.port)
    yield from _noticed(case, scene, calls, LIMITS.dead_peer)


def unsent(scene: Scene, case: str, *, tls: bool) -> Iterator[Row]:
    """The peer vanishes while a connection is idle; the next request never arrives."""
    server = scene.stack.enter_context(RawServer(_hold, tls=tls, address=(HERE, 0)))
    target = server.url.replace(HERE, PEER)
    clients = [_client(each, target, server if tls else None) for each in scene.worlds]
    for client in clients:
        client.runs.get("run_1")
    scene.wire.vanish(server.port)
    calls = [InThread(_waiting(client)) for client in clients]
    yield from _noticed(case, scene, calls, LIMITS.dead_peer)
    assert [request.method for request in server.requests] == ["GET"] * len(clients)


def forgotten(scene: Scene, case: str, *, tls: bool) -> Iterator[Row]:
    """A NAT forgets what is idle for a minute; the result comes after more than ten."""
    silence, memory = (4.5, 2.0) if scene.quick else (630.0, 60.0)
    over = threading.Event()

    def answer(_: Request, connection: Connection) -> None:
        over.wait(silence + 60)
        connection.json(200, {"runId": "run_1", "result": "late"})

    server = scene.stack.enter_context(RawServer(answer, tls=tls, address=(HERE, 0)))
    scene.wire.forgets_after[server.port] = memory
    target = server.url.replace(HERE, PEER)
    clients = [_client(each, target, server if tls else None) for each in scene.worlds]
    began = time.monotonic()
    calls = [InThread(_waiting(client)) for client in clients]
    assert server.wait_requests(len(calls), 30)
    time.sleep(silence)
    over.set()
    for each, call in zip(scene.worlds, calls, strict=True):
        outcome = _outcome(call, 30)
        ok = outcome == "'late'" and len(server.requests) == len(calls)
        yield Row(case=case, world=each.name, outcome=outcome, seconds=call.ended_at - began,
                  limit=0, ok=ok)  # fmt: skip


def resumes(scene: Scene, case: str, *, live: str, agent: bool) -> Iterator[Row]:
    """The peer of a stream vanishes; the stream goes on over another connection."""
    server, over = LocalFlue(), threading.Event()

    @server.workflow("waits")
    def waits(run: RunContext) -> str:
        run.log("begun")
        run.flush()
        over.wait(600)
        return "late"

    @server.agent("waits")
    def answers(message: Message, conversation: ConversationContext) -> None:
        conversation.reply(_words(over))

    server.start(HERE, 0)
    scene.stack.callback(server.close)
    port = server.listener().port
    clients = [_client(each, f"http://{PEER}:{port}") for each in scene.worlds]
    streams = [_stream(client, live, agent) for client in clients]
    for stream in streams:
        next(stream)
    calls = [InThread(_rest(stream)) for stream in streams]
    scene.wire.wait_quiet(port, 0.5)  # each reads on, over what will vanish
    scene.wire.vanish(port)
    over.set()
    for row in _noticed(case, scene, calls, LIMITS.read):
        row["ok"] = row["ok"] and row["outcome"] == ("'begun late'" if agent else "'run_end'")
        yield row


CASES: dict[str, Callable[[Scene, str], Iterator[Row]]] = {
    '`wait="result"`, in silence': lambda *args: waits(*args, tls=False),
    '`wait="result"`, in silence, TLS': lambda *args: waits(*args, tls=True),
    '`wait="result"`, in silence, the proxy of a tunnel': (
        lambda *args: waits(*args, tls=True, proxied=True)
    ),
    '`wait="result"`, before the request arrives': lambda *args: unsent(*args, tls=False),
    '`wait="result"`, before the request arrives, TLS': lambda *args: unsent(*args, tls=True),
    "a run, long-poll": lambda *args: resumes(*args, live="long-poll", agent=False),
    "a run, SSE": lambda *args: resumes(*args, live="sse", agent=False),
    "a reply, long-poll": lambda *args: resumes(*args, live="long-poll", agent=True),
    "a reply, SSE": lambda *args: resumes(*args, live="sse", agent=True),
    '`wait="result"`, a NAT that forgets': lambda *args: forgotten(*args, tls=False),
    '`wait="result"`, a NAT that forgets, TLS': lambda *args: forgotten(*args, tls=True),
}


def _hold(request: Request, connection: Connection) -> None:
    if request.method == "GET":
        connection.json(200, RECORD, KEPT)
    else:
        connection.wait_closed(600)


def _words(over: threading.Event) -> Iterator[str]:
    yield "begun "
    over.wait(600)
    yield "late"


def _client(world: World, url: str, server: RawServer | None = None) -> Any:
    context = None
    if server is not None:
        context = server.client_context()
        context.check_hostname = False  # the certificate does not know the wire's addresses
    return world.client(url, token=None, ssl_context=context)


def _waiting(client: Any) -> Callable[[], Any]:
    return lambda: client.workflows.invoke("w", wait="result").result


def _stream(client: Any, live: str, agent: bool) -> Any:
    if agent:
        return client.agents.conversation("waits", uuid4().hex).ask_stream("go", live=live)
    return client.runs.stream(client.workflows.invoke("waits").run_id, live=live)


def _rest(stream: Any) -> Callable[[], Any]:
    def read() -> Any:
        last = list(stream)[-1]
        return getattr(stream, "text", None) or last.type

    return read


def _noticed(case: str, scene: Scene, calls: Sequence[InThread], limit: float) -> Iterator[Row]:
    began = time.monotonic()
    for each, call in zip(scene.worlds, calls, strict=True):
        outcome = _outcome(call, began + limit + MARGIN - time.monotonic())
        seconds = (call.ended_at or time.monotonic()) - began
        ok = outcome in ("InvokeOutcomeUnknownError", "'run_end'", "'begun late'")
        yield Row(case=case, world=each.name, outcome=outcome, seconds=seconds, limit=limit,
                  ok=ok and seconds < limit + MARGIN)  # fmt: skip


def _outcome(call: InThread, timeout: float) -> str:
    try:
        return repr(call.join(max(timeout, 0.1)))
    except AssertionError:
        return "nothing"
    except Exception as error:
        return type(error).__name__
