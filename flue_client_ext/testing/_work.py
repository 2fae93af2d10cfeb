"""One submission at work: its agent's function runs in a thread of its own, until it settles."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections.abc import Callable
from traceback import walk_tb
from typing import Any

from ._agents import Agent
from ._conversation import ConversationContext, ModelError
from ._conversation_store import ConversationStore
from ._conversations import Conversation
from ._dialect import Dialect
from ._entries import abort_error
from ._halt import Stopped
from ._joins import Joins, deliver
from ._message import Message

_log = logging.getLogger("flue_client.testing")
#: What Python says where a value is raised that is no exception.
_NO_EXCEPTION = "exceptions must derive from BaseException"


class Work:
    """A submission that its agent answers, with all that joins it."""

    def __init__(
        self,
        agent: Agent,
        conversation: Conversation,
        submission_id: str,
        store: ConversationStore,
        dialect: Dialect,
        ended: Callable[[], None],
    ) -> None:
        log, waiting = conversation.log, conversation.waiting
        self._agent = agent
        self._store = store
        self._id = submission_id
        self._ended = ended
        self._response = dialect.response(log, submission_id, agent.model)
        joins = agent.joins and dialect.joins
        self.joins = Joins(self._response, submission_id, waiting, store, allowed=joins)
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
            message = deliver(self._response, self._store, self._id)
            self._response.delivered()
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
            told = dict(error.error or self._response.model_error(str(error)))
            self._fail(told, str(error) or str(told.get("message")))
        except BaseException as error:  # whatever ends the function ends the submission only
            _log.warning("agent %s failed in %s", self._agent.name, self._id, exc_info=error)
            self._fail({**self._response.internal_error(), **_misuse(error)})

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

    def _fail(self, error: dict[str, Any], reason: str | None = None) -> None:
        """Settle as failed. A model with a reason has ended a step, where what waits joins it."""
        try:
            with self._response.log.lock:
                if reason is not None:
                    self._response.break_off(reason)
                    self.joins.take()
                self._settle(error)
        except Stopped:
            pass

    def _settle(self, error: dict[str, Any] | None) -> None:
        """Settle all that has joined, then the host; let the next one begin."""
        with self._response.log.lock:
            self._response.complete()
            for submission_id in (*self.joins.ids, self._id):
                self._response.settle(submission_id, error)
                self._store.move(submission_id, "settled")
            self._response.halt.stop()
            self._ended()

    def abort(self) -> None:
        """End it as aborted, here and now; the function finds out at its next word."""
        with self._response.log.lock:
            self._response.abort()
            self._settle(abort_error())


async def _awaited(result: Any) -> Any:
    return await result


def _misuse(error: BaseException) -> dict[str, str]:
    """Name an error that says how the function has misused this package; of others, nothing.

    Only the function's author can read it, unlike what a real server keeps to itself.
    """
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    told = str(error)
    if isinstance(error, TypeError) and told == _NO_EXCEPTION:
        told = f"what is raised must be an exception: ModelError is that of {__package__}"
    elif frames[-1].f_globals.get("__package__") != __package__:
        return {}
    return {"name": type(error).__name__, "message": told}
