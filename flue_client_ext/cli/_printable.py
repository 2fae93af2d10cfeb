"""Makes text of the server harmless for a terminal, and printable in any encoding.

A control character could recolour the screen, retitle the window or forge the answer to a question;
a change of the writing direction could show another text than there is.
"""

from __future__ import annotations

import json
import re
from typing import Any

# C0 and C1 controls and DEL, separators of lines and paragraphs, what changes the direction
# (Unicode annex 9), halves of characters.
_CHANGING = r"\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_IN_LINE = re.compile(rf"[\x00-\x1f\x7f-\x9f{_CHANGING}]")
_IN_TEXT = re.compile(rf"[\x00-\x09\x0b-\x1f\x7f-\x9f{_CHANGING}]")
_IN_JSON = re.compile(rf"[\x7f-\x9f{_CHANGING}]")
_HALVES = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def printable_line(text: str) -> str:
    """Return `text` as one line, with escapes in the place of what is no character to show."""
    return _IN_LINE.sub(_escape, text)


def printable_text(text: str) -> str:
    """Return `text` with its lines, tabs as spaces, and escapes as in `printable_line`."""
    whole = _HALVES.sub(_joined, text)  # a model's deltas may split an emoji
    return _IN_TEXT.sub(_escape, whole.replace("\r\n", "\n").expandtabs(4))


def json_text(value: Any, *, indent: int | None = None, ascii_only: bool = False) -> str:
    """Return the JSON text of `value`, whose strings hold no raw control character.

    Raises `ValueError` for a value that is nested too deeply for Python's encoder.
    """
    try:
        text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    except RecursionError:
        if indent is not None:  # which Python code writes, to half the depth
            return json_text(value, ascii_only=ascii_only)
        raise ValueError("a value is nested too deeply to be printed as JSON") from None
    # Outside of strings there is nothing but ASCII, so each hit is in one.
    return _IN_JSON.sub(lambda hit: f"\\u{ord(hit[0]):04x}", text)


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


def _escape(hit: re.Match[str]) -> str:
    return repr(hit[0])[1:-1]
