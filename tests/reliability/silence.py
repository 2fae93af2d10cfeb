"""A run and a conversation that are silent for more than ten minutes end with their results.

Between client and server stands a proxy that resets what is idle for a minute, or ends each
connection after one. All cases run in all worlds at once, with hardly any work.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

from flue_client_ext._values.limits import LIMITS
from tests.contract.peers import LocalPeer
from tests.servers.flue import FlueServer
from tests.servers.flue2 import Flue2Server
from tests.servers.impatient import ImpatientProxy
from tests.servers.local_agents import LocalAgents
from tests.servers.proxy import TcpProxy
from tests.streams.reading import InThread
from tests.worlds import NAMES, World, world

from .options import Broken, Options

SILENCE, PATIENCE = 630.0, 60.0
QUICK = (2.5, 0.6)
QUICK_LIMITS = {"read": 1.0, "start": 1.0, "routine_life": 0.2}
MUTE: dict[str, Any] = {"hold": 3600.0, "heartbeat": 3600.0}
"""A server that holds a long-poll for an hour, and whose event streams have no heartbeats."""


class Case(NamedTuple):
    what: str
    server: str
    live: Any
    ends: bool
    """Whether the proxy ends each connection after a minute; else it resets idle ones."""


class Seen(NamedTuple):
    case: Case
    connections: int
    killed: int
    outcomes: list[str]
    ok: bool


RUN_LIVE, REPLY_LIVE = ("long-poll", "sse"), ("long-poll", "auto")
CASES = [
    *(Case("run", "beta.5", live, ends) for live in RUN_LIVE for ends in (False, True)),
    *(Case("reply", "2.1.0", live, ends) for live in REPLY_LIVE for ends in (False, True)),
    *(Case("run", "mute", live, False) for live in RUN_LIVE),
    *(Case("reply", "mute", live, False) for live in REPLY_LIVE),
]  # fmt: skip


class Servers(NamedTuple):
    """By what they are asked for: `runs` has the run `gate`, `agents` the agent `slow`."""

    runs: dict[str, Any]
    agents: dict[str, Any]


def experiment(options: Options) -> str:
    with ExitStack() as stack:
        flue, flue2 = stack.enter_context(FlueServer()), stack.enter_context(Flue2Server())
        seen = measure(options, flue, flue2)
    wrong = [each for each in seen if not each.ok]
    if wrong:
        raise Broken(wrong)
    silence, patience = QUICK if options.quick else (SILENCE, PATIENCE)
    lines = [
        f"{silence:.0f} s of silence, in {', '.join(NAMES)} at once; the proxy's limit is "
        f"{patience:g} s.",
        "",
        "| what | server | read by | the proxy | connections | of them reset as idle | ended |",
        "|---|---|---|---|---|---|---|",
    ]
    for case, connections, killed, outcomes, _ in seen:
        proxy = "ends every connection" if case.ends else "resets idle connections"
        lines.append(
            f"| {case.what} | {case.server} | {case.live} | {proxy} | {connections} | {killed} |"
            f" {len(outcomes)} of {len(NAMES)} with the result |"
        )
    return "\n".join(lines)


def measure(options: Options, flue: FlueServer, flue2: Flue2Server) -> list[Seen]:
    """Let all cases be silent at the same time, then end them; say how they ended."""
    silence, patience = QUICK if options.quick else (SILENCE, PATIENCE)
    with ExitStack() as stack:
        servers = Servers(
            {"beta.5": flue, "mute": stack.enter_context(LocalPeer(**MUTE))},
            {"2.1.0": flue2, "mute": stack.enter_context(LocalAgents(**MUTE))},
        )
        worlds = [stack.enter_context(world(name)) for name in NAMES]
        under_way = [UnderWay(case, servers, worlds, stack) for case in CASES]
        for each in under_way:
            each.wait_begun()
        with _limits(QUICK_LIMITS if options.quick else {}):
            for each in under_way:
                each.set_patience(patience)
            time.sleep(silence)
            for each in under_way:
                each.set_patience(math.inf)
        return [each.end() for each in under_way]


class UnderWay:
    """One case in all worlds."""

    def __init__(
        self, case: Case, servers: Servers, worlds: Sequence[World], stack: ExitStack
    ) -> None:
        self._case = case
        self._server = (servers.runs if case.what == "run" else servers.agents)[case.server]
        parts = urlsplit(self._server.url)
        target = (parts.hostname or "", parts.port or 0)
        proxy = TcpProxy(target, cut_how="close") if case.ends else ImpatientProxy(target)
        self._proxy = stack.enter_context(proxy)
        self._keys = [uuid4().hex for _ in worlds]
        self._begun = [threading.Event() for _ in worlds]
        self._calls = []
        for each, key, begun in zip(worlds, self._keys, self._begun, strict=True):
            client = each.client(proxy.url, token=None)
            self._calls.append(InThread(_call(client, case, key, begun)))

    def wait_begun(self) -> None:
        """Wait until each has heard of the run or the message, after which there is silence."""
        assert all(begun.wait(30.0) for begun in self._begun), self._case

    def set_patience(self, seconds: float) -> None:
        if isinstance(self._proxy, ImpatientProxy):
            self._proxy.set_patience(seconds)
        else:
            self._proxy.cut_seconds = None if seconds == math.inf else seconds
            self._proxy.cut_all()

    def end(self) -> Seen:
        outcomes = []
        for key, call in zip(self._keys, self._calls, strict=True):
            early = call.ended_at != 0
            if self._case.what == "run" and not early:
                self._server.release(key, result=f"late {key}")
            elif not early:
                self._server.end(key, "late ", key)
            outcomes.append("early: " * early + _outcome(call))
        killed = getattr(self._proxy, "killed", 0)
        ok = outcomes == [f"late {key}" for key in self._keys]
        return Seen(self._case, self._proxy.accepted, killed, outcomes, ok)


def _call(client: Any, case: Case, key: str, begun: threading.Event) -> Callable[[], str]:
    def run() -> str:
        places: list[int] = []

        def take(event: Any) -> None:
            places.append(event.event_index)
            begun.set()

        done = client.workflows.run("gate", input={"key": key}, live=case.live, on_event=take)
        assert places == sorted(set(places)), places
        return str(done.result)

    def ask() -> str:
        talk = client.agents.conversation("slow", key)
        return str(talk.ask(key, live=case.live, on_update=lambda _: begun.set()).text)

    return run if case.what == "run" else ask


def _outcome(call: InThread) -> str:
    try:
        return str(call.join(90.0))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@contextmanager
def _limits(seconds: dict[str, float]) -> Iterator[None]:
    before = {name: getattr(LIMITS, name) for name in seconds}
    for name, value in seconds.items():
        setattr(LIMITS, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(LIMITS, name, value)
