"""Recognises the generation of a server by what it answers (PROTOCOL, generations). Pure."""

from __future__ import annotations

from typing import Any

from .._values.http import Response
from .._values.jsoncodec import NotJson, as_array, as_object, decode


def refuses_body(response: Response) -> bool:
    """Whether a send was refused for its form: the server may be of another generation."""
    error = as_object(as_object(_decoded(response)).get("error"))
    return response.status == 400 and error.get("type") == "invalid_request"


def is_event(item: Any) -> bool:
    """Whether an item of a stream is an event of beta.3 to beta.7, not an update."""
    found = as_object(item)
    return "eventIndex" in found and "position" not in found


def holds_events(response: Response) -> bool:
    """Whether the answer to the read of a conversation is a page of events."""
    if response.status != 200 or not response.body.lstrip().startswith(b"["):
        return False
    items = as_array(_decoded(response))
    return bool(items) and is_event(items[0])


def _decoded(response: Response) -> Any:
    try:
        return decode(response.body)
    except NotJson:
        return None
