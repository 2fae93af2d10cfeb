"""Numbers in words: durations, times, tokens and cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from .span import Status, Usage

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

STATUS: dict[Status, str] = {
    "": "",
    "completed": "completed",
    "failed": "failed",
    "aborted": "aborted",
    "running": "running",
    "unfinished": "no end",
}
_LONGEST = 300


def short(text: str) -> str:
    """Return a name as far as a line shows it."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count:,} steps"


def duration(milliseconds: float) -> str:
    """Return a duration with three digits or so."""
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 59.995:
        return f"{seconds:.2f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def moment(milliseconds: float) -> str:
    """Return a time in UTC, to the second."""
    try:
        return f"{_EPOCH + timedelta(milliseconds=milliseconds):%Y-%m-%d %H:%M:%S} UTC"
    except OverflowError:  # a server may say any duration, and times in any zone
        return "a time outside the calendar"


def tokens(usage: Usage) -> str:
    return f"{usage.total:,.0f} tokens"


def cost(usage: Usage) -> str | None:
    """Return the cost in US dollars, `None` where the server's prices are not known."""
    if not usage.cost:
        return None
    if usage.cost >= 1:
        return f"${usage.cost:,.2f}"
    return f"${Decimal(f'{usage.cost:.2g}'):f}"


def used(usage: Usage) -> str:
    """Return tokens and cost on a line."""
    spent = cost(usage)
    return tokens(usage) if spent is None else f"{tokens(usage)}, {spent}"


def in_detail(usage: Usage) -> str:
    """Return the kinds of tokens."""
    parts = [f"{usage.input:,.0f} in", f"{usage.output:,.0f} out"]
    parts += [f"{usage.cache_read:,.0f} read from cache"] if usage.cache_read else []
    parts += [f"{usage.cache_write:,.0f} written to cache"] if usage.cache_write else []
    return ", ".join(parts)
