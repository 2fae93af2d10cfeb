"""Scripted agents: the events of a model operation, in the order and shape of a genuine run.

    with run.prompt("compute 7*6") as agent:
        agent.turn(text=["I will ask."], calls=[ToolCall("compute", {"a": 7, "b": 6}, 42)])
        agent.turn(text=["It is ", "42."])

Deltas are lists, because readers see them one by one; a text alone is one delta.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ._clock import Clock, sleep
from ._ids import ulid
from ._json import dumps
from ._log import EventLog
from ._operation import Operation

_COUNTS: tuple[str, ...] = ("input", "output", "cacheRead", "cacheWrite")


@attrs.frozen
class ToolCall:
    """A tool that the model calls in a turn, and what came of it."""

    name: str
    args: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    result: Any = None
    is_error: bool = False


def usage(counts: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return token counts in full, with the total and a cost of nothing."""
    known = {name: (counts or {}).get(name, 0) for name in _COUNTS}
    return {
        **known,
        "totalTokens": sum(known.values()),
        "cost": {**dict.fromkeys(_COUNTS, 0), "total": 0},
    }


def _in_deltas(text: str | Sequence[str]) -> Sequence[str]:
    """Take a text for one delta, not for as many as it has characters."""
    if isinstance(text, str):
        return (text,) if text else ()
    return text


class Prompt(Operation):
    """A prompt to a model that says what it is told to say, turn by turn."""

    def __init__(self, log: EventLog, clock: Clock, text: str, model: str) -> None:
        super().__init__(log, clock, "prompt")
        self.text = ""
        self._provider, _, self._model = model.partition("/")
        self._prompt = text
        self._messages: list[dict[str, Any]] = []
        self._spent = dict.fromkeys(_COUNTS, 0)

    def __enter__(self) -> Prompt:
        self._start()
        self.emit({"type": "agent_start"})
        return self

    def _finish(self, error: BaseException | None) -> None:
        self.usage = usage(self._spent)
        model = {"provider": self._provider, "id": self._model}
        self.result = {"text": self.text, "usage": self.usage, "model": model}
        self.emit({"type": "agent_end", "messages": self._messages})
        super()._finish(error)

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
        text, thinking = _in_deltas(text), _in_deltas(thinking)
        turn, began = ulid("turn", self._clock.time()), self._clock.time()
        self.emit({"type": "turn_start", "turnId": turn, "purpose": "agent"})
        if not self._messages:
            self._message("user", turn, content=[{"type": "text", "text": self._prompt}])
        self._log.skip()  # the model request itself has an index and is never published
        message = self._assistant("stop", [], {})
        self.emit({"type": "message_start", "message": message, "turnId": turn})
        self._deltas(turn, text, thinking, pace)
        named = [(f"call_{len(self._messages)}_{n}", call) for n, call in enumerate(calls)]
        message = self._said(message, text, thinking, named, usage)
        self._turn(turn, began, message)
        self.emit({"type": "message_end", "message": message, "turnId": turn})
        self._messages.append(message)
        told = {"message": message, "toolResults": self._tools(turn, named)}
        self.emit({"type": "turn_messages", "turnId": turn, "purpose": "agent", **told})
        self.text = "".join(text)
        return self.text

    def _now(self) -> int:
        return round(self._clock.time() * 1000)

    def _message(self, role: str, turn: str, **fields: Any) -> dict[str, Any]:
        message = {"role": role, **fields, "timestamp": self._now()}
        for kind in ("message_start", "message_end"):
            self.emit({"type": kind, "message": message, "turnId": turn})
        self._messages.append(message)
        return message

    def _assistant(
        self, reason: str, content: list[dict[str, Any]], counts: Mapping[str, int]
    ) -> dict[str, Any]:
        who = {"api": "scripted", "provider": self._provider, "model": self._model}
        told = {"usage": usage(counts), "stopReason": reason, "timestamp": self._now()}
        return {"role": "assistant", "content": content, **who, **told}

    def _deltas(self, turn: str, text: Sequence[str], thinking: Sequence[str], pace: float) -> None:
        first = {"contentIndex": 0}
        if thinking:
            self.emit({"type": "thinking_start", **first}, turn)
        for delta in thinking:
            self._wait(pace)
            self.emit({"type": "thinking_delta", **first, "delta": delta}, turn)
        for delta in text:
            self._wait(pace)
            self.emit({"type": "text_delta", "text": delta}, turn)
        if thinking:
            self.emit({"type": "thinking_end", **first, "content": "".join(thinking)}, turn)

    def _wait(self, pace: float) -> None:
        if pace:
            self._log.flush()
            sleep(self._clock, pace)

    def _said(
        self,
        message: dict[str, Any],
        text: Sequence[str],
        thinking: Sequence[str],
        calls: Sequence[tuple[str, ToolCall]],
        counts: Mapping[str, int] | None,
    ) -> dict[str, Any]:
        blocks: list[dict[str, Any]] = []
        if thinking:
            blocks.append({"type": "thinking", "thinking": "".join(thinking)})
        if text:
            blocks.append({"type": "text", "text": "".join(text)})
        for call_id, call in calls:
            tool = {"id": call_id, "name": call.name, "arguments": dict(call.args)}
            blocks.append({"type": "toolCall", **tool})
        counts = counts or {"input": 10, "output": len(text) + len(thinking) + 1}
        for name in _COUNTS:
            self._spent[name] += counts.get(name, 0)
        reason = "toolUse" if calls else "stop"
        told = {"content": blocks, "usage": usage(counts), "stopReason": reason}
        return {**message, **told, "responseId": ulid("resp", self._clock.time())}

    def _turn(self, turn: str, began: float, message: dict[str, Any]) -> None:
        names = {"providerId": self._provider, "providerName": self._provider}
        request = {**names, "requestedModel": self._model, "api": "scripted"}
        output = {"role": "assistant", "content": message["content"]}
        response = {
            "responseId": message["responseId"],
            "output": output,
            "usage": message["usage"],
        }
        told = {
            "durationMs": self.since(began),
            "request": {**request, "reasoningLevel": "medium"},
            "response": {**response, "finishReason": message["stopReason"]},
            "isError": False,
        }
        self.emit({"type": "turn", "turnId": turn, "purpose": "agent", **told})

    def _tools(self, turn: str, named: Sequence[tuple[str, ToolCall]]) -> list[dict[str, Any]]:
        """Run the calls of a turn: all start, all end, then their results are messages."""
        results: list[dict[str, Any]] = []
        for call_id, call in named:
            self.emit({"type": "tool_start", "toolName": call.name, "toolCallId": call_id}, turn)
        for call_id, call in named:
            shown = call.result if isinstance(call.result, str) else dumps(call.result)
            content = [{"type": "text", "text": shown}]
            details = {} if call.is_error else {"customTool": call.name, "output": call.result}
            result = {"content": content, "details": details}
            ended = {"isError": call.is_error, "result": result, "durationMs": 0}
            self.emit({"type": "tool", "toolName": call.name, "toolCallId": call_id, **ended}, turn)
            name = {"toolCallId": call_id, "toolName": call.name}
            results.append({**name, **result, "isError": call.is_error})
        return [self._message("toolResult", turn, **result) for result in results]
