"""Operations of a run's session: the frame around what an agent, a tool or a shell did.

    with run.operation("shell") as shell:
        shell.emit({"type": "tool_start", "toolName": "bash", "toolCallId": "1"})
        shell.result = {"stdout": "hi", "stderr": "", "exitCode": 0}

An exception that leaves the block fails the operation first.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any

from ._clock import Clock
from ._ids import ulid
from ._log import EventLog, describe


class Operation:
    """An operation of a run's session: `operation_start`, your events, `operation`, `idle`."""

    def __init__(self, log: EventLog, clock: Clock, kind: str) -> None:
        now = clock.time()
        self.id = ulid("op", now)
        self.kind = kind
        self.result: Any = None
        self.usage: dict[str, Any] | None = None
        self._log = log
        self._clock = clock
        self._where = {"conversationId": ulid("conv", now), "session": "default"}
        self._began = now

    def emit(self, event: Mapping[str, Any], turn: str | None = None) -> None:
        """Emit an event of this operation, with where it belongs added behind its own fields."""
        turns = {} if turn is None else {"turnId": turn}
        place = {**self._where, "operationId": self.id, **turns, "harness": "default"}
        self._log.emit({**event, **{key: event.get(key, value) for key, value in place.items()}})

    def __enter__(self) -> Operation:
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._finish(value)

    def _start(self) -> None:
        self.emit({"type": "operation_start", "operationId": self.id, "operationKind": self.kind})

    def _finish(self, error: BaseException | None) -> None:
        own = {"type": "operation", "operationId": self.id, "operationKind": self.kind}
        told: dict[str, Any] = {} if error is None else {"error": describe(error)}
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
