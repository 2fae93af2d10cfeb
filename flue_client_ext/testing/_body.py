"""A request's body as JSON, or the genuine server's refusal of it."""

from __future__ import annotations

from typing import Any

from . import _errors as errors
from ._json import InvalidJson, loads
from ._request import Request

#: What stands for a body that was left out: JSON has no such value.
MISSING: Any = object()


def read_json(request: Request) -> Any:
    """Return the body's value, or `MISSING` where there is none."""
    length, kind = request.headers.get("content-length"), request.headers.get("content-type")
    if length == "0" or (length is None and kind is None):
        return MISSING
    if "application/json" not in (kind or "").lower():
        raise errors.unsupported_media_type(kind)
    if not request.body.strip():
        return MISSING
    try:
        return loads(request.body)
    except InvalidJson as error:
        raise errors.invalid_json(str(error)) from None
