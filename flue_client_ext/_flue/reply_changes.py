"""The changes of a reply that comes in pieces: text that grows, tools, data, and retracted text.

Pure. Compares the reply as it stands with what was shown of it, and knows nothing of chunks. So the
changes are right after deltas, after a reset, and after the history was read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._values.jsoncodec import same
from .fold import Fold
from .growing_message import Json
from .reply import BLANK_LINE, find_settlement, parts_of, read_reply, running_reply, text_of
from .reply_change import (
    DataUpdate,
    ReasoningDelta,
    ReplyChange,
    Retracted,
    TextDelta,
    ToolCall,
    ToolResult,
)
from .usage import reply_usage

_TEXTS = ("text", "reasoning")
_Key = tuple[str, int]
"""A tool call or a data part, and which of those of the same name."""


class ReplyChanges:
    """Shows the reply of one submission as it changes.

    `text` is the text to display: all `TextDelta`s since the last `Retracted`, joined, and in the
    end the text of the reply. Nothing is shown while the submission waits for its turn. Once it has
    joined a running response, it shows that response from its beginning: the response will be its
    reply too. On the betas each step has a message of its own, and the last one is the reply: the
    text of a step is retracted when the next step begins.
    """

    def __init__(self, submission_id: str) -> None:
        self._submission_id = submission_id
        self._shown: dict[str, str] = dict.fromkeys(_TEXTS, "")
        self._parts: dict[_Key, Json] = {}
        self._snapshot: Json = {}

    @property
    def text(self) -> str:
        return self._shown["text"]

    @property
    def usage(self) -> Json | None:
        """The tokens and the cost of the reply as it stands; `None` where nothing tells them."""
        return reply_usage(self._snapshot, self._submission_id)

    def apply_batch(self, fold: Fold, chunks: Iterable[Json], offset: str) -> list[ReplyChange]:
        """Apply a batch to `fold`; return the changes.

        They are those of the whole batch, except that each value of a data part is a change.
        """
        changes: list[ReplyChange] = []
        for chunk in chunks:
            if fold.apply(chunk) and chunk["type"] == "data-part":
                changes += self.advance(fold.snapshot())
        fold.apply_batch((), offset)
        return changes + self.advance(fold.snapshot())

    def advance(self, snapshot: Json) -> list[ReplyChange]:
        """Return the changes from what was shown before to `snapshot`."""
        self._snapshot = snapshot
        settlement = find_settlement(snapshot, self._submission_id)
        if settlement is not None and settlement.get("outcome") == "completed":
            reply = read_reply(snapshot, self._submission_id)
            parts, text = parts_of(reply.message), reply.text
        else:
            parts = parts_of(running_reply(snapshot, self._submission_id))
            text = text_of(parts)
        reasoning = text_of(parts, "reasoning")
        if settlement is None:
            text, reasoning = _whole(text), _whole(reasoning)
        return [*self._retracted(text, reasoning), *self._changes(parts, text, reasoning)]

    def _retracted(self, text: str, reasoning: str) -> Iterator[ReplyChange]:
        whole = {"text": text, "reasoning": reasoning}
        if not all(whole[kind].startswith(shown) for kind, shown in self._shown.items()):
            self._shown = dict.fromkeys(_TEXTS, "")
            yield Retracted()

    def _changes(self, parts: list[Json], text: str, reasoning: str) -> Iterator[ReplyChange]:
        """Show what is new, in the order of the parts."""
        whole = {"text": text, "reasoning": reasoning}
        ends = dict.fromkeys(_TEXTS, -len(BLANK_LINE))
        before, self._parts = self._parts, {}
        counts: dict[str, int] = {}
        for part in parts:
            kind, call_id = part.get("type"), part.get("toolCallId")
            if not isinstance(kind, str):
                continue  # of a later server, or of none
            if kind in ends and isinstance(part.get("text"), str):
                ends[kind] += len(BLANK_LINE) + len(part["text"])
                yield from self._grown(kind, whole[kind], ends[kind])
            elif kind == "dynamic-tool" and isinstance(call_id, str):
                yield from _tool_changes(self._keep(call_id, part, before, counts), part)
            elif kind.startswith("data-"):
                yield from _data_changes(self._keep(kind, part, before, counts), part)
        for kind, string in whole.items():
            yield from self._grown(kind, string, len(string))

    def _grown(self, kind: str, whole: str, end: int) -> Iterator[ReplyChange]:
        """Show `whole` up to `end`."""
        start = len(self._shown[kind])
        if delta := whole[start:end]:
            self._shown[kind] = whole[:end]
            yield TextDelta(delta) if kind == "text" else ReasoningDelta(delta)

    def _keep(
        self, name: str, part: Json, before: Mapping[_Key, Json], counts: dict[str, int]
    ) -> Json | None:
        """Keep `part` as the one that is shown; return the one that was shown in its place.
        `counts`: how many of each name there are so far."""
        key = name, counts.get(name, 0)
        counts[name] = key[1] + 1
        self._parts[key] = part
        return before.get(key)


def _tool_changes(before: Json | None, call: Json) -> Iterator[ReplyChange]:
    if before is call:
        return
    if before is None:
        yield ToolCall(call.get("toolName", ""), call["toolCallId"], call.get("input"))
    result = _result(call)
    if result is not None and (before is None or not _same_result(result, _result(before))):
        yield result


def _result(call: Json) -> ToolResult | None:
    state = call.get("state")
    if not (isinstance(state, str) and state.startswith("output-")):
        return None
    took = call.get("durationMs")
    return ToolResult(call["toolCallId"], call.get("output"), call.get("errorText"), took)


def _same_result(one: ToolResult, other: ToolResult | None) -> bool:
    return other is not None and same(_told(one), _told(other))


def _told(result: ToolResult) -> list[Any]:
    return [result.output, result.error, result.duration_ms]


def _data_changes(before: Json | None, part: Json) -> Iterator[ReplyChange]:
    if before is None or not same(before, part):
        yield DataUpdate(part["type"].removeprefix("data-"), part.get("data"))


def _whole(text: str) -> str:
    """Remove a high surrogate at the end, which is half a character, until more text comes."""
    return text[:-1] if "\ud800" <= text[-1:] <= "\udbff" else text
