"""What OpenSSL's reasons for a failed TLS handshake mean.

Either side's verdict (RFC 8446 section 6.2) stands: of the same certificates and settings the same
comes again. What an overloaded or restarting peer does, or a damaged record shows, may pass."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_ALERTS = ("SSLV3_ALERT_", "TLSV1_ALERT_", "TLSV13_ALERT_", "TLSV1_")
_PASSING = (
    "BAD_RECORD",
    "CLOSE_NOTIFY",
    "DECODE_ERROR",
    "DECOMPRESSION_FAILURE",
    "DECRYPTION",
    "DID_NOT_COMPLETE",
    "EOF",
    "I/O_ERROR",
    "INTERNAL_ERROR",
    "LENGTH_MISMATCH",
    "MALLOC",
    "NO_RENEGOTIATION",
    "RECORD_LAYER_FAILURE",
    "RECORD_OVERFLOW",
    "SHUTDOWN",
    "SYSCALL",
    "UNEXPECTED_MESSAGE",
    "USER_CANCELLED",
)
_NOT_TLS = ("HTTP_REQUEST", "UNKNOWN_PROTOCOL", "WRONG_VERSION_NUMBER")


_MESSAGE = re.compile(r"(?:\[[^\]]*\] )?(?P<words>.*?)(?: \(_\w+\.c:[0-9]+\))?", re.DOTALL)
"""What the ssl module makes of an error of OpenSSL's, with the place in its own source."""


def reason_of(error: ssl.SSLError) -> str:
    """OpenSSL's name for what went wrong, empty for none: from its words where this Python's table
    of names is older than the reason, as for the alert `no_application_protocol`."""
    reason: str | None = getattr(error, "reason", None)  # missing in those that Python code raises
    return reason or ssl_words(error).upper().replace(" ", "_")


def ssl_words(error: ssl.SSLError) -> str:
    message = _MESSAGE.fullmatch(str(error.args[-1]) if error.args else "")
    return message["words"] if message else ""


def is_final(reason: str | None) -> bool:
    """Whether a handshake that failed for `reason` fails again."""
    return bool(reason) and not any(words in str(reason) for words in _PASSING)


def is_refusal(reason: str | None) -> bool:
    """Whether `reason` is an alert by which the peer refuses a handshake for good."""
    return is_final(reason) and "_ALERT_" in str(reason)


def in_words(reason: str) -> str:
    """What to tell the user of a handshake that failed for good."""
    if reason in _NOT_TLS:
        return f"the port does not speak TLS ({_plain(reason)})"
    for prefix in _ALERTS:
        if reason.startswith(prefix):
            return f"the server refused the TLS handshake: {_plain(reason.removeprefix(prefix))}"
    return f"the TLS handshake failed: {_plain(reason)}"


def _plain(reason: str) -> str:
    return reason.replace("_", " ").lower()
