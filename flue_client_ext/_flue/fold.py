"""The reducer of conversations: chunks of `view=updates` in, the snapshot of `view=history` out.

Pure: plain JSON in, plain JSON out, no I/O. A stream of chunks may be cut anywhere and read again:
a chunk whose position is not after the latest is a redelivery, which changes nothing. A chunk of an
unknown type changes nothing either. One reducer serves the servers of 2.x and those of the last
betas, which name no incarnation and have other metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from ..errors import FlueProtocolError
from . import chunk_content as content
from .growing_message import Json
from .messages import Messages

_MALFORMED = (KeyError, TypeError, AttributeError, RecursionError)
_EMPTY: Json = {"v": 1, "messages": [], "settlements": []}


class Fold:
    """A conversation as it stands after the chunks that were applied.

    Starts empty, before offset `-1`, or from a snapshot. The chunks and snapshots that it takes and
    returns must not be modified: they share what did not change.

    `offset` moves past a whole batch, since no chunk has an offset. `superseded` says that a chunk
    of another stream has come from the same address: the server has lost or replaced its store.
    Then nothing changes any more; the caller reads the history again and begins a new fold.
    """

    def __init__(self, snapshot: Json | None = None) -> None:
        self.superseded = False
        self.offset: str | None = None
        self.incarnation: str | None = None
        self._conversation_id: str | None = None
        self._batch: float = -1
        self._index: float = -1
        self._messages = Messages([])
        self._settlements: dict[str, Json] = {}
        self._pending: tuple[str, ...] | None = None
        try:
            self._replace(_EMPTY if snapshot is None else snapshot)
        except _MALFORMED as error:
            raise FlueProtocolError(f"malformed snapshot of a conversation: {error!r}") from None

    @property
    def pending(self) -> tuple[str, ...]:
        """The submissions that have a message but no settlement, in the order of the messages."""
        if self._pending is None:
            asked = self._messages.submissions()
            self._pending = tuple(id for id in asked if id not in self._settlements)
        return self._pending

    @property
    def busy(self) -> bool:
        """Whether the server has work to do: unsettled submissions decide it, not open text."""
        return bool(self.pending)

    def snapshot(self) -> Json:
        """Return what `view=history` says at this offset.

        The cost is that of the changes since the last call, and of a copy of the list of messages.
        Messages that did not change are the same objects; a returned snapshot never changes.
        """
        named = {
            "conversationId": self._conversation_id,
            "offset": self.offset,
            "incarnation": self.incarnation,
        }
        return {
            **self._others,
            **{name: value for name, value in named.items() if value is not None},
            "messages": self._messages.views(),
            "settlements": [*self._settlements.values()],
        }

    def apply_batch(self, chunks: Iterable[Json], offset: str) -> bool:
        """Apply the chunks of a whole batch and move past it; return whether any changed it."""
        changed = False
        for chunk in chunks:
            changed = self.apply(chunk) or changed
        if not self.superseded:
            self.offset = offset
        return changed

    def apply(self, chunk: Json) -> bool:
        """Apply one chunk; return whether it has changed the messages or settlements.

        Raises `FlueProtocolError` if the chunk is of a known type and breaks the protocol.
        """
        try:
            effect = self._effects.get(chunk["type"])
            if effect is None or self.superseded:
                return chunk["type"] == "stream-checkpoint" and self._checkpoint(chunk)
            position = chunk["position"]
            batch, index = position["batch"], position["index"]
            if chunk["conversationId"] != self._conversation_id:
                if not self._enters(chunk):
                    return False
            elif batch < self._batch or (batch == self._batch and index <= self._index):
                return False
            changed = effect(self, chunk)
            self._batch, self._index = batch, index
            return changed
        except _MALFORMED as error:
            what = f"malformed chunk of a conversation: {error!r}"
            raise FlueProtocolError(what, offset=self.offset) from None

    def _enters(self, chunk: Json) -> bool:
        """Whether a chunk that names another conversation belongs to this stream.

        Only a reset may lead to another conversation. On servers that name no incarnation (the
        betas), nothing else shows that the store was lost.
        """
        if self._conversation_id is None:
            self._conversation_id = chunk["conversationId"]
        elif chunk["type"] != "conversation-reset":
            self.superseded = True
        return not self.superseded

    def _checkpoint(self, chunk: Json) -> bool:
        if self.incarnation is None:
            self.incarnation = chunk["incarnation"]
        elif chunk["incarnation"] != self.incarnation:
            self.superseded = True
        return False

    def _replace(self, snapshot: Json) -> None:
        """Begin again with `snapshot`. A snapshot inside a stream names no incarnation."""
        self._messages = Messages(snapshot["messages"])
        self._settlements = {each["submissionId"]: each for each in snapshot["settlements"]}
        self._pending = None
        self._others = {**snapshot}
        del self._others["messages"], self._others["settlements"]
        self._conversation_id = self._others.pop("conversationId", self._conversation_id)
        self.offset = self._others.pop("offset", self.offset)
        self.incarnation = self._others.pop("incarnation", self.incarnation)

    def _conversation_reset(self, chunk: Json) -> bool:
        self._replace(chunk["snapshot"])
        return True

    def _message_appended(self, chunk: Json) -> bool:
        self._pending = None
        return self._messages.put(chunk["message"])

    def _message_started(self, chunk: Json) -> bool:
        self._pending = None
        return self._messages.begin(content.started_message(chunk, beta=self._is_beta))

    @property
    def _is_beta(self) -> bool:
        return self.incarnation is None

    def _message_delta(self, chunk: Json) -> bool:
        return self._messages.append(chunk["messageId"], chunk["kind"], chunk["delta"])

    def _message_metadata(self, chunk: Json) -> bool:
        metadata = chunk["metadata"]
        return self._messages.change(chunk["messageId"], lambda m: m.merge_metadata(metadata))

    def _data_part(self, chunk: Json) -> bool:
        part = content.data_part(chunk)
        return self._messages.change(chunk["messageId"], lambda m: m.put_data(part))

    def _tool_input(self, chunk: Json) -> bool:
        call = content.tool_call(chunk)
        return self._messages.add_call(chunk["messageId"], call)

    def _tool_output(self, chunk: Json) -> bool:
        return self._messages.finish_call(chunk["toolCallId"], content.tool_output(chunk))

    def _tool_output_error(self, chunk: Json) -> bool:
        return self._messages.finish_call(chunk["toolCallId"], content.tool_error(chunk))

    def _message_completed(self, chunk: Json) -> bool:
        usage = chunk.get("usage") if self._is_beta else None
        return self._messages.change(chunk["messageId"], lambda m: m.complete(usage))

    def _submission_settled(self, chunk: Json) -> bool:
        self._pending = None
        self._settlements[chunk["submissionId"]] = content.settlement(chunk)
        return True

    _effects: ClassVar[dict[object, Callable[[Any, Json], bool]]] = {
        "conversation-reset": _conversation_reset,
        "message-appended": _message_appended,
        "message-started": _message_started,
        "message-delta": _message_delta,
        "message-metadata": _message_metadata,
        "data-part": _data_part,
        "tool-input": _tool_input,
        "tool-output": _tool_output,
        "tool-output-error": _tool_output_error,
        "message-completed": _message_completed,
        "submission-settled": _submission_settled,
    }
