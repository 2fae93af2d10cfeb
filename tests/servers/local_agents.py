"""`LocalFlue` with the agents that a genuine server's test app has, and hands on the `slow` one.

It has the face of such a server: a URL, `say`, `end`, `fail`, a restart in another process. So a
test of what both do can be run against either.
"""

from __future__ import annotations

import queue
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import attrs

from flue_client_ext.testing import (
    ConversationContext,
    LocalFlue,
    Message,
    ModelError,
    ToolCall,
)
from flue_client_ext.testing._model import shown

VISITOR = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
}


@attrs.frozen
class Letter:
    """A command to the `slow` agent, and what is told once it has been carried out."""

    words: tuple[str, ...]
    fail: str | None
    end: bool
    handled: queue.SimpleQueue[None] = attrs.field(factory=queue.SimpleQueue[None])


Boxes = defaultdict[str, queue.SimpleQueue[Letter]]


class LocalAgents:
    """A `LocalFlue` that is killed and started again as a process is."""

    version = "2.1.0"

    def __init__(
        self,
        *,
        mount: str = "",
        token: str | None = None,
        database: Path | None = None,
        **options: Any,
    ) -> None:
        self._options = {"prefix": mount, "token": token, "store": database, **options}
        self._port = 0
        self._spawn()

    def _spawn(self) -> None:
        self.server = LocalFlue(**self._options)
        self._boxes: Boxes = defaultdict(queue.SimpleQueue)
        register(self.server, self._boxes)

    def __enter__(self) -> LocalAgents:
        self.server.start("127.0.0.1", self._port)
        self._port = self.server.listener().port
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return self.server.url

    def stop(self) -> None:
        """End the process; what it is at work on never gets any further."""
        self.server.close()
        for box in self._boxes.values():  # whatever waits for a command ends, unheard
            box.put(Letter((), "gone", False))

    def restart(self, *, crash: bool = False) -> None:
        self.stop()
        self._spawn()
        self.__enter__()

    def recover(self) -> None:
        self.restart(crash=True)

    def say(self, key: str, *words: str) -> None:
        self._send(key, Letter(words, None, False))

    def end(self, key: str, *words: str) -> None:
        self._send(key, Letter(words, None, True))

    def fail(self, key: str, message: str) -> None:
        self._send(key, Letter((), message, False))

    def _send(self, key: str, letter: Letter) -> None:
        self._boxes[key].put(letter)
        letter.handled.get(timeout=30)


def register(server: LocalFlue, boxes: Boxes) -> None:
    """Register the agents; each does what the genuine app's agent of its name does."""
    agent = server.agent
    seen: set[str] = set()

    @agent("echo", path=["agents/echo", "private/chat"])
    def echo(message: Message, conversation: ConversationContext) -> None:
        images = len(message.attachments)
        counted = [f" ({images} images)"] if images else []
        conversation.reply(["You said: ", message.text, *counted])

    @agent("slow")
    def slow(message: Message, conversation: ConversationContext) -> None:
        while True:
            asked = (message, *conversation.joined)[-1].text
            try:
                conversation.reply(words_of(boxes[asked]))
                return
            except ModelError as error:
                if "overloaded" not in str(error):
                    raise
                conversation.reply(retried=True)

    @agent("tools")
    def tools(message: Message, conversation: ConversationContext) -> str:
        a, b = (int(number) for number in (*message.text.split("/"), "1")[:2])
        wrong = b == 0
        result = "b must not be zero" if wrong else {"quotient": a / b}
        call = ToolCall("divide", {"a": a, "b": b}, result, is_error=wrong)
        conversation.reply("Let me calculate.", calls=[call])
        return f"The tool says {shown(call)}."

    @agent("data")
    def data(message: Message, conversation: ConversationContext) -> None:
        steps = int(message.text)
        written = [("progress", {"step": n, "of": steps}) for n in range(1, steps + 1)]
        conversation.metadata({"stage": "started", "work": {"by": "data"}})
        conversation.reply(
            calls=[ToolCall("work", {"steps": steps}, {"steps": steps})],
            data=[*written, ("note", "worked")],
        )
        conversation.reply("Done.")
        conversation.metadata({"stage": "finished", "work": {"calls": 1}})

    @agent("reasons")
    def reasons(message: Message, conversation: ConversationContext) -> None:
        conversation.reply(["I am sure \ud83d", "\ude00."], reasoning=["Let me ", "think."])

    @agent("fails")
    def fails(message: Message, conversation: ConversationContext) -> None:
        if message.text == "start":
            raise TypeError("The agent is broken.")
        conversation.reply(refusal())

    @agent("retries")
    def retries(message: Message, conversation: ConversationContext) -> str:
        if message.text not in seen:
            seen.add(message.text)
            conversation.reply("The first ", retried=True)
        return "The second attempt."

    @agent("forgets")
    def forgets(message: Message, conversation: ConversationContext) -> None:
        conversation.reply("many words about nothing at all, " * 20)
        conversation.compact()

    @agent("greets", initial_data_schema=VISITOR)
    async def greets(message: Message, conversation: ConversationContext) -> str:
        return f"Hello, {conversation.initial_data['name']}!"


def refusal() -> Iterator[str]:
    """Fail in the midst of a step."""
    yield "I was about to "
    raise ModelError("The model refuses.")


def words_of(box: queue.SimpleQueue[Letter]) -> Iterator[str]:
    """Yield the words of the commands that come, until one ends the step."""
    while True:
        letter = box.get()
        yield from letter.words
        if letter.end:
            letter.handled.put(None)
            return
        letter.handled.put(None)
        if letter.fail is not None:
            raise ModelError(letter.fail)
