"""A restart of a genuine server: upstream's own runtime on Node, killed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from flue_client_ext import FlueClient
from tests.servers.flue import FlueServer
from tests.servers.flue2 import Flue2Server

from .calls import Call
from .restart_stage import RestartStage
from .uses import ID


class GenuineStage(RestartStage):
    """A run of 1.0.0-beta.5, or a conversation of 2.1.0. What a lost server was at work on is not
    finished by then."""

    def __init__(self, call: Call, *, keeps: bool) -> None:
        super().__init__(call, keeps=keeps)
        self._folder = tempfile.TemporaryDirectory()
        database = Path(self._folder.name) / "flue.sqlite3" if keeps else None
        kind: Any = FlueServer if call.is_of_run else Flue2Server
        self._server = kind(database=database)
        is_asked = call.column.startswith("ask")
        self.agent = "slow" if is_asked and not keeps else "echo"
        self.reply = "You said: hello"

    @property
    def url(self) -> str:
        return str(self._server.url)

    def begin(self) -> None:
        self._server.start()
        with FlueClient(self.url, token=None) as client:
            if self.call.is_of_run and self.keeps:
                self.run_id = client.workflows.run("flood", input={"n": 250}).run_id
            elif self.call.is_of_run:
                self.run_id = client.workflows.invoke("gate", input={"key": "k"}).run_id
        if self.call.column.startswith(("updates", "observe")):
            self.tell("first")

    def restart_server(self) -> None:
        self._server.restart(crash=True)

    def finish_work(self) -> None:
        if self.call.column.startswith("ask"):
            with FlueClient(self.url, token=None) as client:
                conversation = client.agents.conversation(self.agent, ID)
                conversation.wait(str(conversation.history().messages[0].submission_id))

    def events(self) -> list[Any]:
        with FlueClient(self.url, token=None) as client:
            return [event.to_dict() for event in client.runs.events(self.run_id)]

    def stop(self) -> None:
        self._server.stop()
        self._folder.cleanup()
