"""Decodes JSON, fast and tolerantly, and turns users' values into plain JSON, strictly.

Decoding tries a C decoder first. The standard library decodes what that refuses: a lone surrogate
(a model's deltas split an emoji over two events), numbers beyond the range of a double, bad UTF-8.
A byte order mark in front is ignored, as RFC 8259 section 8.1 allows. `plain` refuses a value that
JSON cannot carry, and names the path to it."""

from __future__ import annotations

import codecs
import dataclasses
import json
import math
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, cast

from .checks import with_article

_WORTH_IT = 1024
"""Bytes below which a text is not worth the 25 ms that importing the C decoder takes, once."""


class NotJson(ValueError):
    """The bytes are not a JSON text."""


_MOST_DIGITS = 4300
"""Digits of the longest whole number that stays exact: CPython's default limit."""


@cache
def _fast() -> Callable[[bytes], Any] | None:
    try:
        import msgspec
    except ImportError:  # no wheel for this interpreter: slower, same results
        return None
    return msgspec.json.Decoder().decode


def decode(data: bytes) -> Any:
    """Return the JSON value that `data` holds; raise `NotJson` otherwise."""
    data = data.removeprefix(codecs.BOM_UTF8)
    fast = _fast() if len(data) >= _WORTH_IT or "msgspec" in sys.modules else None
    if fast is not None:
        try:
            return fast(data)
        except (ValueError, RecursionError):
            pass
    try:
        return _decoder.decode(data.decode("utf-8", "replace"))
    except ValueError as error:
        raise NotJson(f"not JSON: {error}") from None
    except RecursionError:
        raise NotJson("JSON nested too deeply to be read") from None


def as_object(value: Any) -> dict[str, Any]:
    """Return a decoded JSON object as it is, and any other JSON value as an empty one."""
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def as_array(value: Any) -> list[Any]:
    """Return a decoded JSON array as it is, and any other JSON value as an empty one."""
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]


def same(one: Any, other: Any) -> bool:
    """Whether two decoded JSON values are the same. For `==`, 1 is `True`; and neither that nor
    `repr` takes values that are nested deeply."""
    pairs: list[tuple[Any, Any]] = [(one, other)]
    while pairs:
        a, b = pairs.pop()
        if a is b:
            continue
        if type(a) is not type(b):
            return False
        if isinstance(a, dict):
            if a.keys() != b.keys():
                return False
            pairs += [(a[key], b[key]) for key in cast(dict[str, Any], a)]
        elif isinstance(a, list):
            if len(a) != len(b):  # pyright: ignore[reportUnknownArgumentType]
                return False
            pairs += zip(a, b, strict=True)  # pyright: ignore[reportUnknownArgumentType]
        elif a != b and (a == a or b == b):  # NaN is not equal to itself
            return False
    return True


def _integer(text: str) -> int | float:
    """Parse a whole number, a very long one as a `float`: an `int` takes quadratic time to parse,
    and the interpreter's own limit may be switched off."""
    try:
        return int(text) if len(text) <= _MOST_DIGITS else float(text)
    except ValueError:  # longer than the interpreter's own limit
        return float(text)


_decoder = json.JSONDecoder(parse_int=_integer)  # `json.loads` would make one for each text


def plain(value: Any, what: str = "input") -> Any:
    """Return `value` in plain JSON types; raise `TypeError` or `ValueError` naming the path inside,
    which begins with `what`.

    Accepts what JSON has, tuples, and dataclass, attrs and pydantic values at any depth.
    """
    return _plain(value, what, ())


def _plain(value: Any, path: str, above: tuple[int, ...]) -> Any:
    """Copy `value` into plain JSON types. `above` holds the ids of the containers around it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)  # the string that an enumeration's member is, not its name
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{path} is {value}, which JSON cannot carry")
        return float(value)
    if id(value) in above:
        raise ValueError(f"{path} contains itself")
    if len(above) > 200:
        raise ValueError(f"{path[:80]}... is nested deeper than 200 levels")
    inside = (*above, id(value))
    if isinstance(value, dict):
        fields = cast(dict[object, object], value)
        return {_key(k, path): _plain(v, f"{path}[{k!r}]", inside) for k, v in fields.items()}
    if isinstance(value, list | tuple):
        items = cast(Sequence[object], value)
        return [_plain(v, f"{path}[{i}]", inside) for i, v in enumerate(items)]
    return _plain(_unpacked(value, path), path, inside)


def _key(key: Any, path: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{path} has the key {key!r}; the keys of a JSON object are strings")
    return key


def _unpacked(value: object, path: str) -> Any:
    """One level of a dataclass, attrs or pydantic value as a dict."""
    cls: Any = type(value)
    if callable(dump := getattr(cls, "model_dump", None)):
        return dump(value, mode="json", by_alias=True)
    if callable(to_dict := getattr(cls, "to_dict", None)) and hasattr(cls, "from_dict"):
        return to_dict(value)
    fields = getattr(cls, "__attrs_attrs__", None)
    if fields is not None:
        return {a.name: getattr(value, a.name) for a in fields}
    if dataclasses.is_dataclass(cls):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(cls)}
    raise TypeError(f"{path} is {with_article(cls.__name__)}, which is not JSON")
