"""What one server has, and what its application, its waiting reads and its faults may do with it.

It knows nothing of how requests are handled. The injector stands above it, because it holds faults
and they take the state; the application takes both.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from . import _errors as errors
from ._agents import Agents
from ._clock import Clock, asleep
from ._conversations import Conversation, Conversations
from ._dialect import Dialect, Generation
from ._listeners import until
from ._request import Request
from ._runs import Runs
from ._server import Listener
from ._submissions import Submissions
from ._workflows import Workflow


class ServerState:
    """The clock, runs, workflows, conversations, agents, limits and observers of one server."""

    def __init__(
        self,
        runs: Runs,
        conversations: Conversations,
        dialect: Dialect,
        *,
        generation: Generation | None,
        token: str | None,
        prefix: str,
        hold: float,
        heartbeat: float,
        page_size: int,
    ) -> None:
        self.runs = runs
        self.conversations = conversations
        self.dialect = dialect
        self.generation = generation
        self.agents = Agents(dialect)
        self.submissions = Submissions(conversations, self.agents, dialect)
        self.token = token
        self.prefix = f"/{prefix.strip('/')}".rstrip("/")
        self.hold = hold
        self.heartbeat = heartbeat
        self.page_size = page_size
        self.workflows: dict[str, Workflow] = {}
        #: The last requests, oldest first: what a client has really sent.
        self.requests: deque[Request] = deque(maxlen=10_000)
        #: Called with each request and the status of its answer.
        self.on_answer: list[Callable[[Request, int], None]] = []
        #: Called with a run id and each event that is stored, before `wait` returns.
        self.on_event = runs.observers
        #: Called with an agent, a conversation's id and each chunk, before `settled` returns.
        self.on_chunk = conversations.observers
        self._listener: Listener | None = None

    @property
    def serves_workflows(self) -> bool:
        """Whether there are workflows and runs; Flue 2.x has none."""
        if self.generation is None:
            return bool(self.workflows) or not self.agents
        return not self.dialect.mounted

    @property
    def clock(self) -> Clock:
        """The clock that drives every wait, for the server's whole life."""
        return self.runs.clock

    def listener(self) -> Listener:
        """Return the listener, or say that there is none."""
        if self._listener is None:
            raise RuntimeError("this server does not listen: use `with server.run() as url`")
        return self._listener

    def disconnect(self) -> None:
        """Cut every open connection, as a restarting proxy does; runs and listening go on."""
        self.listener().drop()

    async def refuse_for(self, seconds: float) -> None:
        """Refuse every connect for some seconds; for faults, on the serving loop."""
        listener = self.listener()
        await listener.refuse()
        listener.later(asleep(self.clock, seconds), listener.accept)

    def drop_stream(self, run_id: str, *, keep: int = 0) -> None:
        """Lose a run's stored events but the first few; its record and its end stay."""
        self.record(run_id)
        self.runs.store.truncate(run_id, keep)

    def forget(self, run_id: str) -> None:
        """Lose a run altogether: every read of it is a 404 from now on."""
        self.record(run_id)
        self.runs.store.forget(run_id)
        self.runs.changed(run_id)

    def run_ids(self) -> list[str]:
        """Return the ids of all runs, oldest first: how a test counts executions."""
        return self.runs.store.run_ids()

    def record(self, run_id: str) -> dict[str, Any]:
        """Return a run's record, as `?meta` answers it; `KeyError` for an unknown run."""
        return self.runs.record(run_id)

    def events(self, run_id: str) -> list[dict[str, Any]]:
        """Return all of a run's stored events; `KeyError` for an unknown run."""
        return self.runs.events(run_id)

    def wait(self, run_id: str, timeout: float | None = 10.0) -> dict[str, Any]:
        """Block until a run has ended and return its record; `TimeoutError` after real seconds
        (`None`: never).

        It has ended when the `on_event` observers of its last event have returned. An observer may
        wait for other runs, and for its own once that has ended.
        """
        subscribe = partial(self.runs.subscribe, run_id)
        until(lambda: self.runs.ended(run_id), subscribe, f"{run_id} has not ended", timeout)
        return self.record(run_id)

    def conversation_ids(self, agent: str) -> list[str]:
        """Return the ids of all conversations with an agent, oldest first."""
        every = self.conversations.store.rows()
        keys = [row.key for row in every if row.agent == agent]
        return [key[1] for key in keys if (one := self.conversations.find(key)) and one.born]

    def snapshot(self, agent: str, conversation: str) -> dict[str, Any]:
        """Return a conversation as a read of its history answers it; `KeyError` for an unknown.

        A server of beta.3 answers no such read, and this is in the form of beta.8.
        """
        return self._conversation(agent, conversation).log.snapshot()

    def submission_ids(self, agent: str, conversation: str) -> list[str]:
        """Return the ids of what was sent to a conversation: how a test counts messages."""
        key = self._conversation(agent, conversation).log.row.key
        return [one.id for one in self.conversations.store.submissions(key)]

    def settled(
        self, agent: str, conversation: str, submission_id: str, timeout: float | None = 10.0
    ) -> dict[str, Any]:
        """Block until a submission has settled and return its settlement; `TimeoutError` after real
        seconds (`None`: never)."""
        log = self._conversation(agent, conversation).log
        subscribe = partial(self.conversations.subscribe, log.row.key)
        unsettled = f"{submission_id} has not settled"
        until(
            lambda: log.settlement(submission_id) is not None,
            subscribe,
            unsettled,
            timeout,
        )
        self.on_chunk.wait(timeout)
        return log.settlement(submission_id) or {}

    def drop_conversation(self, agent: str, conversation: str, *, keep: int = 0) -> None:
        """Lose a conversation as a server does whose store is lost; `KeyError` for an unknown one.

        With `keep`, its first batches are those of another stream by the same name: older offsets
        are behind its head, or mean other content.
        """
        self._conversation(agent, conversation)
        self.conversations.lose((agent, conversation), keep)

    def _conversation(self, agent: str, conversation: str) -> Conversation:
        found = self.conversations.find((agent, conversation))
        if found is None or not found.born:
            raise KeyError(f"this server has no conversation {conversation!r} with {agent!r}")
        return found

    def asked(self, request: Request) -> None:
        """Note a request (called for each)."""
        self.requests.append(request)

    def answered(self, request: Request, status: int) -> None:
        """Note an answer's head (called for each)."""
        for observer in self.on_answer:
            observer(request, status)

    def authorize(self, request: Request) -> None:
        """Raise the refusal of a request without the right token, as common middleware words it."""
        if (
            self.token is not None
            and request.headers.get("authorization") != f"Bearer {self.token}"
        ):
            raise errors.unauthorized()
