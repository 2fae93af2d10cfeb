"""Says that a server does not answer while the client tries again: no command is silent long."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .._stream.backoff import BackoffOptions
from ._out import note

if TYPE_CHECKING:
    from .._stream.backoff import FailedAttempt

NO_CONNECTION = "no connection, trying again"


def telling(is_shown: Callable[[], bool] = lambda: False) -> BackoffOptions:
    """Return options whose first failed attempt is a line on stderr, unless a view shows it."""
    told = False

    def failed(attempt: FailedAttempt) -> None:
        nonlocal told
        if told or attempt.delay is None or is_shown():
            return
        told = True
        answered = attempt.status is not None
        note(f"the server answers {attempt.status}, trying again" if answered else NO_CONNECTION)

    return BackoffOptions(on_failed_attempt=failed)
