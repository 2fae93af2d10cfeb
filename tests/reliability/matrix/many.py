"""Many runs or replies of one call: what each is to bring, and what became of each."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..options import Broken

MANY = 4
SAYS = "message "


def input_of(index: int) -> dict[str, int]:
    """The input of a run, and its result."""
    return {"n": index}


def message_of(index: int) -> str:
    return f"{SAYS}{index}"


class Outcomes:
    """What became of each item, in the order in which the call has told."""

    def __init__(self) -> None:
        self.executed: Counter[str] = Counter()
        """How often the server has begun each item, by the text of its input."""
        self.failures: list[Exception] = []
        self._values: dict[int, Any] = {}
        self._told: list[int] = []

    def take(self, index: int, value: Any, error: Exception | None) -> None:
        self._told.append(index)
        if error is None:
            self._values[index] = value
        else:
            self.failures.append(error)

    def verify(self, *, spared: bool) -> None:
        """Raise `Broken` where an item is lost, was told or executed twice, or has the outcome of
        another. `spared`: the fault has not struck all of them, so not all have failed."""
        if self._told != list(range(MANY)):
            raise Broken(f"the outcomes of other items: {self._told}")
        for index, value in self._values.items():
            if value not in (input_of(index), f"echo {message_of(index)}"):
                raise Broken(f"another outcome of item {index}: {value}")
        if again := [name for name, count in self.executed.items() if count > 1]:
            raise Broken(f"executed more than once: {again}")
        if spared and not self._values:
            raise Broken("all have failed, though not all were struck")
        if len(self.executed) < len(self._values):
            raise Broken(f"{len(self._values)} results of {len(self.executed)} executions")
