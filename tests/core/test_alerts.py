"""OpenSSL's reasons: which of them stand, and what they are called."""

from __future__ import annotations

import pytest

from flue_client_ext._http.alerts import in_words, is_final, is_refusal

REFUSALS = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "certificate required",
    "TLSV13_ALERT_MISSING_EXTENSION": "missing extension",
    "TLSV1_ALERT_UNKNOWN_CA": "unknown ca",
    "TLSV1_ALERT_ACCESS_DENIED": "access denied",
    "TLSV1_ALERT_DECRYPT_ERROR": "decrypt error",
    "TLSV1_ALERT_PROTOCOL_VERSION": "protocol version",
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": "insufficient security",
    "SSLV3_ALERT_BAD_CERTIFICATE": "bad certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "certificate expired",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "certificate revoked",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "certificate unknown",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "handshake failure",
}
FINAL = [
    "CERTIFICATE_VERIFY_FAILED",
    "HTTP_REQUEST",
    "NO_PROTOCOLS_AVAILABLE",
    "TLSV1_UNRECOGNIZED_NAME",
    "UNSUPPORTED_PROTOCOL",
    "WRONG_VERSION_NUMBER",
    "DH_KEY_TOO_SMALL",
]
PASSING = [
    None,
    "",
    "APPLICATION_DATA_AFTER_CLOSE_NOTIFY",
    "DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
    "SSLV3_ALERT_BAD_RECORD_MAC",
    "SSLV3_ALERT_UNEXPECTED_MESSAGE",
    "TLSV1_ALERT_DECODE_ERROR",
    "TLSV1_ALERT_INTERNAL_ERROR",
    "TLSV1_ALERT_USER_CANCELLED",
    "UNEXPECTED_EOF_WHILE_READING",
]


@pytest.mark.parametrize("reason", REFUSALS)
def test_a_peers_verdict_stands(reason: str) -> None:
    assert is_final(reason)
    assert is_refusal(reason)
    assert in_words(reason) == f"the server refused the TLS handshake: {REFUSALS[reason]}"


@pytest.mark.parametrize("reason", FINAL)
def test_what_this_side_finds_wrong_stands_and_is_no_refusal(reason: str) -> None:
    assert is_final(reason)
    assert not is_refusal(reason)


@pytest.mark.parametrize("reason", PASSING)
def test_what_may_pass_is_neither(reason: str | None) -> None:
    assert not is_final(reason)
    assert not is_refusal(reason)


def test_a_port_without_TLS_is_called_so() -> None:
    assert in_words("WRONG_VERSION_NUMBER").startswith("the port does not speak TLS")
