"""The tree of a report: spans, with what they hold and what they consumed.

All strings in a span are of unknown origin, except `kind` and `status`. Times are milliseconds
since 1970, durations milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any, Literal

from attrs import define, field, frozen

from .._values.jsoncodec import as_object
from .reading import amount_at

Kind = Literal["run", "conversation", "operation", "turn", "tool", "task", "compaction"]
MessageKind = Literal["submission", "message", "text", "reasoning", "log", "other"]
Status = Literal["", "completed", "failed", "aborted", "running", "unfinished"]
Form = Literal["text", "data", "error"]

_EARLIEST = -62_135_596_800_000.0
"""The first moment of the calendar: a span may be said to last longer than there is time."""


@frozen
class Usage:
    """What model work consumed, in tokens and US dollars."""

    input: float = 0
    output: float = 0
    cache_read: float = 0
    cache_write: float = 0
    total: float = 0
    cost: float | None = None

    @classmethod
    def read(cls, data: Any) -> Usage | None:
        """Return the usage of an event or of a message's metadata; `None` if it says none."""
        told = as_object(data)
        names = ("input", "output", "cacheRead", "cacheWrite")
        counts = [amount_at(told, name) for name in names]
        total = amount_at(told, "totalTokens")
        if total is None and counts[0] is None and counts[1] is None:
            return None
        sent, received, cached, stored = (count or 0 for count in counts)
        spent = amount_at(as_object(told.get("cost")), "total")
        if total is None:
            total = sent + received + cached + stored
        return cls(sent, received, cached, stored, total, spent)

    def plus(self, other: Usage) -> Usage:
        spent = [cost for cost in (self.cost, other.cost) if cost is not None]
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
            self.total + other.total,
            sum(spent) if spent else None,
        )


@frozen
class Block:
    """Something to read in a span: prose, data, or an error. A `label` may be empty."""

    label: str
    text: str
    form: Form = "text"


@define(eq=False)
class Span:
    """A step of a run or a conversation.

    `duration` is what the server says, or lies between two times of the server. `extent` is filled
    in by `settle`: the times that the span and those below it have, from the first to the last.
    """

    kind: Kind | MessageKind
    name: str = ""
    label: str = ""
    start: float | None = None
    end: float | None = None
    duration: float | None = None
    status: Status = ""
    open: bool = False
    usage: Usage | None = None
    blocks: list[Block] = field(factory=list[Block])
    facts: list[tuple[str, str]] = field(factory=list[tuple[str, str]])
    children: list[Span] = field(factory=list["Span"])
    extent: tuple[float, float] | None = None

    def say(self, label: str, text: str, form: Form = "text") -> None:
        """Add a block, unless it is empty or the last one over again."""
        block = Block(label, text, form)
        if text and self.blocks[-1:] != [block]:
            self.blocks.append(block)

    def note(self, label: str, value: str | None) -> None:
        """Add a fact if it is known."""
        if value:
            self.facts.append((label, value))


def walk(root: Span) -> Iterator[tuple[int, Span]]:
    """Yield the spans below `root` in order, each with its depth from zero. No recursion."""
    waiting = [(0, child) for child in reversed(root.children)]
    while waiting:
        depth, span = waiting.pop()
        yield depth, span
        waiting.extend((depth + 1, child) for child in reversed(span.children))


def settle(root: Span) -> Span:
    """Fill in what follows from the parts: extents, durations, and usage.

    The usage that an operation states leaves out its tasks; that of the parts leaves out parts
    which are not among the events. So the larger one counts.
    """
    for span in reversed([root, *(span for _, span in walk(root))]):
        _place(span)
        parts = [child.usage for child in span.children if child.usage is not None]
        if parts:
            usage = reduce(Usage.plus, parts)
            if span.usage is None or usage.total > span.usage.total:
                span.usage = usage
    return root


def _place(span: Span) -> None:
    if span.duration is None and span.start is not None and span.end is not None:
        span.duration = span.end - span.start if span.end >= span.start else None
    if span.start is None and span.end is not None and span.duration is not None:
        start = span.end - span.duration
        span.start = start if start >= _EARLIEST else None
    times = [time for time in (span.start, span.end) if time is not None]
    for child in span.children:
        times.extend(child.extent or ())
    span.extent = (min(times), max(times)) if times else None
