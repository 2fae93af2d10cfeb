"""Reads what a view shows out of an event as it was received. What is not understood is nothing."""

from __future__ import annotations

from typing import Any

from .._values.jsoncodec import as_array, as_object
from ._printable import brief, printable_line


def named(what: str, name: Any) -> str:
    return f"{what} {printable_line(name)}" if isinstance(name, str) and name else what


def word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def reason(error: Any) -> str:
    message = as_object(error).get("message")
    return brief(message if isinstance(message, str) else error, 300)


def result_of(event: dict[str, Any]) -> Any:
    """A tool's result without the model's wrapping of it."""
    result = as_object(event.get("result"))
    details = as_object(result.get("details"))
    if "output" in details:
        return details["output"]
    return text_of(result.get("content")) or event.get("result")


def text_of(content: Any) -> str:
    """The text of a message's content, or of a tool's."""
    if isinstance(content, str):
        return content
    texts = [as_object(block).get("text") for block in as_array(content)]
    return "".join(text for text in texts if isinstance(text, str))
