"""What OpenSSL's reasons for a failed TLS handshake, or for a broken connection, mean.

An alert of either side (RFC 8446 section 6.2) is permanent: the same certificates and settings
cause it again. What an overloaded or restarting peer or a damaged record causes is transient. Reads
errors only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_ALERTS = ("SSLV3_ALERT_", "TLSV1_ALERT_", "TLSV13_ALERT_", "TLSV1_")
_TRANSIENT = (
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
_NO_TLS = ("HTTP_REQUEST", "UNKNOWN_PROTOCOL", "WRONG_VERSION_NUMBER")

_MESSAGE = r"(?s:(?:\[[^\]]*\] )?(?P<text>.*?)(?: \(_\w+\.c:[0-9]+\))?)"
"""The message of an `ssl.SSLError`: the library, OpenSSL's text, and a line of CPython's source."""


def reason_of(error: ssl.SSLError) -> str:
    """OpenSSL's name of the reason, empty for none. Where this Python's table of names lacks it, as
    that of the alert `no_application_protocol`, it is made from OpenSSL's text."""
    reason: str | None = getattr(error, "reason", None)  # missing where Python code raised it
    return reason or ssl_text(error).upper().replace(" ", "_")


def ssl_text(error: ssl.SSLError) -> str:
    message = re.fullmatch(_MESSAGE, str(error.args[-1]) if error.args else "")
    return message["text"] if message else ""


def is_final(reason: str | None) -> bool:
    """Whether a handshake that failed for `reason` fails again."""
    return bool(reason) and not any(part in str(reason) for part in _TRANSIENT)


def is_no_tls(reason: str) -> bool:
    """Whether the peer sent something that is not TLS."""
    return reason in _NO_TLS


def is_refusal(reason: str | None) -> bool:
    """Whether `reason` is a permanent alert of the peer."""
    return is_final(reason) and "_ALERT_" in str(reason)


def description_of(reason: str) -> str:
    """The message to the user about a handshake that failed permanently."""
    if is_no_tls(reason):
        return f"the port does not speak TLS ({_plain(reason)})"
    for prefix in _ALERTS:
        if reason.startswith(prefix):
            return f"the server refused the TLS handshake: {_plain(reason.removeprefix(prefix))}"
    return f"the TLS handshake failed: {_plain(reason)}"


def broken_record(reason: str) -> str:
    """The message about a TLS connection that fails after its handshake, which can pass."""
    return f"the TLS connection broke: {_plain(reason)}"


def _plain(reason: str) -> str:
    return reason.replace("_", " ").lower()
