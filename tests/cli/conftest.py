"""One local server for the tests of the command line, and what its workflows and agents do."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from flue_client_ext.testing import (
    ConversationContext,
    LocalFlue,
    Message,
    ModelError,
    RunContext,
    ToolCall,
    demo_server,
)

from .terminal import LIMIT

#: What the agent `counts` has spent.
USAGE = {"input": 1000, "output": 234, "totalTokens": 1234, "cost": {"total": 0.0125}}
#: Characters of no column, one and two: combining marks, CJK, emoji of several code points.
WIDE = (
    "e\u0301te\u0301 日本語の文章です。 한국어 👩\u200d👩\u200d👧 ❤\ufe0f 🇫🇷 n\u0303o"
    " 漢字漢字漢字漢字 end."
)
#: What a hostile server would have a terminal do: colours, a title, a clear screen, an answer.
HOSTILE = "\x1b[31mred\x1b]0;title\x07\x9b2J\x1b[2J\x1b[6n\r\b\u202eevil\u2028next\x00"


class Local:
    """A server whose workflow `held` waits until a test lets its input go."""

    def __init__(self, **options: Any) -> None:
        self.flue = demo_server(delta_hold=0.0, **options)
        self.started: list[Any] = []
        self._gates: dict[str, threading.Event] = defaultdict(threading.Event)
        self.flue.workflow("held")(self._held)
        self.flue.workflow("hostile")(_hostile)
        self.flue.workflow("echo")(lambda input, run: input)
        self.flue.agent("slow")(self._slow)
        self.flue.agent("retries")(self._retries)
        self.flue.agent("hostile")(lambda message: HOSTILE)
        self.flue.agent("fails")(_fails)
        self.flue.agent("counts")(_counts)
        self.flue.agent("long")(self._long)
        self.flue.agent("wide")(lambda message: WIDE)

    @property
    def url(self) -> str:
        return self.flue.url

    def let(self, name: str) -> None:
        """Let the run that was given `name` go on."""
        self._gates[name].set()

    def _held(self, input: Any, run: RunContext) -> Any:
        self.started.append(input)
        run.log("holding", {"name": input})
        assert self._gates[input].wait(5 * LIMIT)  # a test waits several times for up to LIMIT
        return {"held": input}

    def _slow(self, message: Message, conversation: ConversationContext) -> None:
        conversation.reply(self._words(message, conversation))

    def _words(self, message: Message, conversation: ConversationContext) -> Iterator[str]:
        yield "Beginning "
        while not self._gates[message.text].is_set():
            conversation.sleep(0.01)
        yield "and end."

    def _long(self, message: Message, conversation: ConversationContext) -> None:
        """More than a screen, of which the test chooses when the last line comes."""
        conversation.reply(["\n".join(f"line {number}" for number in range(60))])
        while not self._gates[message.text].is_set():
            conversation.sleep(0.01)
        conversation.reply(["the last line"])

    def _retries(self, message: Message, conversation: ConversationContext) -> None:
        conversation.reply(["The first ", "attempt."], retried=True)
        while not self._gates[message.text].is_set():
            conversation.sleep(0.01)
        conversation.reply(["The second."])


def _counts(message: Message, conversation: ConversationContext) -> None:
    """Attach the usage to the message, as authors of agents of 2.x do."""
    conversation.reply(["Counting "], calls=[ToolCall("add", {"a": 1}, 2)])
    conversation.reply(["is done."], metadata={"usage": USAGE, "model": "m1"}, usage={"input": 40})


def _fails(message: Message) -> None:
    raise ModelError("the model refuses")


def _hostile(input: Any, run: RunContext) -> Any:
    run.log(HOSTILE, {HOSTILE: HOSTILE}, level="warn")
    with run.prompt(HOSTILE) as agent:
        agent.turn(text=[HOSTILE], thinking=[HOSTILE])
    run.emit({"type": HOSTILE, "text": HOSTILE})
    if input == "fail":
        raise RuntimeError(HOSTILE)
    return {"said": HOSTILE}


@pytest.fixture(scope="session")
def local() -> Iterator[Local]:
    server = Local()
    with server.flue.run():
        yield server
    server.flue.close()


@pytest.fixture
def flue(local: Local) -> LocalFlue:
    return local.flue
