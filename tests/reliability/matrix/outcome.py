"""What became of the call of a cell, and what its error has to say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from flue_client_ext import FailedAttempt, FlueApiError, InvokeOutcomeUnknownError
from flue_client_ext._values.limits import LIMITS

from ..options import Broken
from .calls import Call
from .faults import RESUMED, Fault
from .stage import Stage
from .strikes import Status
from .uses import ID

NOT_FOUND = 404
"""What a server says of what it does not have any more."""


@attrs.frozen
class Outcome:
    kind: str
    """`resumed`, `absent`, or the name of the error."""
    errors: Sequence[Exception] = ()

    @classmethod
    def of(cls, *errors: Exception) -> Outcome:
        return cls(" and ".join(sorted({type(error).__name__ for error in errors})), errors)

    @property
    def is_resumed(self) -> bool:
        return self.kind == RESUMED

    def __str__(self) -> str:
        return f"{self.kind}: {self.errors[0]}" if self.errors else self.kind


def check_facts(outcome: Outcome, fault: Fault, call: Call) -> None:
    """Raise `Broken` for an error with another status, or without the key that finishes a send."""
    status = fault.what.status if isinstance(fault.what, Status) else NOT_FOUND
    keys: list[Any] = []
    for error in outcome.errors:
        if isinstance(error, FlueApiError) and error.status != status:
            raise Broken(f"the status {error.status}, not {status}: {error}")
        if isinstance(error, InvokeOutcomeUnknownError):
            keys.append(error.idempotency_key)
    has_keys = call.column in ("send", "agents.map: its sends")
    if has_keys and (None in keys or len(set(keys)) != len(keys)):
        raise Broken(f"the keys {keys}")
    if not has_keys and set(keys) - {None}:
        raise Broken(f"keys of what has none: {keys}")


def finish_send(outcome: Outcome, client: Any, stage: Stage, call: Call) -> None:
    """Finish a send whose outcome is unknown, by the key of the error: it stays one message."""
    for error in outcome.errors:
        if isinstance(error, InvokeOutcomeUnknownError) and call.column == "send":
            key = error.idempotency_key
            client.agents.send(stage.agent, ID, "hello", idempotency_key=key, timeout=20)


def check_pauses(attempts: Sequence[FailedAttempt], outcome: Outcome, fault: Fault) -> None:
    """Raise `Broken` for a retry sooner than a Retry-After says, as far as the client obeys it: it
    is told of more seconds than that (`pace`)."""
    what = fault.what
    if not isinstance(what, Status) or "retry-after" not in what.headers():
        return
    told = [attempt.delay for attempt in attempts if attempt.status == what.status]
    delays = [delay for delay in told if delay is not None]
    if outcome.is_resumed and not delays:
        raise Broken("no attempt failed with that status")
    if delays and min(delays) < LIMITS.retry_after:
        raise Broken(f"a retry after {min(delays)} s, not {LIMITS.retry_after} s")
