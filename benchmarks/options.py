"""How much to measure."""

from __future__ import annotations

from attrs import frozen


@frozen
class Options:
    """`rounds` is how often each contestant is measured; `quick` makes everything smaller."""

    rounds: int
    quick: bool

    def scaled(self, number: int) -> int:
        """`number`, or a fifth of it for a quick run."""
        return number // 5 if self.quick else number
