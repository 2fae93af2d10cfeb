"""Decides whether a failed request is sent again: the one table of it.

| what happened | an idempotent request | another POST |
|---|---|---|
| a failure that no retry changes (`permanent`) | never | never |
| the reader closed the connection itself (`released`) | at once | never |
| the server had closed the kept-alive connection (`stale`) | at once | never |
| nothing was sent: no connection | after a pause | after a pause |
| any other failure of the transport | after a pause | never |
| a status that may pass | after a pause | never |
| any other answer | never | never |

Reads are idempotent, and so is a POST that the server knows again by a key. Another POST is sent
again only when it is certain that nothing was sent, since a second one could execute a workflow
twice. "At once" does not count as a failure.

A shortcut is SSE where pages or long-polls could do the same. `falls_back` decides when they take
over, after every kind of failure, protocol errors included, so that a shortcut raises no error
where the plain requests would work. A Retry-After in an answer to SSE does not delay the pages,
which get their own if the server limits them too."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .._values.http import is_retryable
from .._values.limits import LIMITS
from .._values.steps import Failure

Decision: TypeAlias = Literal["at once", "after a pause", "never"]

_REFUSALS = (425, 429, 503)
_PATIENCE = 2
"""Failures without progress that end a shortcut which has brought a batch."""
_BUSY_PATIENCE = 5
"""The same for a status that may pass, once some answer has brought a batch."""


def decide(outcome: Failure | int | None, lasted: float, *, idempotent: bool = True) -> Decision:
    """Whether a request is sent again after `outcome`: a failure, a status, or `None` for an
    answer that is not what the protocol says. `lasted`: seconds since it was begun."""
    if not isinstance(outcome, Failure):
        again = outcome is not None and idempotent and is_retryable(outcome)
        return "after a pause" if again else "never"
    if outcome.permanent or (outcome.sent and not idempotent):
        return "never"
    if outcome.kind == "released" or (outcome.stale and lasted < LIMITS.routine_life):
        return "at once"
    return "after a pause"


def refuses(status: int) -> bool:
    """Whether a server that answers so has not acted on the request: it is for later (RFC 8470
    section 5.2, RFC 6585 section 4, RFC 9110 section 15.6.4). The 502, 504 and 524 of a gateway
    say nothing of the server, and a 500 or a 408 may come when the request has arrived."""
    return status in _REFUSALS


def falls_back(
    outcome: Failure | int | None,
    *,
    progress: bool,
    has_batch: bool,
    answered: bool,
    bulk: bool,
    failures: int,
    exhausted: bool,
    told_to_wait: bool,
) -> bool:
    """Whether a shortcut that failed is given up for the rest of the reading.

    `progress`: it has moved the offset; `has_batch`: its answer has brought a batch; `answered`:
    some answer of this reading has; `bulk`: it was for catching up only; `failures`: how often it
    was tried again since the last progress, `exhausted` when that may not happen once more;
    `told_to_wait`: by a Retry-After.
    """
    if isinstance(outcome, Failure) and outcome.kind == "timeout":
        return True  # the server sends a batch or a heartbeat sooner: a proxy buffers it
    if progress:
        return False
    if decide(outcome, 0.0) == "never":
        return answered or not isinstance(outcome, Failure)  # at first, pages would fail as well
    if exhausted or told_to_wait:
        return True
    if isinstance(outcome, Failure) and not outcome.sent:
        return False  # no connection: pages would fail as well
    if has_batch:
        return failures >= _PATIENCE
    if isinstance(outcome, int) and not bulk:
        return failures >= (_BUSY_PATIENCE if answered else 1)  # it passes, or SSE never works
    return True
