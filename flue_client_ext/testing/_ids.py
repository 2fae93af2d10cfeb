"""Identifiers in the form of the genuine server's: a prefix and a ULID."""

from __future__ import annotations

import secrets

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid(prefix: str, seconds: float) -> str:
    """Return `<prefix>_` and 26 characters: 48 bits of milliseconds, then 80 of chance."""
    number = (int(seconds * 1000) << 80) | secrets.randbits(80)
    digits = (_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))
    return f"{prefix}_{''.join(digits)}"
