"""Operations of a session: the frame around what an agent, a tool or a shell did.

    with run.operation("shell") as shell:
        shell.emit({"type": "tool_start", "toolName": "bash", "toolCallId": "1"})
        shell.result = {"stdout": "hi", "stderr": "", "exitCode": 0}

An exception that leaves the block fails the operation first.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol

from ._clock import Clock
from ._ids import ulid
from ._log import describe


class Events(Protocol):
    """Where an operation's events go: a run's log, or the stream of a conversation."""

    def emit(self, event: Mapping[str, Any]) -> None:
        """Number an event and append it."""
        ...

    def skip(self) -> None:
        """Spend a number on an event that is never published."""
        ...

    def flush(self) -> None:
        """Append the deltas that are held back."""
        ...


class Operation:
    """An operation of a session: `operation_start`, your events, `operation`, `idle`."""

    def __init__(
        self, log: Events, clock: Clock, kind: str, conversation_id: str | None = None
    ) -> None:
        now = clock.time()
        self.id = ulid("op", now)
        self.kind = kind
        self.result: Any = None
        self.usage: dict[str, Any] | None = None
        self.started = False
        self._log = log
        self._clock = clock
        self._where = {"conversationId": conversation_id or ulid("conv", now), "session": "default"}
        self._began = now

    def emit(self, event: Mapping[str, Any], turn: str | None = None) -> None:
        """Emit an event of this operation, with where it belongs added behind its own fields."""
        turns = {} if turn is None else {"turnId": turn}
        place = {**self._where, "operationId": self.id, **turns, "harness": "default"}
        self._log.emit({**event, **{key: event.get(key, value) for key, value in place.items()}})

    def __enter__(self) -> Operation:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.finish(None if value is None else describe(value))

    def start(self) -> None:
        """Begin the operation; entering its block does."""
        self.started = True
        self.emit({"type": "operation_start", "operationId": self.id, "operationKind": self.kind})

    def finish(self, error: Mapping[str, str] | None = None) -> None:
        """End the operation, by an error if there is one; leaving its block does."""
        own = {"type": "operation", "operationId": self.id, "operationKind": self.kind}
        told: dict[str, Any] = {} if error is None else {"error": error}
        if error is None and self.result is not None:
            told["result"] = self.result
        if self.usage is not None:
            told["usage"] = self.usage
        self.emit(
            {**own, "durationMs": self.since(self._began), "isError": error is not None, **told}
        )
        self.emit({"type": "idle"})

    def since(self, moment: float) -> int:
        """Return the milliseconds since a moment of the clock."""
        return round((self._clock.time() - moment) * 1000)
