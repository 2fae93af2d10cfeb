"""The tokens and the cost of model turns, added up."""

from __future__ import annotations

from typing import Any, Self

from .._values.jsoncodec import as_object

_COUNTS = ("input", "output", "cacheRead", "cacheWrite")


class Spending:
    """What was spent so far."""

    def __init__(self) -> None:
        self.tokens = 0.0
        self.cost = 0.0

    def add(self, usage: Any) -> Self:
        """Add the `usage` of a turn, or of a reply; what is no number counts nothing."""
        given = as_object(usage)
        total = given.get("totalTokens")
        counts = [total] if _is_number(total) else map(given.get, _COUNTS)
        self.tokens += sum(map(_number, counts))
        cost = given.get("cost")
        self.cost += _number(cost) or _number(as_object(cost).get("total"))
        return self

    def words(self) -> list[str]:
        """What to show of it: nothing where nothing was spent."""
        words = [f"{round(self.tokens):,} tokens"] if self.tokens else []
        return [*words, f"${self.cost:.4f}"] if self.cost else words


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15


def _number(value: Any) -> float:
    return float(value) if _is_number(value) else 0.0
