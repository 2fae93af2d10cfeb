"""Makes text of the server harmless for a terminal, and printable in any encoding, by the table of
`_values/printable`."""

from __future__ import annotations

import json
import re
from typing import Any

from .._values.printable import HARMFUL, escape

_IN_LINE = re.compile(f"[{HARMFUL}]")
_IN_LINES = re.compile(f"(?!\n)[{HARMFUL}]")
_HALVES = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def printable_line(text: str) -> str:
    """Return `text` as one line, with escapes in the place of harmful characters."""
    return _IN_LINE.sub(_escaped, text)


def printable_text(text: str) -> str:
    """Return `text` with its lines, tabs as spaces, and escapes as in `printable_line`."""
    whole = _HALVES.sub(_joined, text)  # a model's deltas may split an emoji
    return _IN_LINES.sub(_escaped, whole.replace("\r\n", "\n").expandtabs(4))


def json_text(value: Any, *, indent: int | None = None, ascii_only: bool = False) -> str:
    """Return the JSON text of `value`, whose strings hold no raw harmful character.

    Raises `ValueError` for a value that is nested too deeply for Python's encoder.
    """
    try:
        text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    except RecursionError:
        if indent is not None:  # which Python code writes, to half the depth
            return json_text(value, ascii_only=ascii_only)
        raise ValueError("a value is nested too deeply to be printed as JSON") from None
    # Outside of strings there is nothing but ASCII, so each hit is in one.
    return _IN_LINES.sub(lambda hit: json.dumps(hit[0])[1:-1], text)


def brief(value: Any, most: int = 100) -> str:
    """Return a value as JSON in one line of at most `most` characters."""
    try:
        text = value if isinstance(value, str) else json_text(value)
    except ValueError as error:
        text = f"({error})"
    line = printable_line(text[: most + 1])
    return line if len(line) <= most else f"{line[: most - 3]}..."


def _joined(hit: re.Match[str]) -> str:
    return hit[0].encode("utf-16", "surrogatepass").decode("utf-16")


def _escaped(hit: re.Match[str]) -> str:
    return escape(hit[0])
