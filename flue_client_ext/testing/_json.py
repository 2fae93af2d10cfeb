"""JSON as the genuine server reads and writes it: JavaScript's `JSON.parse` and `JSON.stringify`.

Knows nothing but values. Numbers have JavaScript's precision, a lone surrogate travels as an
escape, everything else as raw UTF-8, and what is not JSON is refused by its Python name.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any, NoReturn

_EXACT = 2**53
_INDEX = re.compile(r"0|[1-9]\d{0,8}", re.ASCII)


class InvalidJson(ValueError):
    """A text that is not JSON; its message has the form of Node's, though not its every word."""


def _integer(digits: str) -> int | float:
    value = int(digits)
    return value if abs(value) <= _EXACT else float(value)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object in JavaScript's order: index-like keys first, ascending."""
    value = dict(pairs)
    if not any(key.isdecimal() for key in value):
        return value
    indexes = sorted((key for key in value if _INDEX.fullmatch(key)), key=int)
    return {key: value[key] for key in (*indexes, *value)}


def _constant(name: str) -> NoReturn:
    raise json.JSONDecodeError("Expecting value", name, 0)


def loads(body: bytes) -> Any:
    """Parse a request body, with JavaScript's numbers and its message on failure."""
    text = body.decode("utf-8-sig", "replace")
    try:
        return json.loads(
            text, parse_int=_integer, parse_constant=_constant, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        place = f"position {error.pos} (line {error.lineno} column {error.colno})"
        raise InvalidJson(f"{error.msg} in JSON at {place}") from None


def _plain(value: Any) -> Any:
    """Return `value` as JSON would hold it, or raise `TypeError` for what JSON cannot hold."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(Decimal(repr(value))) if value.is_integer() and abs(value) < 1e21 else value
    kind, untyped = type(value).__name__, value  # narrowing would make the items unknown to pyright
    if isinstance(value, dict):
        return {_key(key): _plain(item) for key, item in untyped.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in untyped]
    raise TypeError(f"{kind} is not JSON")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    raise TypeError(f"a JSON object has string keys, not {key!r}")


def dumps(value: Any) -> str:
    """Write a value as `JSON.stringify` does; lone surrogates are still raw in the text."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def encode(text: str) -> bytes:
    """Encode JSON text as UTF-8: halves that meet are joined, lone ones become escapes."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        return joined.encode("utf-8", "backslashreplace")
