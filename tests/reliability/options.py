"""What every experiment is told, and how it says that a promise was broken."""

from __future__ import annotations

from typing import NamedTuple


class Options(NamedTuple):
    """`quick` is the run of the tests: some seconds. `seed` makes a random run repeatable."""

    quick: bool = False
    seed: int = 0


class Broken(AssertionError):
    """An experiment saw something that the client promises not to happen."""
