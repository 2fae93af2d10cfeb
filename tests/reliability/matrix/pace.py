"""The limits of the client, lowered so that a cell costs neither minutes nor gigabytes.

Pauses that only cost time are short in every cell. Where a fault is a silence, the limits that it
can meet are a fiftieth of what they are, so that each is to the others as for users."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal

import attrs
import pytest

from flue_client_ext import BackoffOptions
from flue_client_ext._stream import call
from flue_client_ext._stream.backoff import UNARY
from flue_client_ext._stream.options import ReadOptions
from flue_client_ext._values.limits import LIMITS

Lowered = Literal["", "times", "answers", "bytes", "life"]
"""Nothing; the limits of time; those of time but for connecting; those of bytes; the time after
which an end is routine."""

HASTE = {"poll_pace": 0.01, "retry_after": 0.05, "thread_idle": 0.01}
ANSWERS = ("unary", "read", "start", "batch", "silence")
TIMES = {"times": ("connect", *ANSWERS), "answers": ANSWERS, "life": ("routine_life",)}
FRACTIONS = (50, 50, 10)
"""What the limits of time are divided by in a cell, and where that was not as declared, again."""
MOST_BYTES = 1 << 20


@contextmanager
def haste(options: BackoffOptions) -> Iterator[None]:
    """Short pauses, also before the retries of calls that take no `options`."""
    with pytest.MonkeyPatch.context() as patch, limits(HASTE):
        unary = attrs.evolve(options, max_retries=UNARY.max_retries)
        patch.setattr(call, "UNARY", unary)
        yield


def lowered(what: Lowered, fraction: int) -> AbstractContextManager[None]:
    """Lower some limits while a call is made: those of time to a `fraction`, as its denominator."""
    if what in TIMES:
        return limits({name: getattr(LIMITS, name) / fraction for name in TIMES[what]})
    return few_bytes() if what == "bytes" else nullcontext()


@contextmanager
def limits(seconds: dict[str, float]) -> Iterator[None]:
    """Change these limits of time."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in seconds.items():
            patch.setattr(LIMITS, name, value)
        yield


@contextmanager
def few_bytes() -> Iterator[None]:
    """Lower the limits of frames and bodies."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(call, "MAX_BODY_BYTES", MOST_BYTES)
        patch.setattr(ReadOptions, "max_frame_bytes", MOST_BYTES)
        yield
