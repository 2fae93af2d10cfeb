"""What a TLS handshake says that failed: the certificate, the host that it is not for, or the
certificates that this client trusts.

Judges errors; opens nothing. The codes of a verification are OpenSSL's (openssl-verification-
options(1), X509_V_ERR_*)."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

from .._http.failures import chain, describe
from .._http.host import bare
from .._http.tls_errors import description_of, is_final, is_no_tls, ssl_text
from .exchange import Exchange
from .finding import Finding, finding

_NOT_YET_VALID, _EXPIRED = 9, 10
_WRONG_HOST = (62, 64)
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""
_SELF_SIGNED = (18, 19)
_INCOMPLETE = (20, 21)


def untrusted(exchange: Exchange, reason: str) -> Finding:
    """Return the finding for a certificate that does not verify."""
    host = bare(exchange.tls_host)
    assert exchange.error is not None
    error = next(each for each in chain(exchange.error) if isinstance(each, ssl.SSLError))
    code = getattr(error, "verify_code", None)
    said = getattr(error, "verify_message", "") or ssl_text(error)
    facts = {"verify_code": code, "trusted": exchange.trusted, "host": host}
    if code in (_EXPIRED, _NOT_YET_VALID):
        expired = code == _EXPIRED
        now = datetime.fromtimestamp(exchange.answered_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return finding(
            "certificate_expired" if expired else "certificate_not_yet_valid",
            f"A certificate of {exchange.tls_peer}"
            f" {'has expired' if expired else 'is not valid yet'}: OpenSSL says {said!r}, by the"
            f" clock of this machine, which shows {now}.",
            "Renew the certificate at the server, or set this machine's clock if it is wrong.",
            **facts,
        )
    if code in _WRONG_HOST:
        return finding(
            "certificate_wrong_host",
            f"The certificate of {exchange.tls_peer} is not for the host {host}: OpenSSL says"
            f" {said!r}.",
            "Use the host name that the certificate is for in the base URL, or give the server a"
            " certificate for this one. An address needs a certificate that lists the address.",
            **facts,
        )
    return finding(
        "certificate_untrusted",
        f"The certificate of {exchange.tls_peer} is not trusted: OpenSSL says {said!r}."
        f" Trusted are the certificates of {exchange.trusted}.",
        _remedy(code),
        **facts,
    )


def without_certificate(exchange: Exchange, reason: str) -> Finding:
    """Return the finding for a handshake that failed for another `reason` of OpenSSL's."""
    assert exchange.error is not None
    facts = {"reason": reason, "host": bare(exchange.tls_host)}
    if is_no_tls(reason):
        return finding(
            "port_without_tls",
            f"{exchange.tls_peer} does not speak TLS, and the URL begins with https://.",
            "Begin the URL with http://, or use the port on which TLS is served.",
            **facts,
        )
    if is_final(reason):
        return finding(
            "tls_refused",
            f"{exchange.tls_peer}: {description_of(reason)}.",
            "The server and this client have no TLS version or cipher in common, or the server"
            " demands a client certificate: pass ssl_context= with one.",
            **facts,
        )
    return finding(
        "tls_failed",
        f"{exchange.tls_peer} ended the TLS handshake ({describe(exchange.error)}).",
        "Try again; if it stays, look into the log of the server or of the proxy in front of it.",
        **facts,
    )


def _remedy(code: int | None) -> str:
    if code in _SELF_SIGNED:
        return (
            "If the certificate is your own or your company's, put it (PEM) into a file and name"
            " the file in SSL_CERT_FILE."
        )
    if code in _INCOMPLETE:
        return (
            "If a private authority or an inspecting proxy signs the certificates, name its"
            " certificate file in SSL_CERT_FILE. If the authority is a public one, the server"
            " does not send the intermediate certificates: correct its chain."
        )
    return "Correct the certificate of the server, or name the right file in SSL_CERT_FILE."
