"""What OpenSSL's reasons for a failed TLS handshake mean.

Either side's verdict (RFC 8446 section 6.2) stands: of the same certificates and settings the same
comes again. What an overloaded or restarting peer does, or a damaged record shows, may pass."""

from __future__ import annotations

_ALERTS = ("SSLV3_ALERT_", "TLSV1_ALERT_", "TLSV13_ALERT_", "TLSV1_")
_PASSING = (
    "BAD_RECORD",
    "CLOSE_NOTIFY",
    "DECODE_ERROR",
    "DECOMPRESSION_FAILURE",
    "DECRYPTION",
    "EOF",
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
