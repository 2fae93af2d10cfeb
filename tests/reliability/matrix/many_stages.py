"""Many runs, or many conversations, on a raw server, read by one call."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import trustme

from tests.servers.agents import AgentServer
from tests.servers.conversation import Conversation, Json, error, message
from tests.servers.raw import Connection, Handshake, Mode, RawServer, Request
from tests.streams.faults import Line
from tests.streams.replay import Replay, log_event, run_end

from .calls import Call
from .faults import Fault
from .many import MANY, Outcomes
from .stage import RawStage
from .strikes import Away

EVENTS, PAGE = 9, 4
CONCURRENCY = 2
"""So many at a time; all where connections are closed or not accepted: a POST that this cuts is
another fault."""

AtTail = Callable[[str], None]


class ManyStage(RawStage):
    """Each item has a beginning that can be read; the rest happens once it was, or once `fault` has
    struck midway all that are under way."""

    def __init__(self, server: RawServer, call: Call, fault: Fault) -> None:
        super().__init__(server, call, fault)
        self.outcomes = Outcomes()
        at_once = fault.when == "closing" or isinstance(fault.what, Away)
        self.concurrency = MANY if at_once else CONCURRENCY
        self.read: set[str] = set()
        """The items whose beginning was read."""
        self._reading = threading.Lock()

    def spoil(self, mode: Mode = "serve", greet: Handshake = Connection.secure) -> None:
        if mode != "serve" and not self.call.is_post:
            # The system would reset those that are connected and not accepted yet.
            self.server.wait_until(self._has_every_post)
        super().spoil(mode, greet)

    def _has_every_post(self) -> bool:
        return sum(request.method == "POST" for request in self.server.requests) >= MANY

    def at_tail(self, key: str) -> None:
        """Note that all there is of an item was read."""
        with self._reading:
            self.read.add(key)
            is_time = len(self.read) == self.concurrency
        if self._gone_on:
            self.finish(key)
        elif self.fault.when == "midway" and is_time:
            self._gone_on = True
            self.fault.what.midway(self)
        elif self.fault.when not in ("midway", "closing"):
            self.finish(key)

    def let_rest_happen(self) -> None:
        for key in self.read:
            self.finish(key)

    def finish(self, key: str) -> None:
        """Let the rest of an item happen."""
        raise NotImplementedError

    def verify(self, *, complete: bool) -> None:
        self.outcomes.verify(spared=complete or self.fault.when == "passing")


class ManyRunsStage(ManyStage):
    """Runs of nine events, four a page."""

    def __init__(self, call: Call, fault: Fault, *, tls: trustme.CA | None) -> None:
        self._hold = 0.1 if fault.when == "closing" else 30.0
        self._runs: dict[str, _Run] = {}
        self._numbers = itertools.count()
        super().__init__(RawServer(self._answer, tls=tls or False), call, fault)

    def finish(self, key: str) -> None:
        self._runs[key].finish()

    def lose(self) -> None:
        for key in self.read:
            self._runs[key].lose()

    def _answer(self, request: Request, connection: Connection) -> None:
        run_id = urlsplit(request.target).path.rpartition("/")[2]
        if request.method == "POST":
            run_id = f"run_{next(self._numbers)}"
            value = request.json()
            self.outcomes.executed[json.dumps(value)] += 1
            self._runs[run_id] = _Run(run_id, value, self._hold, self.at_tail)
            connection.json(202, {"runId": run_id})
        elif run_id in self._runs:
            self._runs[run_id](request, connection)
        else:
            error(connection, 404, "run_not_found")


class _Run(Replay):
    """One of them; at its tail it tells `at_tail`."""

    def __init__(self, run_id: str, result: Any, hold: float, at_tail: AtTail) -> None:
        logs = [log_event(number, runId=run_id) for number in range(EVENTS - 1)]
        super().__init__(logs[:PAGE], closed=False, page=PAGE, hold=hold)
        end = run_end(EVENTS - 1, runId=run_id, result=result)
        self._run_id = run_id
        self._rest = [*logs[PAGE:], end]
        self._at_tail = at_tail

    def finish(self) -> None:
        rest, self._rest = self._rest, []
        if rest:
            self.append(*rest, close=True)

    def lose(self) -> None:
        """Have a shorter run in its place."""
        self.items, self._rest = self.items[:1], []
        self.append(run_end(1, runId=self._run_id), close=True)

    def _wait(self, line: Line, place: int, seconds: float) -> bool:
        if not self.closed and place == len(self.items):
            self._at_tail(self._run_id)
        return super()._wait(line, place, seconds)


class ManyAgentsStage(ManyStage):
    """Conversations of one message each, which is answered once it was read."""

    def __init__(self, call: Call, fault: Fault, *, tls: trustme.CA | None) -> None:
        self._agents = _Agents(self._begun, self._at_tail, tls)
        self._agents.page, self._agents.batches_at_once = 2, 1
        if fault.when == "closing":
            self._agents.poll_seconds = 0.1
        super().__init__(self._agents, call, fault)

    def finish(self, key: str) -> None:
        self._agents.change(key, _reply)

    def lose(self) -> None:
        """Have other, shorter conversations in their place."""
        self._agents.lose_store(*self.read)

    def _begun(self, text: str) -> None:
        self.outcomes.executed[text] += 1

    def _at_tail(self, conversation: Conversation) -> None:
        if conversation.messages and not conversation.settlements:
            here = self._agents.conversations.items()
            for path in [path for path, each in here if each is conversation]:
                self.at_tail(path)


class _Agents(AgentServer):
    def __init__(
        self,
        begun: Callable[[str], None],
        at_tail: Callable[[Conversation], None],
        tls: trustme.CA | None,
    ) -> None:
        super().__init__(begun, tls=tls or False)
        self._at_tail = at_tail

    def _wait(self, conversation: Conversation, at: int, connection: Connection) -> None:
        if at == len(conversation.batches):
            self._at_tail(conversation)
        super()._wait(conversation, at, connection)


def _reply(conversation: Conversation) -> None:
    (asked,) = conversation.messages
    sent = str(asked["submissionId"])
    begun: Json = message(sent, "assistant", f"echo {asked['parts'][0]['text']}")
    conversation.add(begun)
    conversation.settle(sent, answeredBySubmissionId=sent)
