"""This client's reducer. Each function folds the pages of a file and returns how many chunks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from benchmarks.conversation import EMPTY
from flue_client_ext._flue.fold import Fold
from flue_client_ext._values.jsoncodec import decode


def pages(file: str) -> int:
    """Bytes in, a snapshot after each page."""
    with open(file, "rb") as lines:
        return _fold(map(decode, lines), snapshots=True)


def decoded(file: str) -> int:
    """The same of pages that were decoded when the function was called first."""
    return _fold(_decoded(file), snapshots=True)


def at_the_end(file: str) -> int:
    """Bytes in, one snapshot at the end."""
    with open(file, "rb") as lines:
        return _fold(map(decode, lines), snapshots=False)


@cache
def _decoded(file: str) -> list[Any]:
    with open(file, "rb") as lines:
        return [decode(line) for line in lines]


def _fold(pages: Iterable[Any], *, snapshots: bool) -> int:
    fold = Fold(EMPTY)
    count = 0
    for number, page in enumerate(pages):
        fold.apply_batch(page, str(number))
        count += len(page) - 1
        if snapshots:
            fold.snapshot()
    fold.snapshot()
    return count
