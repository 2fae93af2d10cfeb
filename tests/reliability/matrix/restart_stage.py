"""A server that ends in the midst of a call and starts again, with its store or without."""

from __future__ import annotations

import ssl
from typing import Any

from flue_client_ext import BackoffOptions, FailedAttempt, FlueClient

from ..options import Broken
from .calls import Call
from .many import Outcomes
from .uses import AGENT, ID, REPLY

_AT_A_REQUEST = ("wait", "ask_stream", "workflows.map", "agents.map")


class RestartStage:
    """The server restarts once the call has brought something. `keeps`: it has a database."""

    run_id = ""
    agent, reply = AGENT, REPLY
    concurrency = 1  # which of those under way a restart cuts is chance

    def __init__(self, call: Call, *, keeps: bool) -> None:
        self.call = call
        self.keeps = keeps
        self.struck = 0
        self.items: list[Any] = []
        self.outcomes = Outcomes()
        self.attempts: list[FailedAttempt] = []
        self.restarts_at_item = call.shows_items and not call.column.startswith(_AT_A_REQUEST)
        """Whether it restarts once an item was shown; else with the request that is struck."""
        self.options = BackoffOptions(initial_delay=0.02, max_delay=0.1, max_retries=500)
        self._before: list[Any] = []
        """What there was before the restart, which a lost store does not have any more."""
        self._settlements = 1 if keeps else 2  # more than there are: it is read on

    @property
    def url(self) -> str:
        raise NotImplementedError

    @property
    def plain_url(self) -> str:
        """The server itself, where `url` is TLS in front of it."""
        return self.url

    @property
    def context(self) -> ssl.SSLContext:
        raise NotImplementedError

    def finish_work(self) -> None:
        """Wait until the server has nothing to do."""

    def restart_server(self) -> None:
        """End the server, and start another one on its port."""

    def events(self) -> list[Any]:
        """All events of the run."""
        raise NotImplementedError

    def begin(self) -> None: ...
    def calm(self) -> None: ...
    def wait_idle(self) -> bool:
        return True  # a socket that the client leaves open is one of this process

    def take(self, item: Any) -> None:
        self.items.append(item)
        if len(self.items) == 1 and self.restarts_at_item:
            self.restart()
            if self.call.column.startswith("observe") and self.keeps:
                self._settlements += 1
                self.tell("second")

    def tell(self, text: str) -> None:
        """Have the agent answer another message."""
        with FlueClient(self.plain_url, token=None) as client:
            client.agents.conversation(self.agent, ID).ask(text)

    def is_complete(self) -> bool:
        if self.call.column == "updates":
            types = [item["type"] for item in self.items]
            return types.count("submission-settled") == self._settlements
        return len(self.items[-1].settlements) == self._settlements

    def restart(self) -> None:
        self.struck += 1
        if self.keeps:
            self.finish_work()
        self._before = self._everything()
        self.restart_server()

    def verify(self, *, complete: bool) -> None:
        if self.call.is_of_many:
            self.outcomes.verify(spared=True)
        elif self.call.column == "wait":
            if complete and self.items != [self.events()[-1]["result"]]:
                raise Broken(f"another result: {self.items}")
        elif self.call.column == "ask_stream":
            if not self.reply.startswith("".join(self.items)):
                raise Broken(f"another text: {self.items}")
        elif self.call.column.startswith("observe"):
            self._verify_state(complete)
        elif not self.call.is_post:
            self._verify_items(complete)

    def updates(self) -> list[Any]:
        """All updates of the conversation."""
        with FlueClient(self.plain_url, token=None) as client:
            found = client.agents.conversation(self.agent, ID).updates(live=False)
            return [update.to_dict() for update in found]

    def _everything(self) -> list[Any]:
        if self.call.is_of_many:
            return []
        return self.events() if self.call.is_of_run else self.updates()

    def _verify_items(self, complete: bool) -> None:
        there = self._everything() if self.keeps else self._before
        is_asked = self.call.column.startswith("ask")
        start = len(there) - len(self.items) if is_asked else 0
        expected = there[start:] if complete else there[: len(self.items)]
        if self.items != expected and not (is_asked and not complete):
            raise Broken(f"something is lost or came twice: {self.items} is not {expected}")

    def _verify_state(self, complete: bool) -> None:
        last = self.items[-1] if self.items else None
        if last is None or last.phase == "absent" or not complete:
            return
        with FlueClient(self.plain_url, token=None) as client:
            found = client.agents.conversation(self.agent, ID).history()
        if list(last.messages) != list(found.messages):
            raise Broken(f"another state: {last}")
