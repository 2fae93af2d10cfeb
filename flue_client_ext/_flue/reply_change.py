"""The changes of a reply that comes in pieces, as a consumer gets them."""

from __future__ import annotations

from typing import Any, TypeAlias

from attrs import frozen


@frozen
class TextDelta:
    """More text of the reply. The first delta of a new part begins with a blank line."""

    text: str


@frozen
class ReasoningDelta:
    """More of the model's reasoning. The first delta of a new part begins with a blank line."""

    text: str


@frozen
class ToolCall:
    """The agent calls a tool."""

    name: str
    call_id: str
    input: Any


@frozen
class ToolResult:
    """A tool has returned (`output`) or has failed (`error` is not `None`)."""

    call_id: str
    output: Any = None
    error: str | None = None
    duration_ms: float | None = None


@frozen
class DataUpdate:
    """The agent has written the data part `name`."""

    name: str
    data: Any


@frozen
class Retracted:
    """The text and the reasoning shown so far are retracted; what is still valid comes again.

    Servers retract them when they retry a failed attempt of the model. Calls and data are not
    repeated.
    """


ReplyChange: TypeAlias = TextDelta | ReasoningDelta | ToolCall | ToolResult | DataUpdate | Retracted
