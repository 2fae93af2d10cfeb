"""Checks of arguments, before any I/O: the one idiom, and the checks of plain values.

A check takes a value and its name for the message; it returns the value, or raises a
`TypeError` or `ValueError` that says what is allowed. A `TypeError` names the type of what was
given, never the value, which may be secret."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeGuard, cast


def wrong_type(what: str, allowed: str, value: object) -> TypeError:
    return TypeError(f"{what} must be {allowed}, not {type(value).__name__}")


def wrong_value(what: str, allowed: str, value: object) -> ValueError:
    return ValueError(f"{what} must be {allowed}, not {value!r}")


def with_article(name: str) -> str:
    """Return the name of a class with the article that it takes."""
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def whole(value: object, what: str, least: int) -> int:
    """Check a whole number of at least `least`."""
    if not is_whole(value):
        raise wrong_type(what, "a whole number", value)
    if value < least:
        raise wrong_value(what, f"at least {least}", value)
    return value


def number(value: object, what: str, allowed: str, permitted: Callable[[float], bool]) -> float:
    """Check a number that is `permitted`, which `allowed` describes."""
    if not is_number(value):
        raise wrong_type(what, allowed, value)
    if not permitted(value):
        raise wrong_value(what, allowed, value)
    return value


def text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise wrong_type(what, "a string", value)
    return value


def function(value: object, what: str) -> Callable[..., Any] | None:
    """Check a function that may be left out."""
    if value is not None and not callable(value):
        raise wrong_type(what, "a function or None", value)
    return value


def mapping(value: Any, what: str, allowed: str = "a mapping") -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise wrong_type(what, allowed, value)
    return value  # pyright: ignore[reportUnknownVariableType]


def several(value: object, what: str) -> list[Any]:
    """Return the items of `value`. A string or a mapping is one value, passed by mistake."""
    kinds: Any = (str, bytes, bytearray, Mapping)
    if isinstance(value, kinds) or not isinstance(value, Iterable):
        raise wrong_type(what, "a list or another iterable", value)
    return list(cast(Iterable[object], value))


def field_check(check: Callable[[Any, str], object]) -> Callable[[object, Any, Any], None]:
    """Return the validator of an attrs field that applies `check` under the field's name."""

    def validator(instance: object, attribute: Any, value: Any) -> None:
        check(value, attribute.name)

    return validator
