"""One submission at work: its agent's function runs in a thread of its own, until it settles."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections.abc import Callable
from typing import Any

from . import _entries as entries
from ._agents import Agent
from ._conversation import ConversationContext, ModelError
from ._conversation_store import ConversationStore
from ._conversations import Conversation
from ._halt import Stopped
from ._joins import Joins, deliver
from ._message import Message
from ._response import Response

_log = logging.getLogger("flue_client.testing")


class Work:
    """A submission that its agent answers, with all that joins it."""

    def __init__(
        self,
        agent: Agent,
        conversation: Conversation,
        submission_id: str,
        store: ConversationStore,
        ended: Callable[[], None],
    ) -> None:
        log, waiting = conversation.log, conversation.waiting
        self._agent = agent
        self._store = store
        self._id = submission_id
        self._ended = ended
        self._response = Response(log, submission_id)
        self.joins = Joins(self._response, submission_id, waiting, store, allowed=agent.joins)
        self._context = ConversationContext(
            self._response, self.joins, submission_id, conversation.seed
        )

    def start(self, *, resumed: bool) -> None:
        """Begin; `resumed` when a process that has ended had begun before."""
        name = f"flue-{self._agent.name}-{self._id[-6:]}"
        run = self._resume if resumed else self._begin
        threading.Thread(target=self._run, args=(run,), name=name, daemon=True).start()

    def _begin(self) -> Message:
        log = self._response.log
        with log.lock:
            first = log.head == 0
            message = deliver(self._response, self._store, self._id)
            for _ in range(2 if first else 1):  # what the runtime records for itself
                self._response.write()
        return message

    def _resume(self) -> Message:
        with self._response.log.lock:
            message = deliver(self._response, self._store, self._id)
            self._response.go_on()
        return message

    def _run(self, begin: Callable[[], Message]) -> None:
        try:
            self._answer(begin())
        except Stopped:
            pass  # whoever stopped it has settled it
        except ModelError as error:
            told = error.error or entries.model_error(self._id, str(error))
            self._fail(dict(told), model=True)
        except BaseException as error:  # whatever ends the function ends the submission only
            _log.warning("agent %s failed in %s", self._agent.name, self._id, exc_info=error)
            self._fail(entries.internal_error())

    def _answer(self, message: Message) -> None:
        """Call the function, and again for what has joined behind its last step."""
        unanswered: Message | None = message
        while unanswered is not None:
            turn = self._response.turn
            result = self._called(unanswered)
            if result is not None or turn == self._response.turn:  # it has not replied by itself
                self._say(result)
            with self._response.log.lock:
                self._response.halt.check()
                self.joins.take()
                unanswered = self.joins.last()
                if unanswered is None:
                    self._settle(None)

    def _called(self, message: Message) -> Any:
        given = (message, self._context) if self._agent.takes_conversation else (message,)
        result = self._agent.function(*given)
        return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result

    def _say(self, result: Any) -> None:
        """Take what the function has returned as a step of its own, of no text if it is None."""
        if result is not None and not isinstance(result, str):
            raise TypeError(f"agent {self._agent.name!r} returned {result!r}, not a str or None")
        self._context.reply(result or ())

    def _fail(self, error: dict[str, Any], *, model: bool = False) -> None:
        """Settle as failed. A model that fails has ended a step, where what waits joins it."""
        try:
            with self._response.log.lock:
                if model:
                    self._response.begin_if_new()
                    self._response.complete()
                    self.joins.take()
                self._settle(error)
        except Stopped:
            pass

    def _settle(self, error: dict[str, Any] | None) -> None:
        """Settle all that has joined, then the host; let the next one begin."""
        with self._response.log.lock:
            self._response.complete()
            host = self._id if self._response.started else None
            for submission_id in (*self.joins.ids, self._id):
                self._response.write(entries.settled(submission_id, error, host))
                self._store.move(submission_id, "settled")
            self._response.halt.stop()
            self._ended()

    def abort(self) -> None:
        """End it as aborted, here and now; the function finds out at its next word."""
        with self._response.log.lock:
            self._response.complete()
            self._response.write(entries.aborted(self._id))
            self._settle(entries.abort_error())


async def _awaited(result: Any) -> Any:
    return await result
