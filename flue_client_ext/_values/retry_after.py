"""How long a server asks to wait: the Retry-After header (RFC 9110 section 10.2.3)."""

from __future__ import annotations

from collections.abc import Mapping

from .limits import LIMITS


def retry_after(headers: Mapping[str, str], now: float) -> float:
    """Return the seconds that a Retry-After header asks for, capped; 0 when absent or unreadable.

    `now` is the wall clock in seconds since 1970, for the header's date form.
    """
    return retry_delay(headers.get("retry-after", ""), now)


def retry_delay(value: str, now: float) -> float:
    """Return the seconds that the value of a Retry-After header asks for, as `retry_after` does."""
    value = value.strip()
    if not value:
        return 0.0
    if value.isascii() and value.isdigit():
        return min(float(value), LIMITS.retry_after)
    when = http_date(value)
    return 0.0 if when is None else min(max(when - now, 0.0), LIMITS.retry_after)


def http_date(value: str) -> float | None:
    """Return the seconds since 1970 of a date (RFC 9110 section 5.6.7); `None` for another text."""
    from datetime import UTC  # rarely needed, and slow to import
    from email.utils import parsedate_to_datetime

    try:
        when = parsedate_to_datetime(value)
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        return when.timestamp()
    except (ValueError, OverflowError):
        return None
