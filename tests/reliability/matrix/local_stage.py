"""A restart of the local server."""

from __future__ import annotations

import json
import ssl
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import anyio
import attrs
import trustme

from flue_client_ext import FlueClient
from flue_client_ext.testing import LocalFlue, Message, Request, RunContext
from flue_client_ext.testing.faults import Exchange, Handle, Send
from flue_client_ext.testing.faults import Fault as LocalFault
from tests.servers.tls import Front, tls_in_front_of
from tests.streams.reading import InThread

from ..leaks import eventually
from ..options import Broken
from .calls import Call
from .restart_stage import RestartStage
from .uses import AGENT, ID

PAGE, LOGS = 4, 8


class LocalStage(RestartStage):
    """A `LocalFlue`. Where the call shows nothing before its end, it restarts with the struck
    request."""

    def __init__(self, call: Call, *, keeps: bool, tls: trustme.CA | None) -> None:
        super().__init__(call, keeps=keeps)
        self._folder = tempfile.TemporaryDirectory()
        self._store = Path(self._folder.name) / "flue.sqlite3" if keeps else None
        self._port = 0
        self._restarting: InThread | None = None
        self._server = self._spawned()
        self._stack = ExitStack()
        self._front: Front | None = None
        if tls:
            self._front = self._stack.enter_context(tls_in_front_of(self._port, tls))

    @property
    def url(self) -> str:
        return self._front.url if self._front else self.plain_url

    @property
    def plain_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def context(self) -> ssl.SSLContext:
        assert self._front
        return self._front.context

    @property
    def _holds_work(self) -> bool:
        """Whether a lost run or submission is to be under way until the restart, so that not all
        has been sent by then."""
        return self.restarts_at_item and not self.keeps

    def begin(self) -> None:
        if self.call.column in ("events", "stream", "wait"):
            with FlueClient(self.plain_url, token=None) as client:
                self.run_id = client.workflows.invoke("w").run_id
            if not self._holds_work:
                self._server.wait(self.run_id)
            eventually(lambda: len(self.events()) > LOGS)
        elif self.call.column.startswith(("updates", "observe")):
            self.tell("first")
        if not self.restarts_at_item:
            self._server.inject(_Restart(self), skip=self.call.midway_request)

    def restart(self) -> None:
        if self._holds_work and self.call.is_of_run:  # more may be sent until the server ends
            eventually(lambda: len(self.events()) > LOGS)
        super().restart()

    def restart_server(self) -> None:
        self._server.close()
        self._gate.set()
        self._server = self._spawned()

    def restart_aside(self) -> None:
        """Restart, told by a request that waits for it: the restart cuts it."""
        self._restarting = InThread(self.restart)

    def calm(self) -> None:
        if self._restarting:
            self._restarting.join(10)
        self._gate.set()

    def verify(self, *, complete: bool) -> None:
        self.finish_work()
        super().verify(complete=complete)
        if self.call.is_post and not self.call.is_of_many:
            executed = self._server.run_ids() if self.call.is_of_run else self._sent()
            if len(executed) > 1 or (complete and not executed):
                raise Broken(f"{len(executed)} executions of one call")

    def stop(self) -> None:
        self.calm()
        self._server.close()
        self._stack.close()
        self._folder.cleanup()

    def finish_work(self) -> None:
        for run_id in self._server.run_ids():
            self._server.wait(run_id)
        for id in self._server.conversation_ids(AGENT):
            for submission_id in self._server.submission_ids(AGENT, id):
                self._server.settled(AGENT, id, submission_id)

    def events(self) -> list[Any]:
        runs = self._server.run_ids()
        return list(self._server.events(runs[-1])) if runs else []

    def updates(self) -> list[Any]:
        return super().updates() if self._sent() else []

    def _sent(self) -> list[str]:
        there = self._server.conversation_ids(AGENT)
        return self._server.submission_ids(AGENT, ID) if there else []

    def _spawned(self) -> LocalFlue:
        server, gate = LocalFlue(store=self._store, page_size=PAGE), threading.Event()
        self._gate = gate

        @server.workflow("w")
        def work(run: RunContext) -> str:
            for number in range(LOGS):
                run.log(f"number {number}")
            hold()
            return "done"

        @server.workflow("each")
        def work_on(input: Any, run: RunContext) -> Any:
            self.outcomes.executed[json.dumps(input)] += 1
            work(run)
            return input

        @server.agent(AGENT)
        def answer(message: Message) -> str:
            self.outcomes.executed[message.text] += 1
            if message.text == "hello":
                hold()
            return f"echo {message.text}"

        def hold() -> None:
            if self._holds_work:
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
