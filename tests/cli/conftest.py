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
    demo_server,
)

from .terminal import LIMIT

#: What a hostile server would have a terminal do: colours, a title, a clear screen, an answer.
HOSTILE = "\x1b[31mred\x1b]0;title\x07\x9b2J\x1b[2J\x1b[6n\r\b\u202eevil\u2028next\x00"


class Local:
    """A server whose workflow `held` waits until a test lets its input go."""

    def __init__(self) -> None:
        self.flue = demo_server(delta_hold=0.0)
        self.started: list[Any] = []
        self._gates: dict[str, threading.Event] = defaultdict(threading.Event)
        self.flue.workflow("held")(self._held)
        self.flue.workflow("hostile")(_hostile)
        self.flue.workflow("echo")(lambda input, run: input)
        self.flue.agent("slow")(self._slow)
        self.flue.agent("retries")(self._retries)
        self.flue.agent("hostile")(lambda message: HOSTILE)
        self.flue.agent("fails")(_fails)

    @property
    def url(self) -> str:
        return self.flue.url

    def let(self, name: str) -> None:
        """Let the run that was given `name` go on."""
        self._gates[name].set()

    def _held(self, input: Any, run: RunContext) -> Any:
        self.started.append(input)
        run.log("holding", {"name": input})
        assert self._gates[input].wait(LIMIT)
        return {"held": input}

    def _slow(self, message: Message, conversation: ConversationContext) -> None:
        conversation.reply(self._words(message, conversation))

    def _words(self, message: Message, conversation: ConversationContext) -> Iterator[str]:
        yield "Beginning "
        while not self._gates[message.text].is_set():
            conversation.sleep(0.01)
        yield "and end."

    def _retries(self, message: Message, conversation: ConversationContext) -> None:
        conversation.reply(["The first ", "attempt."], retried=True)
        while not self._gates[message.text].is_set():
            conversation.sleep(0.01)
        conversation.reply(["The second."])


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
