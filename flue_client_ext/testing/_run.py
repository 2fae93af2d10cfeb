"""What a workflow function is handed: the words a run has for its events, and for waiting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from ._clock import Clock, asleep, sleep
from ._log import LiveRun
from ._model import SCRIPTED
from ._operation import Operation
from ._rules import one_of
from ._script import Prompt

Level = Literal["info", "warn", "error"]


class RunContext:
    """The `run` of a workflow function; safe to use from any thread that the function starts."""

    def __init__(self, run: LiveRun, clock: Clock) -> None:
        self._run = run
        self.clock = clock

    @property
    def id(self) -> str:
        """The run's id, as its caller knows it."""
        return self._run.run_id

    @property
    def workflow(self) -> str:
        """The name under which the workflow was invoked."""
        return self._run.workflow

    def log(
        self, message: str, attributes: Mapping[str, Any] | None = None, *, level: Level = "info"
    ) -> None:
        """Emit a `log` event; `level` is info, warn or error."""
        one_of(*get_args(Level)).check("level", level)
        told = {} if attributes is None else {"attributes": dict(attributes)}
        self.emit({"type": "log", "level": level, "message": message, **told})

    def emit(self, event: Mapping[str, Any]) -> None:
        """Emit any event, known to Flue or not; it needs a `type`.

        `runId`, `v`, `eventIndex` and `timestamp` are added; a `v` of your own is kept, so that a
        reader's refusal of another version can be tested.
        """
        self._run.log.emit(event)

    def skip(self) -> None:
        """Leave a gap in `eventIndex`, as a real model run does."""
        self._run.log.skip()

    def flush(self) -> None:
        """Publish deltas that are being held back (see `LocalFlue(delta_hold=...)`)."""
        self._run.log.flush()

    def sleep(self, seconds: float) -> None:
        """Block for `seconds` of the server's clock (in a plain function)."""
        sleep(self.clock, seconds)

    async def asleep(self, seconds: float) -> None:
        """Wait for `seconds` of the server's clock (in an async function)."""
        await asleep(self.clock, seconds)

    def prompt(self, text: str, *, model: str = SCRIPTED) -> Prompt:
        """Open a scripted model operation: `with run.prompt("...") as agent: agent.turn(...)`."""
        return Prompt(self._run.log, self.clock, text, model)

    def operation(self, kind: str) -> Operation:
        """Open any other operation (skill, task, shell, compact) for events of your own."""
        return Operation(self._run.log, self.clock, kind)
