"""One turn of a scripted model as events, in the order and shape of a genuine server's.

A turn is said bit by bit, so that a workflow's script and an agent's reply are the same events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ._clock import Clock
from ._ids import ulid
from ._model import Model, NamedCall, shown, usage

_API = "scripted"
Emit = Callable[..., None]


class Turn:
    """One turn: said delta by delta, then ended, then the results of its tools are told."""

    def __init__(self, emit: Emit, skip: Callable[[], None], clock: Clock, model: Model) -> None:
        self.id = ulid("turn", clock.time())
        self.message: dict[str, Any] = {}
        self.text: list[str] = []
        self.thinking: list[str] = []
        self._emit = emit
        self._skip = skip
        self._clock = clock
        self._model = model
        self._began = clock.time()
        emit({"type": "turn_start", "turnId": self.id, "purpose": "agent"})

    @property
    def deltas(self) -> int:
        """How many deltas have been said."""
        return len(self.text) + len(self.thinking)

    def tell(self, role: str, **fields: Any) -> dict[str, Any]:
        """Emit a message that is complete when it begins, and return it."""
        message = {"role": role, **fields, "timestamp": self._now()}
        for kind in ("message_start", "message_end"):
            self._emit({"type": kind, "message": message, "turnId": self.id})
        return message

    def open(self, error: str | None = None) -> None:
        """Begin the model's message, unless it has begun."""
        if self.message:
            return
        self._skip()  # the model request itself has an index and is never published
        who = {"api": _API, "provider": self._model.provider, "model": self._model.name}
        told = {"usage": usage(), "stopReason": "stop", "timestamp": self._now(), **_failed(error)}
        self.message = {"role": "assistant", "content": [], **who, **told}
        self._emit({"type": "message_start", "message": self.message, "turnId": self.id})

    def _now(self) -> int:
        return round(self._clock.time() * 1000)

    def think(self, delta: str) -> None:
        """Say a delta of reasoning."""
        self.open()
        if not self.thinking:
            self._emit({"type": "thinking_start", "contentIndex": 0}, self.id)
        self.thinking.append(delta)
        self._emit({"type": "thinking_delta", "contentIndex": 0, "delta": delta}, self.id)

    def say(self, delta: str) -> None:
        """Say a delta of text."""
        self.open()
        self.text.append(delta)
        self._emit({"type": "text_delta", "text": delta}, self.id)

    def end(
        self, calls: Sequence[NamedCall], counts: Mapping[str, int], error: str | None = None
    ) -> dict[str, Any]:
        """End what the model says, by an error if there is one, and return its message."""
        self.open(error)
        if self.thinking:
            told = {"contentIndex": 0, "content": "".join(self.thinking)}
            self._emit({"type": "thinking_end", **told}, self.id)
        reason = "toolUse" if calls else "stop"
        told = {"content": self._blocks(calls), "usage": usage(counts), "stopReason": reason}
        silent = error is not None and not self.deltas  # no response has come at all
        answered = {} if silent else {"responseId": ulid("resp", self._clock.time())}
        self.message = {**self.message, **told, **answered, **_failed(error)}
        self._emit({"type": "turn", "turnId": self.id, "purpose": "agent", **self._told(error)})
        self._emit({"type": "message_end", "message": self.message, "turnId": self.id})
        return self.message

    def _blocks(self, calls: Sequence[NamedCall]) -> list[dict[str, Any]]:
        blocks: list[dict[str, Any]] = []
        if self.thinking:
            blocks.append({"type": "thinking", "thinking": "".join(self.thinking)})
        if self.text:
            blocks.append({"type": "text", "text": "".join(self.text)})
        for call_id, call in calls:
            tool = {"id": call_id, "name": call.name, "arguments": dict(call.args)}
            blocks.append({"type": "toolCall", **tool})
        return blocks

    def _told(self, error: str | None) -> dict[str, Any]:
        names = {"providerId": self._model.provider, "providerName": self._model.provider}
        request = {**names, "requestedModel": self._model.name, "api": _API}
        known = {name: self.message[name] for name in ("responseId",) if name in self.message}
        output = {"role": "assistant", "content": self.message["content"]}
        failure = {} if error is None else {"error": {"type": "_OTHER", "message": error}}
        response = {**known, "output": output, "usage": self.message["usage"]}
        return {
            "durationMs": round((self._clock.time() - self._began) * 1000),
            "request": {**request, "reasoningLevel": "medium"},
            "response": {**response, "finishReason": self.message["stopReason"], **failure},
            "isError": error is not None,
        }

    def tools(self, named: Sequence[NamedCall]) -> list[dict[str, Any]]:
        """Run the calls of a turn: all start, all end, then their results are messages."""
        results: list[dict[str, Any]] = []
        for call_id, call in named:
            told = {"toolName": call.name, "toolCallId": call_id}
            self._emit({"type": "tool_start", **told}, self.id)
        for call_id, call in named:
            content = [{"type": "text", "text": shown(call)}]
            details = {} if call.is_error else {"customTool": call.name, "output": call.result}
            result = {"content": content, "details": details}
            ended = {"isError": call.is_error, "result": result, "durationMs": 0}
            told = {"toolName": call.name, "toolCallId": call_id}
            self._emit({"type": "tool", **told, **ended}, self.id)
            name = {"toolCallId": call_id, "toolName": call.name}
            results.append({**name, **result, "isError": call.is_error})
        return [self.tell("toolResult", **result) for result in results]

    def close(self, results: Sequence[dict[str, Any]] = ()) -> None:
        """End the turn, with the messages of its tools."""
        told = {"message": self.message, "toolResults": list(results)}
        self._emit({"type": "turn_messages", "turnId": self.id, "purpose": "agent", **told})


def _failed(error: str | None) -> dict[str, Any]:
    return {} if error is None else {"stopReason": "error", "errorMessage": error}
