"""How long an idle connection may be used again.

The server decides (RFC 9112 section 9.3) and may announce it, as Node does, in the header
`Keep-Alive: timeout=SECONDS` (RFC 2068 section 19.7.1.1). Knows no clock."""

from __future__ import annotations

from typing import NamedTuple

from .._values.limits import LIMITS


class IdleLimits(NamedTuple):
    """Seconds without a byte."""

    longest: float
    """After which the connection is not used again."""
    certain: float
    """After which the server may already be closing it."""


def idle_limits(keep_alive: str = "") -> IdleLimits:
    """Return the limits of a connection whose last response had the header `keep_alive`."""
    announced = _announced(keep_alive)
    if announced is None:
        return IdleLimits(LIMITS.idle, LIMITS.certain_idle)
    # The next request takes time to arrive: a second less, or half of less than two seconds.
    return IdleLimits(max(announced - 1.0, 0.5), max(announced - 1.0, announced / 2))


def _announced(keep_alive: str) -> float | None:
    for parameter in keep_alive.split(","):
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "timeout" and value.isascii() and value.isdigit():
            return min(float(value), LIMITS.longest_idle)
    return None
