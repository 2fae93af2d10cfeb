"""The tokens and the cost of model turns, added up."""

from __future__ import annotations

from typing import Any

from .._values.jsoncodec import as_object


class Spending:
    """What was spent so far."""

    def __init__(self) -> None:
        self.tokens = 0.0
        self.cost = 0.0

    def add(self, usage: Any) -> None:
        """Add the `usage` of one turn; what is no number counts nothing."""
        given = as_object(usage)
        self.tokens += _number(given.get("totalTokens"))
        self.cost += _number(as_object(given.get("cost")).get("total"))

    def words(self) -> list[str]:
        """What to show of it: nothing where nothing was spent."""
        words = [f"{round(self.tokens):,} tokens"] if self.tokens else []
        return [*words, f"${self.cost:.4f}"] if self.cost else words


def _number(value: Any) -> float:
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15
    return float(value) if known else 0.0
