"""Time in proportion to the input: each reader on an adversarial input, and on twice of it.

The CPU seconds of both and their ratio are reported. A ratio near 2 is linear, near 4 quadratic.
The tests read the inputs, smaller, and look at no clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.reliability.options import Broken

from .adversarial import INPUTS

SIZE = 1 << 20
"""Bytes, or characters, of the smaller input."""
_LINEAR = 3.0
_WORTH_MEASURING = 0.02
"""CPU seconds below which a ratio is noise."""


def run(size: int = SIZE) -> list[tuple[str, float, float]]:
    """Return for each input its name, the CPU seconds that it takes, and those of twice as much."""
    rows: list[tuple[str, float, float]] = []
    for name, make in INPUTS.items():
        once, twice = _seconds(make(size)), _seconds(make(2 * size))
        if twice > _WORTH_MEASURING and twice > _LINEAR * once:  # the noise of another process?
            once, twice = _seconds(make(size), 5), _seconds(make(2 * size), 5)
        rows.append((name, once, twice))
        if twice > _WORTH_MEASURING and twice > _LINEAR * once:
            raise Broken(f"{name}: {once:.3f} s, and {twice:.3f} s for twice as much")
    return rows


def read_all(size: int = 1 << 14) -> str:
    """Read each input once, whatever time it takes."""
    for make in INPUTS.values():
        make(size)()
    return f"{len(INPUTS)} adversarial inputs of {size >> 10} kB"


def table(rows: list[tuple[str, float, float]]) -> str:
    lines = ["| input | 1 MB | 2 MB | ratio |", "|---|---|---|---|"]
    for name, once, twice in rows:
        ratio = f"{twice / once:.1f}" if twice > _WORTH_MEASURING else "-"
        lines.append(f"| {name} | {once:.3f} s | {twice:.3f} s | {ratio} |")
    return "\n".join(lines)


def _seconds(read: Callable[[], Any], times: int = 1) -> float:
    """The CPU seconds of the fastest of some readings."""
    best = float("inf")
    for _ in range(times):
        began = time.process_time()
        read()
        best = min(best, time.process_time() - began)
    return best
