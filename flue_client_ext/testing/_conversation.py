"""What an agent's function is handed beside the message: the words for its answer, and waiting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ._clock import Clock
from ._ids import ulid
from ._joins import Joins
from ._message import Message
from ._model import ToolCall, checked
from ._response import Kind, Response
from ._rules import SECONDS, TEXT, Rule

#: What may be emitted.
CHUNK = Rule(
    "a mapping with a type, a str", (Mapping,), lambda chunk: isinstance(chunk.get("type"), str)
)
Deltas = str | Iterable[str]
Data = Mapping[str, Any] | Sequence[tuple[str, Any]]


class ModelError(Exception):
    """Raised by an agent's function: the model has failed, and its words are the reason.

    `error` is the settlement's error in full, if it is to be another than `operation_failed`.
    """

    def __init__(self, reason: str = "", *, error: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.error = error


class ConversationContext:
    """The `conversation` of an agent's function; safe to use from any thread that it starts."""

    def __init__(
        self, response: Response, joins: Joins, submission_id: str, initial_data: Any
    ) -> None:
        self.id = response.log.row.id
        self.agent = response.log.row.agent
        self.submission_id = submission_id
        self.initial_data = initial_data
        self._response = response
        self._joins = joins

    @property
    def clock(self) -> Clock:
        """The server's clock."""
        return self._response.log.clock

    @property
    def messages(self) -> list[dict[str, Any]]:
        """All messages so far, as the snapshot has them."""
        messages: list[dict[str, Any]] = self._response.log.snapshot()["messages"]
        return messages

    @property
    def text(self) -> str:
        """The text of this response so far; after a restart, what was said before it too."""
        return self._response.text

    @property
    def joined(self) -> tuple[Message, ...]:
        """The messages that have joined this response, which a model would see as well."""
        return tuple(self._joins.messages)

    def reply(
        self,
        text: Deltas = (),
        *,
        reasoning: Deltas = (),
        calls: Sequence[ToolCall] = (),
        data: Data = (),
        metadata: Mapping[str, Any] | None = None,
        usage: Mapping[str, int] | None = None,
        pace: float = 0.0,
        retried: bool = False,
    ) -> str:
        """Let the model take a step of the response, and return its text.

        Deltas may be an iterator, which is asked for each when its time has come; `pace` is seconds
        before each. `data` are data parts in the order in which they are written. `usage` counts
        tokens (`input`, `output`, ...), which servers before 2.0 tell. A step that is `retried`
        fails behind its last delta: in 2.x the next one takes back what it has said.
        """
        SECONDS.check("pace", pace)
        checked(calls)
        self._joins.answered()
        if metadata:
            self._response.metadata(metadata)
        self._response.begin()
        self._deltas("reasoning", reasoning, pace)
        said = self._deltas("text", text, pace)
        if retried:
            self._response.fail_attempt()
        else:
            self._call(calls, data, usage or {})
        self._joins.take()
        return said

    def _deltas(self, kind: Kind, deltas: Deltas, pace: float) -> str:
        said: list[str] = []
        for delta in _in_deltas(deltas):
            TEXT.check("a delta", delta)
            if pace:
                self.sleep(pace)
            self._response.delta(kind, delta)
            said.append(delta)
        return "".join(said)

    def _call(self, calls: Sequence[ToolCall], data: Data, usage: Mapping[str, int]) -> None:
        """End the step; its tools have been asked for within it, and answer behind it."""
        named = [(ulid("call", self.clock.time()), call) for call in calls]
        for call_id, call in named:
            self._response.call(call_id, call)
        self._response.complete(usage)
        for name, value in data.items() if isinstance(data, Mapping) else data:
            self.data(name, value)
        if named:
            self._response.outcomes(named)

    def data(self, name: str, value: Any) -> None:
        """Write a data part: one of each name, with its last value."""
        TEXT.check("name", name)
        self._response.data(name, value)

    def metadata(self, values: Mapping[str, Any]) -> None:
        """Merge into the metadata of the response's message."""
        self._response.metadata(values)

    def emit(self, chunk: Mapping[str, Any]) -> None:
        """Write any chunk, known to Flue or not; it needs a `type`. On beta.3 it is an event.

        `conversationId` and `position` are added, to an event its number and where it belongs. What
        is not known changes no snapshot.
        """
        CHUNK.check("chunk", chunk)
        self._response.write({"type": chunk["type"], **chunk})

    def compact(self) -> None:
        """Send readers the whole state anew, as a server does that has compacted its context."""
        self._response.compact()

    def flush(self) -> None:
        """Publish deltas that are being held back (see `LocalFlue(delta_hold=...)`)."""
        self._response.log.flush()

    def sleep(self, seconds: float) -> None:
        """Block for `seconds` of the server's clock; an abort ends the wait and the function."""
        self._response.halt.wait(seconds)

    async def asleep(self, seconds: float) -> None:
        """Do the same in an async function."""
        await self._response.halt.wait_async(seconds)


def _in_deltas(deltas: Deltas) -> Iterable[str]:
    """Take a text for one delta, not for as many as it has characters."""
    if isinstance(deltas, str):
        return (deltas,) if deltas else ()
    return deltas
