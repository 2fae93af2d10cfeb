"""One cell: a call under a fault, in one world, over one kind of connections."""

from __future__ import annotations

import faulthandler
from contextlib import ExitStack
from typing import Any, Literal

import attrs
import httpx

from flue_client_ext import FlueApiError, FlueError
from tests.streams.reading import InThread
from tests.unary.support import borrowed
from tests.worlds import World, world

from ..leaks import Leftovers, eventually, tasks
from ..options import Broken
from .agent_stage import AgentStage
from .calls import Call
from .faults import NONE, RESUMED, Fault
from .genuine_stage import GenuineStage
from .local_stage import LocalStage
from .pace import haste, lowered
from .run_stage import RunStage
from .stage import Stage

SECONDS = 60.0
"""A cell that takes longer hangs. The longest takes some seconds."""
ABSENT = "absent"

Channel = Literal["own", "httpx"]


@attrs.frozen
class Cell:
    fault: Fault
    call: Call
    world: str
    channel: Channel
    genuine: bool = False
    """Whether the server that restarts is one of upstream's."""

    @property
    def name(self) -> str:
        return f"{self.fault.name} / {self.call.name} / {self.world} / {self.channel}"

    @property
    def declared(self) -> str:
        return self.fault.outcome(self.call.column, self.call.mode)

    def check(self) -> str:
        """Run it and return its outcome, which is the one that was declared."""
        if self.declared == NONE:
            return NONE
        try:
            found = self.run()
        except Broken as broken:
            raise Broken(f"{self.name}: {broken}") from None
        if found.split(":")[0] != self.declared:
            raise Broken(f"{self.name}: {found}, not {self.declared}")
        return self.declared

    def run(self) -> str:
        """Return what became of the call: `resumed`, or the name of its error, with its words."""
        leftovers = Leftovers()
        with world(self.world) as entered:
            idle = tasks(entered)
            stage = self._stage()
            try:
                outcome = self._run_on(stage, entered)
                if not stage.wait_idle():
                    raise Broken("a connection is left open")
            finally:
                stage.stop()
            if not eventually(lambda: tasks(entered) <= idle):
                raise Broken(f"{tasks(entered) - idle} tasks are left over")
        leftovers.check()
        return outcome

    def _stage(self) -> Stage:
        if self.fault.server != "raw":
            kind = GenuineStage if self.genuine else LocalStage
            return kind(self.call, keeps=self.fault.server == "kept")
        return (RunStage if self.call.is_of_run else AgentStage)(self.call, self.fault)

    def _run_on(self, stage: Stage, entered: World) -> str:
        stage.begin()
        with ExitStack() as stack:
            stack.enter_context(haste(stage.options))
            with lowered(self.fault.lowered):
                client = self._client(stage, entered, stack)
                outcome = self._outcome(client, stage)
            stage.calm()
            if not stage.struck:
                raise Broken(f"the fault has not struck ({outcome})")
            stage.verify(complete=outcome == RESUMED)
            _is_healthy(client)
        return outcome

    def _outcome(self, client: Any, stage: Stage) -> str:
        calling = InThread(lambda: self.call.perform(client, stage))
        try:
            calling.join(SECONDS)
        except FlueError as error:
            return f"{type(error).__name__}: {error}"
        except AssertionError as error:
            if "blocked" in str(error):
                faulthandler.dump_traceback()
                raise Broken("it hangs") from None
            raise
        is_absent = stage.items and getattr(stage.items[-1], "phase", None) == ABSENT
        return ABSENT if is_absent else RESUMED

    def _client(self, stage: Stage, entered: World, stack: ExitStack) -> Any:
        """A client with another token for each request, over one connection at a time."""
        tokens = iter(range(10**6))
        options: dict[str, Any] = {"token": lambda: f"token-{next(tokens)}"}
        if self.channel == "httpx":
            one = httpx.Limits(max_connections=1)
            options["http_client"] = stack.enter_context(borrowed(entered, limits=one))
        return stack.enter_context(entered.client(stage.url, **options))


def _is_healthy(client: Any) -> None:
    """Check that the next call of the same client works, whatever its answer."""
    try:
        client.runs.get("another", timeout=20)
    except FlueApiError as error:
        if error.status != 404:
            raise Broken(f"the next call fails: {error}") from None
    except FlueError as error:
        raise Broken(f"the next call fails: {error}") from None
