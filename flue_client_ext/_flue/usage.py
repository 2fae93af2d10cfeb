"""The tokens and the cost of a reply: what its messages tell of them, added up.

Pure, over plain JSON. The betas tell the usage of each step, which is a message of its own there. A
message of 2.x has a `usage` in its metadata where the agent's author attaches one.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from .._values.jsoncodec import as_object
from .growing_message import Json
from .reply import answering


def reply_usage(snapshot: Json, submission_id: str) -> Json | None:
    """Return the usage of the reply of a submission so far; `None` where nothing tells it."""
    messages = answering(snapshot, submission_id)
    told = [usage for each in messages if (usage := usage_of(each))]
    return reduce(_sum, told) if told else None


def usage_of(message: Json) -> Json:
    """Return what a message, or an update with metadata, tells of its usage; empty for nothing."""
    return as_object(as_object(message.get("metadata")).get("usage"))


def _sum(known: Json, more: Json) -> Json:
    """Add numbers, and those in objects such as `cost`; of anything else the latest stays."""
    return {**known, **{name: _added(known.get(name), value) for name, value in more.items()}}


def _added(before: Any, value: Any) -> Any:
    if isinstance(before, dict) and isinstance(value, dict):
        inner = as_object(before)
        more = {name: _plus(inner.get(name), each) for name, each in as_object(value).items()}
        return {**inner, **more}
    return _plus(before, value)


def _plus(before: Any, value: Any) -> Any:
    if not (_is_number(before) and _is_number(value)):
        return value
    try:
        return before + value
    except OverflowError:  # a whole number beyond any fraction
        return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
