"""The messages of a conversation while chunks change them, found by id and by tool call.

Knows the order of the messages and nothing of settlements, positions and offsets.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence

from .growing_message import GrowingMessage, Json


class Messages:
    """Each method returns whether it changed a message; unknown ids and calls change nothing."""

    def __init__(self, messages: Sequence[Json]) -> None:
        self._all: list[GrowingMessage] = []
        self._views: list[Json] = []
        self._changed: set[GrowingMessage] = set()
        self._by_id: dict[str, GrowingMessage] = {}
        self._holders: dict[str, list[int]] = {}
        """The indexes of the messages that have a tool call, by its id, in order."""
        for message in messages:
            self._add(message)

    def views(self) -> list[Json]:
        """Return the messages as they stand. Those that did not change are the same objects."""
        for message in self._changed:
            self._views[message.at] = message.view()
        self._changed.clear()
        return self._views.copy()

    def submissions(self) -> list[str]:
        """Return the ids of the submissions that have a message, in the order of the messages."""
        ids = (view.get("submissionId") for view in self._views)
        return [*dict.fromkeys(id for id in ids if isinstance(id, str) and id)]

    def put(self, message: Json) -> bool:
        """Replace the message with the same id, or append a new one."""
        known = self._by_id.get(message["id"])
        if known is None:
            return self._add(message)
        replaced = GrowingMessage(known.at, message)
        self._all[known.at] = self._by_id[message["id"]] = replaced
        self._views[known.at] = message
        self._changed.discard(known)
        for call_id in known.calls:
            if known.at in (holders := self._holders.get(call_id, [])):
                holders.remove(known.at)
        for call_id in replaced.calls:
            self._hold(call_id, replaced)
        return True

    def begin(self, message: Json) -> bool:
        """Add `message`, unless its id is there: its next step begins."""
        return message["id"] not in self._by_id and self._add(message)

    def append(self, id: str, kind: str, delta: str) -> bool:
        message = self._by_id.get(id)
        if message is None or not message.append(kind, delta):
            return False
        self._changed.add(message)
        return True

    def change(self, id: str, change: Callable[[GrowingMessage], bool]) -> bool:
        """Apply `change` to the message `id`."""
        message = self._by_id.get(id)
        return message is not None and self._apply(change, message)

    def add_call(self, id: str, call: Json) -> bool:
        """Add a tool call to the message `id`, unless that has it."""
        message = self._by_id.get(id)
        if message is None or not self._apply(lambda message: message.add_call(call), message):
            return False
        self._hold(call["toolCallId"], message)
        return True

    def finish_call(self, call_id: str, outcome: Json) -> bool:
        """Set the outcome of a tool call in the latest message that has the call."""
        holders = self._holders.get(call_id)
        if not holders:
            return False
        message = self._all[holders[-1]]
        return self._apply(lambda message: message.finish_call(call_id, outcome), message)

    def _apply(self, change: Callable[[GrowingMessage], bool], message: GrowingMessage) -> bool:
        if not change(message):
            return False
        self._changed.add(message)
        return True

    def _add(self, message: Json) -> bool:
        added = GrowingMessage(len(self._all), message)
        self._by_id.setdefault(message["id"], added)
        for call_id in added.calls:
            self._hold(call_id, added)
        self._all.append(added)
        self._views.append(message)
        return True

    def _hold(self, call_id: str, message: GrowingMessage) -> None:
        insort(self._holders.setdefault(call_id, []), message.at)
