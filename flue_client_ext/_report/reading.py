"""Reads JSON of any shape: what is missing or of another type reads as nothing.

Events and messages come from servers of many versions, and from agents' authors. A report shows
what it understands of them and never fails.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

from .._values.jsoncodec import as_object

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def text_at(data: dict[str, Any], name: str) -> str | None:
    """Return a string that is not empty."""
    value = data.get(name)
    return value if isinstance(value, str) and value else None


def amount_at(data: dict[str, Any], name: str) -> float | None:
    """Return a finite number from zero upwards."""
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def count_at(data: dict[str, Any], name: str) -> str | None:
    """Return a whole number as people write it."""
    number = amount_at(data, name)
    return None if number is None else f"{number:,.0f}"


def time_at(data: dict[str, Any], name: str) -> float | None:
    """Return an RFC 3339 time in milliseconds since 1970."""
    value = data.get(name)
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) / _MILLISECOND
    except (ValueError, OverflowError):
        return None


def as_text(value: Any) -> str:
    """Return a value as a person reads it: a string as it is, anything else as indented JSON."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, indent=2, default=repr)
    except (ValueError, RecursionError):
        return "(a value that JSON cannot hold)"


def as_error(error: Any) -> str:
    """Return an error: its name and message, then whatever else it has."""
    told = as_object(error)
    message, name, kind = (text_at(told, key) for key in ("message", "name", "type"))
    if message is None:
        return as_text(error)
    head = f"{name or kind}: {message}" if name or kind else message
    known = ("message", "name" if name else "type")
    rest = {key: value for key, value in told.items() if key not in known and value != ""}
    return f"{head}\n{as_text(rest)}" if rest else head
