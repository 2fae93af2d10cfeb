"""The calls of the matrix, as a user writes them, and which of their requests a fault strikes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

import attrs

from flue_client_ext import BackoffOptions
from tests.servers.raw import Request

from ..options import Broken


class Observer(Protocol):
    """Notes what a call brings; says with which options it is made, and when it is read no more."""

    agent: str
    run_id: str
    options: BackoffOptions
    items: list[Any]

    reply: str
    """What the agent answers to `hello`."""

    def take(self, item: Any) -> None:
        """Note what has come; the first part of it may let the rest happen."""

    def is_complete(self) -> bool:
        """Whether all has come that a stream without end is read for."""
        ...


AGENT, ID, REPLY = "support", "t1", "echo hello"
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


def events(client: Any, stage: Observer, live: Any) -> None:
    for event in client.runs.events(stage.run_id, backoff_options=stage.options):
        stage.items.append(event.to_dict())


def stream(client: Any, stage: Observer, live: Any) -> None:
    for event in client.runs.stream(stage.run_id, live=live, backoff_options=stage.options):
        stage.take(event.to_dict())


def run(client: Any, stage: Observer, live: Any) -> None:
    result = client.workflows.run(
        "w",
        on_event=lambda event: stage.take(event.to_dict()),
        live=live,
        backoff_options=stage.options,
    )
    if result.result != stage.items[-1]["result"]:
        raise Broken(f"another result: {result.result}")


def send(client: Any, stage: Observer, live: Any) -> None:
    sent = client.agents.send(stage.agent, ID, "hello", backoff_options=stage.options)
    stage.items.append(sent.submission_id)


def send_without_key(client: Any, stage: Observer, live: Any) -> None:
    options: dict[str, Any] = {"backoff_options": stage.options, "idempotency_key": None}
    stage.items.append(client.agents.send(stage.agent, ID, "hello", **options).submission_id)


def ask(client: Any, stage: Observer, live: Any) -> None:
    reply = client.agents.conversation(stage.agent, ID).ask(
        "hello",
        on_update=lambda update: stage.take(update.to_dict()),
        live=live,
        backoff_options=stage.options,
    )
    if reply.text != stage.reply:
        raise Broken(f"another reply: {reply.text}")


def updates(client: Any, stage: Observer, live: Any) -> None:
    talk = client.agents.conversation(stage.agent, ID)
    with talk.updates(live=live, backoff_options=stage.options) as stream:
        for update in stream:
            stage.take(update.to_dict())
            if stage.is_complete():
                break


def observe(client: Any, stage: Observer, live: Any) -> None:
    talk = client.agents.conversation(stage.agent, ID)
    with talk.observe(live=live, backoff_options=stage.options) as stream:
        for state in stream:
            stage.take(state)
            if stage.is_complete():
                break


LIVE = ("long-poll", "sse", "auto")
ALL = ("catch-up", *LIVE)
CALLS = (
    Call("events", events, "events", midway_request=1),
    *(Call("stream", stream, "events", mode) for mode in ALL),
    Call("run: its POST", run, "start"),
    *(Call("run: its stream", run, "events", mode) for mode in LIVE),
    Call("send", send, "send"),
    Call("send without a key", send_without_key, "send"),
    *(Call("ask: its stream", ask, "updates", mode) for mode in LIVE),
    Call("ask: the history", ask, "history"),
    *(Call("updates", updates, "updates", mode) for mode in ALL),
    *(Call("observe: its stream", observe, "updates", mode) for mode in ALL),
    Call("observe: the history", observe, "history"),
)
RUNS = tuple(dict.fromkeys(call.column for call in CALLS if call.is_of_run))
CONVERSATIONS = tuple(dict.fromkeys(call.column for call in CALLS if not call.is_of_run))
