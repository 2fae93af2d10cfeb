"""What happens in a conversation with each scripted agent of `tests/flue2_app`.

A scenario sends its messages, and yields each admission. Before it is resumed the first time, the
conversation exists, and is observed from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import attrs

from flue_client_ext import Admission, Attachment, Conversation
from tests.servers.flue2 import Flue2Server

Steps = Iterator[Admission]
PIXEL = Attachment(b"\x89PNG\r\n\x1a\n" + bytes(200), "image/png", "pixel.png")


@attrs.frozen
class Scenario:
    """`outcomes` are those of its submissions, in the order in which they were sent."""

    agent: str
    play: Callable[[Conversation, Flue2Server], Steps]
    outcomes: tuple[str, ...] = ("completed",)


def says(*texts: str, **options: Any) -> Callable[[Conversation, Flue2Server], Steps]:
    """Send these texts, one after another."""

    def play(talk: Conversation, server: Flue2Server) -> Steps:
        for text in texts:
            yield talk.send(text, **options)

    return play


def signals(talk: Conversation, server: Flue2Server) -> Steps:
    yield talk.send_signal("order.paid", "7", attributes={"id": "7"}, tag_name="order")


def retries(talk: Conversation, server: Flue2Server) -> Steps:
    yield talk.send(uuid4().hex)


def streams(talk: Conversation, server: Flue2Server) -> Steps:
    key = uuid4().hex
    admission = talk.send(key)
    server.say(key, "one ")
    yield admission
    server.say(key, "two ", "three ")
    server.end(key, "four")


def joins(talk: Conversation, server: Flue2Server) -> Steps:
    host, guest, later = uuid4().hex, uuid4().hex, uuid4().hex
    first = talk.send(host)
    server.say(host, "one ")
    yield first
    second = talk.send(guest)
    yield second
    server.end(host, "two ")
    server.end(guest, "three")
    talk.wait(second)
    talk.wait(first)
    yield talk.send(later)
    server.end(later, "a reply of its own")


def fails_together(talk: Conversation, server: Flue2Server) -> Steps:
    key = uuid4().hex
    first = talk.send(key)
    server.say(key, "one ")
    yield first
    yield talk.send("never said")
    server.fail(key, "The model refuses.")


def takes_back_and_joins(talk: Conversation, server: Flue2Server) -> Steps:
    host, guest = uuid4().hex, uuid4().hex
    first = talk.send(host)
    server.say(host, "one ")
    yield first
    yield talk.send(guest)
    server.fail(host, "overloaded")
    server.end(guest, "two")


def aborts(talk: Conversation, server: Flue2Server) -> Steps:
    key, later = uuid4().hex, uuid4().hex
    running = talk.send(key)
    server.say(key, "one ")
    yield running
    yield talk.send("never said")
    talk.abort()
    yield talk.send(later)
    server.end(later, "two")


TWICE = ("completed",) * 2
SCENARIOS = {
    "answers": Scenario("echo", says("hello é世界🎉\u2028", "again"), TWICE),
    "an image": Scenario("echo", says("look", attachments=[PIXEL])),
    "a signal": Scenario("echo", signals),
    "a tool": Scenario("tools", says("7/2")),
    "a tool that throws": Scenario("tools", says("7/0")),
    "data parts": Scenario("data", says("3", "120"), TWICE),
    "reasoning": Scenario("reasons", says("why")),
    "compaction": Scenario("forgets", says("first", "second"), TWICE),
    "a failure": Scenario("fails", says("hello"), ("failed",)),
    "a broken agent": Scenario("fails", says("start"), ("failed",)),
    "initial data": Scenario("greets", says("hi", initial_data={"name": "Ada"})),
    "a token": Scenario("private", says("hello")),
    "a retried model": Scenario("retries", retries),
    "a slow answer": Scenario("slow", streams),
    "a joined message": Scenario("slow", joins, ("completed",) * 3),
    "a joined message that fails": Scenario("slow", fails_together, ("failed",) * 2),
    "a joined message that is retried": Scenario("slow", takes_back_and_joins, TWICE),
    "an abort": Scenario("slow", aborts, ("aborted", "aborted", "completed")),
}
