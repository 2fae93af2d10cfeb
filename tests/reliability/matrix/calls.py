"""The calls of the matrix, and which of their requests a fault strikes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import attrs

from tests.servers.raw import Request

from . import uses
from .many import MANY
from .uses import Observer

Wants = Literal["start", "events", "send", "updates", "history"]
POSTS = ("start", "send")


@attrs.frozen
class Call:
    """A column of the table in one mode; `wants` is what the struck requests are for."""

    column: str
    use: Callable[[Any, Observer, Any], None]
    wants: Wants
    mode: str = ""
    midway_request: int = 0
    """The request at which something happens midway, if the call shows nothing before its end."""

    @property
    def name(self) -> str:
        return f"{self.column}, {self.mode}" if self.mode else self.column

    @property
    def is_post(self) -> bool:
        return self.wants in POSTS

    @property
    def shows_items(self) -> bool:
        """Whether it shows what it reads before its end."""
        return self.wants in ("events", "updates") and self.column != "events"

    @property
    def is_of_many(self) -> bool:
        return ".map" in self.column

    @property
    def posts(self) -> int:
        """How many POSTs it makes before it reads."""
        if self.is_of_many:
            return MANY
        return int(self.column.startswith(("run:", "ask")))

    @property
    def is_of_run(self) -> bool:
        return self.wants in ("start", "events")

    @property
    def is_live(self) -> bool:
        """Whether it waits for what has not happened yet."""
        return self.mode not in ("", "catch-up")

    def perform(self, client: Any, stage: Observer) -> None:
        live = {"": "long-poll", "catch-up": False}.get(self.mode, self.mode)
        self.use(client, stage, live)

    def targets(self, request: Request) -> bool:
        return self.targets_one(request.method, request.target)

    def targets_one(self, method: str, target: str) -> bool:
        """Whether the fault is about this request."""
        if method == "POST" or self.is_post:
            return method == "POST" and self.is_post
        if self.wants == "events":
            return "?meta" not in target
        return ("view=updates" in target) == (self.wants == "updates")


LIVE = ("long-poll", "sse", "auto")
ALL = ("catch-up", *LIVE)
CALLS = (
    Call("events", uses.events, "events", midway_request=1),
    *(Call("stream", uses.stream, "events", mode) for mode in ALL),
    Call("run: its POST", uses.run, "start"),
    *(Call("run: its stream", uses.run, "events", mode) for mode in LIVE),
    *(Call("wait", uses.wait, "events", mode) for mode in LIVE),
    Call("workflows.map: its POSTs", uses.map_runs, "start"),
    *(Call("workflows.map: its streams", uses.map_runs, "events", mode) for mode in LIVE),
    Call("send", uses.send, "send"),
    Call("send without a key", uses.send_without_key, "send"),
    *(Call("ask: its stream", uses.ask, "updates", mode) for mode in LIVE),
    Call("ask: the history", uses.ask, "history"),
    *(Call("ask_stream", uses.ask_stream, "updates", mode) for mode in LIVE),
    Call("agents.map: its sends", uses.map_agents, "send"),
    *(Call("agents.map: its streams", uses.map_agents, "updates", mode) for mode in LIVE),
    *(Call("updates", uses.updates, "updates", mode) for mode in ALL),
    *(Call("observe: its stream", uses.observe, "updates", mode) for mode in ALL),
    Call("observe: the history", uses.observe, "history"),
)
RUNS = tuple(dict.fromkeys(call.column for call in CALLS if call.is_of_run))
CONVERSATIONS = tuple(dict.fromkeys(call.column for call in CALLS if not call.is_of_run))
