"""Scripted agents: the events of a model operation, in the order and shape of a genuine run.

    with run.prompt("compute 7*6") as agent:
        agent.turn(text=["I will ask."], calls=[ToolCall("compute", {"a": 7, "b": 6}, 42)])
        agent.turn(text=["It is ", "42."])

Deltas are lists, because readers see them one by one; a text alone is one delta.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._clock import Clock, sleep
from ._model import SCRIPTED, Model, NamedCall, Spent, ToolCall, checked
from ._model import usage as counted
from ._operation import Events, Operation
from ._turn import Turn


def _in_deltas(text: str | Sequence[str]) -> Sequence[str]:
    """Take a text for one delta, not for as many as it has characters."""
    if isinstance(text, str):
        return (text,) if text else ()
    return text


class Prompt(Operation):
    """A prompt to a model that says what it is told to say, turn by turn."""

    def __init__(
        self,
        log: Events,
        clock: Clock,
        text: str | None,
        model: str = SCRIPTED,
        conversation_id: str | None = None,
    ) -> None:
        super().__init__(log, clock, "prompt", conversation_id)
        self.text = ""
        self._model = Model.of(model)
        self._prompt = text
        self._messages: list[dict[str, Any]] = []
        self._spent = Spent()

    def __enter__(self) -> Prompt:
        self.start()
        return self

    def start(self) -> None:
        """Begin the operation and the agent's loop."""
        super().start()
        self.start_agent()

    def start_agent(self) -> None:
        """Begin the agent's loop, or begin it again behind an attempt that has failed."""
        self._messages = []
        self.emit({"type": "agent_start"})

    def end_agent(self) -> None:
        """End the agent's loop, with the messages that it has made."""
        self.emit({"type": "agent_end", "messages": self._messages})

    def finish(self, error: Mapping[str, str] | None = None) -> None:
        """End the agent's loop and the operation; without an error it has a result."""
        if error is None:
            self.usage = counted(self._spent.counts)
            self.result = {"text": self.text, "usage": self.usage, "model": self._model.wire}
        self.end_agent()
        super().finish(error)

    def begin(self) -> Turn:
        """Begin a turn; in front of the first, the prompt is told, if there is one to be told."""
        turn = Turn(self.emit, self._log.skip, self._clock, self._model)
        if self._prompt is not None:
            content = [{"type": "text", "text": self._prompt}]
            self._messages.append(turn.tell("user", content=content))
            self._prompt = None
        return turn

    def end(self, turn: Turn, calls: Sequence[NamedCall], counts: Mapping[str, int] | None) -> None:
        """End what the model says in a turn, which goes on for as long as its tools run."""
        self._messages.append(turn.end(calls, self._spent.add(counts, turn.deltas)))
        self.text = "".join(turn.text)
        if not calls:
            turn.close()

    def answer(self, turn: Turn, calls: Sequence[NamedCall]) -> None:
        """End a turn with what came of its tools."""
        results = turn.tools(calls)
        self._messages.extend(results)
        turn.close(results)

    def fail(self, turn: Turn, reason: str) -> None:
        """End a turn as one in which the model has failed."""
        self._messages.append(turn.end((), {}, reason))
        turn.close()

    def turn(
        self,
        *,
        text: str | Sequence[str] = (),
        thinking: str | Sequence[str] = (),
        calls: Sequence[ToolCall] = (),
        usage: Mapping[str, int] | None = None,
        pace: float = 0.0,
    ) -> str:
        """Let the model take a turn, and return its text; `pace` is seconds between deltas."""
        checked(calls)
        turn = self.begin()
        turn.open()
        for say, deltas in ((turn.think, thinking), (turn.say, text)):
            for delta in _in_deltas(deltas):
                self._wait(pace)
                say(delta)
        named = [(f"call_{len(self._messages)}_{n}", call) for n, call in enumerate(calls)]
        self.end(turn, named, usage)
        if named:
            self.answer(turn, named)
        return self.text

    def _wait(self, pace: float) -> None:
        if pace:
            self._log.flush()
            sleep(self._clock, pace)
