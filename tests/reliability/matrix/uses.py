"""What a user writes: one function a call."""

from __future__ import annotations

from typing import Any, Protocol

from flue_client_ext import BackoffOptions, TextDelta

from ..options import Broken
from .many import MANY, Outcomes, input_of, message_of

AGENT, ID, REPLY = "support", "t1", "echo hello"


class Observer(Protocol):
    """Notes what a call brings; says with which options it is made, and when it is read no more."""

    agent: str
    run_id: str
    options: BackoffOptions
    items: list[Any]

    reply: str
    """What the agent answers to `hello`."""
    concurrency: int
    outcomes: Outcomes
    """Of a call for many."""

    def take(self, item: Any) -> None:
        """Note what has come; the first part of it may let the rest happen."""

    def is_complete(self) -> bool:
        """Whether all has come that a stream without end is read for."""
        ...


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


def wait(client: Any, stage: Observer, live: Any) -> None:
    done = client.runs.wait(stage.run_id, live=live, backoff_options=stage.options)
    stage.items.append(done.result)


def _many(stage: Observer, live: Any) -> dict[str, Any]:
    options = {"concurrency": stage.concurrency, "backoff_options": stage.options}
    return {"return_errors": True, "live": live, **options}


def map_runs(client: Any, stage: Observer, live: Any) -> None:
    inputs = [input_of(index) for index in range(MANY)]
    found = client.workflows.map("each", inputs, **_many(stage, live))
    for outcome in found:
        stage.outcomes.take(outcome.index, outcome.result, outcome.error)


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


def ask_stream(client: Any, stage: Observer, live: Any) -> None:
    conversation = client.agents.conversation(stage.agent, ID)
    with conversation.ask_stream("hello", live=live, backoff_options=stage.options) as stream:
        for change in stream:
            if not isinstance(change, TextDelta):
                raise Broken(f"nothing but text was said: {change}")
            stage.take(change.text)
        if stream.reply.text != stage.reply:
            raise Broken(f"another reply: {stream.reply.text}")


def map_agents(client: Any, stage: Observer, live: Any) -> None:
    messages = [message_of(index) for index in range(MANY)]
    found = client.agents.map(stage.agent, messages, **_many(stage, live))
    for outcome in found:
        text = outcome.reply.text if outcome.ok else None
        stage.outcomes.take(outcome.index, text, outcome.error)


def updates(client: Any, stage: Observer, live: Any) -> None:
    conversation = client.agents.conversation(stage.agent, ID)
    with conversation.updates(live=live, backoff_options=stage.options) as stream:
        for update in stream:
            stage.take(update.to_dict())
            if stage.is_complete():
                break


def observe(client: Any, stage: Observer, live: Any) -> None:
    conversation = client.agents.conversation(stage.agent, ID)
    with conversation.observe(live=live, backoff_options=stage.options) as stream:
        for state in stream:
            stage.take(state)
            if stage.is_complete():
                break
