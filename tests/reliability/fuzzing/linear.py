"""Time in proportion to the input: each reader on an adversarial input, and on twice of it.

The CPU seconds of both and their ratio are reported. A ratio near 2 is linear, near 4 quadratic.
An input that takes too little time for that is doubled until it takes enough, or until it is so
large that even the time of its whole tells: a limit ends the reading early.
The tests read the inputs, smaller, and look at no clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.reliability.options import Broken

from .adversarial import INPUTS

SIZE, MOST = 1 << 20, 1 << 25
"""Bytes, or characters, of the smallest and of the largest input."""
_LINEAR = 3.0
_WORTH_MEASURING = 0.02
"""CPU seconds below which a ratio is noise."""


class Row(NamedTuple):
    name: str
    size: int
    """Of the larger input."""
    once: float
    twice: float

    @property
    def is_measured(self) -> bool:
        return self.twice > _WORTH_MEASURING

    @property
    def is_linear(self) -> bool:
        return not self.is_measured or self.twice <= _LINEAR * self.once


def run(size: int = SIZE) -> list[Row]:
    """Return for each input the CPU seconds that it takes, and those of twice as much."""
    rows: list[Row] = []
    for name, make in INPUTS.items():
        row = _measured(name, make, size)
        if not row.is_linear:  # the noise of another process?
            half = row.size // 2
            row = Row(name, row.size, _seconds(make(half), 5), _seconds(make(row.size), 5))
        rows.append(row)
        if not row.is_linear:
            raise Broken(f"{name}: {row.once:.3f} s, and {row.twice:.3f} s for twice as much")
    return rows


def _measured(name: str, make: Callable[[int], Callable[[], Any]], size: int) -> Row:
    """Measure an input and twice of it, the larger one for the first time that it takes enough."""
    once, size = _seconds(make(size)), 2 * size
    twice = _seconds(make(size))
    while twice <= _WORTH_MEASURING and size < MOST:
        once, size = twice, 2 * size
        twice = _seconds(make(size))
    return Row(name, size, once, twice)


def read_all(size: int = 1 << 14) -> str:
    """Read each input once, whatever time it takes."""
    for make in INPUTS.values():
        make(size)()
    return f"{len(INPUTS)} adversarial inputs of {size >> 10} kB"


def table(rows: list[Row]) -> str:
    lines = ["| input | size | time of half of it | time | ratio |", "|---|---|---|---|---|"]
    for row in rows:
        ratio = f"{row.twice / row.once:.1f}" if row.is_measured else "ended by a limit"
        times = f"{row.once:.3f} s | {row.twice:.3f} s"
        lines.append(f"| {row.name} | {row.size >> 20} MB | {times} | {ratio} |")
    return "\n".join(lines)


def _seconds(read: Callable[[], Any], times: int = 1) -> float:
    """The CPU seconds of the fastest of some readings."""
    best = float("inf")
    for _ in range(times):
        began = time.process_time()
        read()
        best = min(best, time.process_time() - began)
    return best
