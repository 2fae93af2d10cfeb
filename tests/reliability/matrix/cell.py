"""One cell: a call under a fault, in one world, over one kind of connections."""

from __future__ import annotations

import faulthandler
from contextlib import ExitStack
from typing import Any

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
from .faults import NONE, RESUMED, Channel, Fault
from .genuine_stage import GenuineStage
from .handshakes import authority
from .local_stage import LocalStage
from .many_stages import ManyAgentsStage, ManyRunsStage
from .outcome import Outcome, check_facts, check_pauses, finish_send
from .pace import FRACTIONS, haste, lowered
from .run_stage import RunStage
from .stage import Stage

SECONDS = 120.0
"""A cell that takes longer hangs. The longest takes some seconds, on a machine that is not busy."""
ABSENT = "absent"
RAW: dict[bool, tuple[Any, Any]] = {
    True: (RunStage, ManyRunsStage),
    False: (AgentStage, ManyAgentsStage),
}
"""Stages on raw servers for one run or many (`True`), and for one conversation or many."""


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
        return self.fault.outcome(self.call.column, self.call.mode, self.channel)

    def check(self, fraction: int = FRACTIONS[0]) -> str:
        """Run it and return its outcome, which is the one that was declared. `fraction`: see
        `lowered`."""
        if self.declared == NONE:
            return NONE
        try:
            found = self.run(fraction)
        except Broken as broken:
            raise Broken(f"{self.name}: {broken}") from None
        if found.kind != self.declared:
            raise Broken(f"{self.name}: {found}, not {self.declared}")
        return self.declared

    def run(self, fraction: int) -> Outcome:
        """Return what became of the call."""
        leftovers = Leftovers()
        with world(self.world) as entered:
            idle = tasks(entered)
            stage = self._stage()
            try:
                outcome = self._run_on(stage, entered, fraction)
                if not stage.wait_idle():
                    raise Broken("a connection is left open")
            finally:
                stage.stop()
            if not eventually(lambda: tasks(entered) <= idle):
                raise Broken(f"{tasks(entered) - idle} tasks are left over")
        leftovers.check()
        return outcome

    def _stage(self) -> Stage:
        tls = authority() if "TLS" in self.channel else None
        if self.fault.server == "raw":
            one, many = RAW[self.call.is_of_run]
            raw: Stage = (many if self.call.is_of_many else one)(self.call, self.fault, tls=tls)
            return raw
        keeps = self.fault.server == "kept"
        if self.genuine:
            return GenuineStage(self.call, keeps=keeps)
        return LocalStage(self.call, keeps=keeps, tls=tls)

    def _run_on(self, stage: Stage, entered: World, fraction: int) -> Outcome:
        stage.begin()
        with ExitStack() as stack:
            stack.enter_context(haste(stage.options))
            with lowered(self.fault.lowered, fraction):
                client = self._client(stage, entered, stack)
                outcome = self._outcome(client, stage)
            stage.calm()
            if not stage.struck:
                raise Broken(f"the fault has not struck ({outcome})")
            check_facts(outcome, self.fault, self.call)
            check_pauses(stage.attempts, outcome, self.fault)
            finish_send(outcome, client, stage, self.call)
            stage.verify(complete=outcome.is_resumed)
            _is_healthy(client)
        return outcome

    def _outcome(self, client: Any, stage: Stage) -> Outcome:
        calling = InThread(lambda: self.call.perform(client, stage))
        try:
            calling.join(SECONDS)
        except FlueError as error:
            return Outcome.of(error)
        except AssertionError as error:
            if "blocked" in str(error):
                faulthandler.dump_traceback()
                raise Broken("it hangs") from None
            raise
        if stage.outcomes.failures:
            return Outcome.of(*stage.outcomes.failures)
        is_absent = stage.items and getattr(stage.items[-1], "phase", None) == ABSENT
        return Outcome(ABSENT if is_absent else RESUMED)

    def _client(self, stage: Stage, entered: World, stack: ExitStack) -> Any:
        """A client with another token for each request, over one connection an item at a time."""
        tokens = iter(range(10**6))
        options: dict[str, Any] = {"token": lambda: f"token-{next(tokens)}"}
        tls = {"verify": stage.context} if "TLS" in self.channel else {}
        if self.channel.startswith("httpx"):
            limits = httpx.Limits(max_connections=stage.concurrency)
            own = borrowed(entered, limits=limits, **tls)
            options["http_client"] = stack.enter_context(own)
        elif tls:
            options["ssl_context"] = stage.context
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
