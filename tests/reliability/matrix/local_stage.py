"""A server that ends in the midst of a call and starts again, with its store or without."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import anyio
import attrs

from flue_client_ext import BackoffOptions, FlueClient
from flue_client_ext.testing import LocalFlue, Message, Request, RunContext
from flue_client_ext.testing.faults import Exchange, Handle, Send
from flue_client_ext.testing.faults import Fault as LocalFault

from ..options import Broken
from .calls import AGENT, ID, Call
from .faults import Fault
from .leaks import eventually

PAGE, LOGS = 4, 8


class LocalStage:
    """A `LocalFlue`. It restarts once the call has brought something, or with the struck request
    of a call that shows nothing before its end."""

    def __init__(self, call: Call, fault: Fault) -> None:
        self.call = call
        self.struck = 0
        self.items: list[Any] = []
        self.run_id = ""
        self.options = BackoffOptions(initial_delay=0.02, max_delay=0.05, max_retries=200)
        self._folder = tempfile.TemporaryDirectory()
        self._store = Path(self._folder.name) / "flue.sqlite3" if fault.server == "kept" else None
        self._port = 0
        self._restarting: threading.Thread | None = None
        self._server = self._spawned()
        self._before: list[Any] = []
        """What there was before the restart, which a lost store does not have any more."""
        self._settlements = 2 if self._is_lost else 1  # more than there are: it is read on

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def _is_lost(self) -> bool:
        return self._store is None

    def begin(self) -> None:
        with FlueClient(self.url, token=None) as client:
            if self.call.column in ("events", "stream"):
                self.run_id = client.workflows.invoke("w").run_id
                if not (self._is_lost and self.call.shows_items):
                    self._server.wait(self.run_id)
                eventually(lambda: len(self._server.events(self.run_id)) > LOGS)
            elif self.call.column.startswith(("updates", "observe")):
                client.agents.conversation(AGENT, ID).ask("first")
        if not self.call.shows_items:
            self._server.inject(_Restart(self), skip=self.call.midway_request)

    def take(self, item: Any) -> None:
        self.items.append(item)
        if len(self.items) == 1 and self.call.shows_items:
            self.restart()
            if self.call.column.startswith("observe") and not self._is_lost:
                self._settlements += 1
                with FlueClient(self.url, token=None) as client:
                    client.agents.conversation(AGENT, ID).ask("second")

    def is_complete(self) -> bool:
        if self.call.column == "updates":
            types = [item["type"] for item in self.items]
            return types.count("submission-settled") == self._settlements
        return len(self.items[-1].settlements) == self._settlements

    def restart(self) -> None:
        """End what runs, then the server, and start another one on its port."""
        self.struck += 1
        if not self._is_lost:
            self._finish_work()
        self._before = self._everything()
        self._server.close()
        self._gate.set()
        self._server = self._spawned()

    def restart_aside(self) -> None:
        """Do the same, told by a request that waits for it: the restart cuts it."""
        self._restarting = threading.Thread(target=self.restart)
        self._restarting.start()

    def calm(self) -> None:
        if self._restarting:
            self._restarting.join(10)
        self._gate.set()

    def verify(self, *, complete: bool) -> None:
        self._finish_work()
        if self.call.wants in ("start", "send"):
            self._verify_executions(complete)
        elif self.call.column.startswith("observe"):
            self._verify_state(complete)
        else:
            self._verify_items(complete)

    def wait_idle(self) -> bool:
        return True  # a socket that the client leaves open is one of this process

    def stop(self) -> None:
        self.calm()
        self._server.close()
        self._folder.cleanup()

    def _verify_items(self, complete: bool) -> None:
        there = self._before if self._is_lost else self._everything()
        start = len(there) - len(self.items) if self.call.column.startswith("ask") else 0
        expected = there[start:] if complete else there[: len(self.items)]
        is_unknown = self.call.column.startswith("ask") and not complete
        if self.items != expected and not is_unknown:
            raise Broken(f"something is lost or came twice: {self.items} is not {expected}")

    def _verify_state(self, complete: bool) -> None:
        last = self.items[-1] if self.items else None
        if last is None or last.phase == "absent" or not complete:
            return
        if [said.to_dict() for said in last.messages] != self._snapshot()["messages"]:
            raise Broken(f"another state: {last}")

    def _verify_executions(self, complete: bool) -> None:
        executed = self._server.run_ids() if self.call.wants == "start" else self._sent()
        count = len(executed)
        if count > 1 or (complete and not count):
            raise Broken(f"{count} executions of one call")

    def _sent(self) -> list[str]:
        there = self._server.conversation_ids(AGENT)
        return self._server.submission_ids(AGENT, ID) if there else []

    def _snapshot(self) -> dict[str, Any]:
        return self._server.snapshot(AGENT, ID)

    def _finish_work(self) -> None:
        for run_id in self._server.run_ids():
            self._server.wait(run_id)
        for submission_id in self._sent():
            self._server.settled(AGENT, ID, submission_id)

    def _everything(self) -> list[Any]:
        """All events of the run, or all updates of the conversation."""
        if self.call.is_of_run:
            runs = self._server.run_ids()
            return self._server.events(runs[-1]) if runs else []
        if not self._sent():
            return []
        with FlueClient(self.url, token=None) as client:
            found = client.agents.conversation(AGENT, ID).updates(live=False)
            return [update.to_dict() for update in found]

    def _spawned(self) -> LocalFlue:
        server, gate = LocalFlue(store=self._store, page_size=PAGE), threading.Event()
        self._gate = gate

        @server.workflow("w")
        def work(run: RunContext) -> str:
            for number in range(LOGS):
                run.log(f"number {number}")
            hold()
            return "done"

        @server.agent(AGENT)
        def answer(message: Message) -> str:
            if message.text == "hello":
                hold()
            return f"echo {message.text}"

        def hold() -> None:
            if self._is_lost and self.call.shows_items:
                gate.wait(10)

        server.start("127.0.0.1", self._port)
        self._port = server.listener().port
        return server


@attrs.frozen
class _Restart(LocalFault):
    """Restarts the server instead of an answer."""

    stage: LocalStage

    def applies(self, request: Request) -> bool:
        return self.stage.call.targets_one(request.method, f"?{urlencode(request.query)}")

    async def strike(self, exchange: Exchange, send: Send, handle: Handle) -> None:
        self.stage.restart_aside()
        await anyio.sleep_forever()
