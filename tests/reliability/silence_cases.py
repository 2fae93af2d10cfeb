"""A call in silence behind a proxy: which ones, how each is made in all worlds, and how it ends."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

from tests.servers.impatient import ImpatientProxy
from tests.servers.proxy import TcpProxy
from tests.streams.reading import InThread
from tests.unary.support import borrowed
from tests.worlds import NAMES, World

PATIENCE = 20.0
"""Seconds within which a client must have connected again once it is time."""
Cuts = Literal["idle", "soon idle", "all"]
"""The connections that the proxy cuts: idle ones after longer than the client itself waits, idle
ones after less than that, or every one after a while."""


class Case(NamedTuple):
    what: str
    server: str
    live: Any
    cuts: Cuts = "idle"
    over_httpx: bool = False


class Seen(NamedTuple):
    case: Case
    connections: int
    killed: int
    outcomes: list[str]
    wrong: str
    """What is not as promised."""


RUN_LIVE, REPLY_LIVE = ("long-poll", "sse"), ("long-poll", "auto")
CASES = [
    *(Case("run", "beta.5", live, cuts) for live in RUN_LIVE for cuts in ("idle", "all")),
    *(Case("reply", "2.1.0", live, cuts) for live in REPLY_LIVE for cuts in ("idle", "all")),
    *(Case("run", "mute", live, cuts) for live in RUN_LIVE for cuts in ("idle", "soon idle")),
    *(Case("reply", "mute", live, cuts) for live in REPLY_LIVE for cuts in ("idle", "soon idle")),
    Case("run", "mute", "sse", over_httpx=True),
    Case("run", "beta.5", "long-poll", "all", over_httpx=True),
    Case("reply", "mute", "auto", "soon idle", over_httpx=True),
]


class Servers(NamedTuple):
    """By what they are asked for: `runs` has the run `gate`, `agents` the agent `slow`."""

    runs: dict[str, Any]
    agents: dict[str, Any]


class UnderWay:
    """One case in all worlds."""

    def __init__(
        self, case: Case, servers: Servers, worlds: Sequence[World], stack: ExitStack
    ) -> None:
        self.case = case
        self._server = (servers.runs if case.what == "run" else servers.agents)[case.server]
        parts = urlsplit(self._server.url)
        target = (parts.hostname or "", parts.port or 0)
        cuts_all = case.cuts == "all"
        proxy = TcpProxy(target, cut_how="close") if cuts_all else ImpatientProxy(target)
        self._proxy = stack.enter_context(proxy)
        self._keys = [uuid4().hex for _ in worlds]
        self._begun = [threading.Event() for _ in worlds]
        self._calls = []
        for each, key, begun in zip(worlds, self._keys, self._begun, strict=True):
            own = {"http_client": stack.enter_context(borrowed(each))} if case.over_httpx else {}
            client = each.client(proxy.url, token=None, **own)
            self._calls.append(InThread(_call(client, case, key, begun)))

    @property
    def killed(self) -> int:
        return getattr(self._proxy, "killed", 0)

    def wait_begun(self) -> None:
        """Wait until each has heard of the run or the message, after which there is silence."""
        assert all(begun.wait(30.0) for begun in self._begun), self.case

    def set_limit(self, seconds: float) -> None:
        """Let the proxy cut what is idle, or open, for so long; `math.inf`: nothing any more."""
        if isinstance(self._proxy, ImpatientProxy):
            self._proxy.set_patience(seconds)
        else:
            self._proxy.cut_seconds = None if seconds == math.inf else seconds
            self._proxy.cut_all()

    def wait_reconnected(self) -> None:
        """Be silent until the clients have connected again, and until the proxy has cut something
        if it is to."""
        cuts = self.case.cuts == "soon idle"
        self._proxy.wait_until(
            lambda: self._proxy.accepted >= 2 * len(NAMES) and self.killed >= cuts, PATIENCE
        )

    def end(self, *, reconnects: bool) -> Seen:
        """Let the run or the reply end. `reconnects`: the clients must have connected again."""
        connections, killed = self._proxy.accepted, self.killed
        outcomes = []
        for key, call in zip(self._keys, self._calls, strict=True):
            early = call.ended_at != 0
            if self.case.what == "run" and not early:
                self._server.release(key, result=f"late {key}")
            elif not early:
                self._server.end(key, "late ", key)
            outcomes.append("early: " * early + _outcome(call))
        wrong = ""
        if outcomes != [f"late {key}" for key in self._keys]:
            wrong = "other results"
        elif reconnects and connections < 2 * len(NAMES):
            wrong = "not every client has connected again"
        elif self.case.cuts == "soon idle" and not killed:
            wrong = "no connection was cut as idle"
        elif self.case.cuts == "idle" and killed and not self.case.over_httpx:
            wrong = "a connection was idle for longer than the client waits"
        return Seen(self.case, connections, killed, outcomes, wrong)


def _call(client: Any, case: Case, key: str, begun: threading.Event) -> Callable[[], str]:
    def run() -> str:
        indexes: list[int] = []

        def take(event: Any) -> None:
            indexes.append(event.event_index)
            begun.set()

        done = client.workflows.run("gate", input={"key": key}, live=case.live, on_event=take)
        assert indexes == sorted(set(indexes)), indexes
        return str(done.result)

    def ask() -> str:
        conversation = client.agents.conversation("slow", key)
        return str(conversation.ask(key, live=case.live, on_update=lambda _: begun.set()).text)

    return run if case.what == "run" else ask


def _outcome(call: InThread) -> str:
    try:
        return str(call.join(90.0))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
