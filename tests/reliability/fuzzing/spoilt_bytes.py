"""The targets on spoilt seeds, without a fuzzer: what can run anywhere, and in the tests."""

from __future__ import annotations

from tests.reliability.options import Broken

from .cuts import chances, spoilt
from .targets import TARGETS, attempt


def try_target(name: str, seed: int, count: int) -> int:
    """Return how many of so many inputs were refused by a documented error."""
    refused = 0
    for label, chance in chances(seed, count):
        data = chance.choice(TARGETS[name].seeds)
        for _ in range(chance.randrange(4)):
            data = spoilt(chance, data)
        try:
            refused += attempt(name, data)
        except Exception as error:
            raise Broken(f"{name}: {data!r} ({label}): {error!r}") from error
    return refused


def run(seed: int, count: int) -> str:
    refused = sum(try_target(name, seed, count) for name in TARGETS)
    return f"{count:,} inputs for each of {', '.join(TARGETS)}: {refused:,} documented errors"
