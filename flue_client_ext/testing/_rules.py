"""What arguments may be: rules that refuse a value by the argument's name, at the call itself.

A fault that can never strike, or a server that can never answer, would otherwise show much later,
as a test that waits. A rule is also an attrs validator.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import attrs


@attrs.frozen
class Rule:
    """What a value may be: in words, by type (`TypeError`), and by test (`ValueError`)."""

    words: str
    types: tuple[type, ...]
    fits: Callable[[Any], bool]

    def __call__(self, instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        """Check an attrs field."""
        self.check(attribute.name, value)

    def check(self, name: str, value: Any) -> None:
        """Raise an error that names the argument, unless the value may be there."""
        flag = isinstance(value, bool) and bool not in self.types  # a bool passes for an int
        if flag or not isinstance(value, self.types):
            raise TypeError(f"{name} must be {self.words}, not {value!r}")
        if not self.fits(value):
            raise ValueError(f"{name} must be {self.words}, not {value!r}")

    def or_none(self) -> Rule:
        """Return the same rule for an optional value."""
        words, types = f"{self.words}, or None", (*self.types, type(None))
        return Rule(words, types, lambda value: value is None or self.fits(value))


def whole(least: int, most: int | None = None) -> Rule:
    """An int from `least` up, or to `most`."""
    words = f"an int from {least} up" if most is None else f"an int from {least} to {most}"
    return Rule(words, (int,), lambda value: value >= least and (most is None or value <= most))


def number(words: str, fits: Callable[[float], bool]) -> Rule:
    """An int or a float."""
    return Rule(words, (int, float), fits)


def one_of(*allowed: Any) -> Rule:
    """One of a few values."""
    return Rule(
        f"one of {', '.join(map(repr, allowed))}", (object, bool), lambda value: value in allowed
    )


SECONDS = number("a number of seconds, 0 or more", lambda value: value >= 0)
INTERVAL = number("a number of seconds above 0", lambda value: value > 0)
CHANCE = number("a chance from 0 to 1", lambda value: 0 <= value <= 1)
SPEED = number("a number above 0", lambda value: value > 0)
TEXT = Rule("a str", (str,), lambda value: True)
FLAG = Rule("a bool", (bool,), lambda value: True)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
METHOD = Rule(f"one of {', '.join(_METHODS)}", (str,), lambda value: value.upper() in _METHODS)


def parameters(what: str, function: object, instead: str) -> int:
    """Return how many parameters a function to be registered has; a generator's never runs."""
    if not callable(function):
        raise TypeError(f"{what} must be a function, not {function!r}")
    for one in (function, getattr(function, "__call__", None)):  # noqa: B004 - a class may have it
        if inspect.isgeneratorfunction(one) or inspect.isasyncgenfunction(one):
            raise TypeError(f"{what} must not be a generator function: {instead}")
    return len(inspect.signature(function).parameters)
