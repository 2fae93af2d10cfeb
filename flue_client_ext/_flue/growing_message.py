"""One message of a conversation while chunks change it, as plain JSON.

Knows the parts of a message and nothing of the conversation around it. Never modifies an object
that it took or returned: a change makes new ones. The cost of a change does not grow with the
message.
"""

from __future__ import annotations

from typing import Any

from .._values.jsoncodec import as_object
from .growing_text import GrowingText

Json = dict[str, Any]

_TEXTS = ("text", "reasoning")
_REFUSED_KEYS = frozenset({"__proto__", "constructor", "prototype"})


class GrowingMessage:
    """The message with the index `at` in its conversation. Methods return whether they changed
    it."""

    __slots__ = (
        "_fields",
        "_indexes",
        "_kind",
        "_merged",
        "_metadata",
        "_parts",
        "_text",
        "_unfinished",
        "at",
    )

    def __init__(self, at: int, message: Json) -> None:
        self.at = at
        self._fields = message
        self._parts: list[Json] = []
        self._indexes: dict[tuple[str, str | None], list[int]] = {}
        """The indexes of the parts of each tool call and each data name."""
        self._unfinished: list[int] = []
        """The indexes of the text and reasoning parts that are not done."""
        self._kind: str | None = None
        self._text: GrowingText | None = None
        """The last part's type and text while deltas may be appended to it."""
        self._metadata: Json | None = None
        """A copy of the metadata that updates are merged into; nobody else has it."""
        self._merged = False
        """Whether there is more in it than is shown."""
        for part in message["parts"]:
            self._add(part)
        if self._parts:
            self._resume(self._parts[-1])

    def _resume(self, last: Json) -> None:
        if last.get("state") == "streaming" and isinstance(text := last.get("text"), str):
            self._kind, self._text = last["type"], GrowingText(text)

    def view(self) -> Json:
        """Return the message as it stands: a new object."""
        self._flush()
        self._show_metadata()
        return {**self._fields, "parts": self._parts.copy()}

    def append(self, kind: Any, delta: str) -> bool:
        """Append to the last part if it is a streaming one of `kind`, else begin a new part."""
        if self._text is not None and kind == self._kind:
            self._text.append(delta)
            return delta != ""
        if not isinstance(kind, str):
            raise TypeError("the kind of a delta is a string")
        text = GrowingText()
        text.append(delta)
        self._close()
        self._add({"type": kind, "text": "", "state": "streaming"})
        self._kind, self._text = kind, text
        return True

    def add_call(self, call: Json) -> bool:
        """Add a tool part, unless the message has that call."""
        if self.has_call(call["toolCallId"]):
            return False
        self._close()
        self._add(call)
        return True

    @property
    def calls(self) -> list[Any]:
        """The ids of the tool calls that it has."""
        return [id for kind, id in self._indexes if kind == "dynamic-tool"]

    def has_call(self, call_id: str) -> bool:
        return ("dynamic-tool", call_id) in self._indexes

    def finish_call(self, call_id: str, outcome: Json) -> bool:
        """Set the outcome of a call; it replaces an earlier one."""
        for index in self._indexes["dynamic-tool", call_id]:
            call = {k: v for k, v in self._parts[index].items() if k not in ("output", "errorText")}
            self._parts[index] = {**call, **outcome}
        return True

    def put_data(self, part: Json) -> bool:
        """Replace the data part of the same name, or append a new one."""
        indexes = self._indexes.get((part["type"], None))
        if indexes is not None:
            self._parts[indexes[0]] = part
            return True
        self._stop_appending()  # an open text stays open, but a delta begins a new part
        self._add(part)
        return True

    def merge_metadata(self, metadata: Json) -> bool:
        """Merge objects recursively; later values win."""
        _merge(self._own_metadata(), metadata)
        return True

    def complete(self, usage: Json | None = None) -> bool:
        """Mark every text and reasoning part as done. `usage` is the betas'."""
        unfinished, self._unfinished = self._unfinished, []
        if self._kind in _TEXTS:
            self._stop_appending()
        for index in unfinished:
            self._parts[index] = {**self._parts[index], "state": "done"}
        if usage:
            self._own_metadata()["usage"] = _copied(usage)
        return bool(unfinished or usage)

    def _own_metadata(self) -> Json:
        """Return the metadata to be changed."""
        if self._metadata is None:
            copied: Json = _copied(self._fields.get("metadata") or {})
            self._metadata = copied
        self._merged = True
        return self._metadata

    def _show_metadata(self) -> None:
        if self._merged:
            self._fields = {**self._fields, "metadata": _copied(self._metadata)}
            self._merged = False

    def _close(self) -> None:
        """End the last part if it is a streaming one: something else follows it."""
        kind = self._kind
        self._stop_appending()
        if kind in _TEXTS:
            self._parts[-1] = {**self._parts[-1], "state": "done"}
            self._unfinished.pop()

    def _stop_appending(self) -> None:
        """Append no more deltas to the last part."""
        self._flush()
        self._kind = self._text = None

    def _flush(self) -> None:
        """Write the text that deltas have added into the last part."""
        if self._text is not None:
            self._parts[-1] = {**self._parts[-1], "text": self._text.value()}

    def _add(self, part: Json) -> None:
        index, kind = len(self._parts), part["type"]
        if kind not in _TEXTS:
            self._indexes.setdefault((kind, part.get("toolCallId")), []).append(index)
        elif part.get("state") != "done":
            self._unfinished.append(index)
        self._parts.append(part)


def _merge(known: Json, update: Json) -> None:
    """Merge `update` into `known`. No recursion, since a server chooses the depth."""
    open_objects = [(known, update)]
    while open_objects:
        target, source = open_objects.pop()
        for key, value in source.items():
            if key in _REFUSED_KEYS:
                continue
            current = target.get(key)
            if isinstance(current, dict) and isinstance(value, dict):
                open_objects.append((current, as_object(value)))  # pyright: ignore[reportUnknownArgumentType]
            else:
                target[key] = _copied(value)


def _copied(value: Any) -> Any:
    """A copy of the objects in `value`; arrays are shared, since nothing is merged into them."""
    if not isinstance(value, dict):
        return value
    copy: Json = {}
    open_objects = [(copy, as_object(value))]
    while open_objects:
        target, source = open_objects.pop()
        for key, inner in source.items():
            if isinstance(inner, dict):
                target[key] = {}
                open_objects.append((target[key], as_object(inner)))
            else:
                target[key] = inner
    return copy
