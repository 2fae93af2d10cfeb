"""OpenSSL's reasons for a failed handshake: which are permanent, and how they are described."""

from __future__ import annotations

import ssl

import pytest

from flue_client_ext._http.tls_errors import description_of, is_final, is_refusal, reason_of

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
TRANSIENT = [
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
def test_an_alert_of_the_peer_is_permanent(reason: str) -> None:
    assert is_final(reason)
    assert is_refusal(reason)
    assert description_of(reason) == f"the server refused the TLS handshake: {REFUSALS[reason]}"


@pytest.mark.parametrize("reason", FINAL)
def test_a_verdict_of_this_side_is_permanent_and_no_refusal(reason: str) -> None:
    assert is_final(reason)
    assert not is_refusal(reason)


@pytest.mark.parametrize("reason", TRANSIENT)
def test_a_transient_reason_is_neither_final_nor_a_refusal(reason: str | None) -> None:
    assert not is_final(reason)
    assert not is_refusal(reason)


def test_a_port_without_TLS_is_described_as_such() -> None:
    assert description_of("WRONG_VERSION_NUMBER").startswith("the port does not speak TLS")


@pytest.mark.parametrize(
    ("error", "reason", "final", "refusal"),
    [
        (
            ssl.SSLError(1, "[SSL] tlsv1 alert no application protocol (_ssl.c:1006)"),
            "TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
            True,
            True,
        ),
        (ssl.SSLError(1, "[SSL] unknown error (_ssl.c:1006)"), "UNKNOWN_ERROR", True, False),
        (ssl.SSLError(1, "unknown error (_ssl.c:1006)"), "UNKNOWN_ERROR", True, False),
        (ssl.SSLError(1, "[SSL] record layer failure"), "RECORD_LAYER_FAILURE", False, False),
        (
            ssl.SSLEOFError(8, "EOF occurred in violation of protocol (_ssl.c:1)"),
            "EOF_OCCURRED_IN_VIOLATION_OF_PROTOCOL",
            False,
            False,
        ),
        (
            ssl.SSLSyscallError(5, "Some I/O error occurred"),
            "SOME_I/O_ERROR_OCCURRED",
            False,
            False,
        ),
        (ssl.SSLError(), "", False, False),
        (
            ssl.SSLWantReadError(2, "The operation did not complete (read) (_ssl.c:1006)"),
            "THE_OPERATION_DID_NOT_COMPLETE_(READ)",
            False,
            False,
        ),
    ],
)
def test_a_reason_without_a_name_is_read_from_the_message(
    error: ssl.SSLError, reason: str, final: bool, refusal: bool
) -> None:
    assert reason_of(error) == reason
    assert (is_final(reason), is_refusal(reason)) == (final, refusal)
