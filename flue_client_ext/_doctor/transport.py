"""What a request says that brought no response: the first thing on the path that fails.

Judges errors; opens nothing."""

from __future__ import annotations

import errno
import socket

from .._http.failures import UNTRUSTED, describe, tls_reason
from .._http.operations import HttpCut, Unreachable
from .certificates import untrusted, without_certificate
from .exchange import Exchange
from .finding import Finding, finding

_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL)
_LOCAL_PORT = 3583
"""Where `flue dev` and `flue-client dev` listen unless they are told otherwise."""


def connected(exchange: Exchange) -> Finding:
    """Return the finding for an exchange with a response."""
    connect, answer = exchange.connected_after, exchange.answered_after
    return finding(
        "connected",
        f"{exchange.peer} was reached at {exchange.address} in {connect * 1000:.0f} ms; a response"
        f" came {answer * 1000:.0f} ms later.",
        address=exchange.address,
        connect_seconds=round(connect, 4),
        answer_seconds=round(answer, 4),
        **exchange.target,
    )


def failed(exchange: Exchange, *, speaks_tls: bool = False) -> Finding:
    """Return the finding that an exchange without a response is. `speaks_tls`: the port of a plain
    URL answered a TLS handshake."""
    error = exchange.error
    if speaks_tls:
        return needs_tls(exchange)
    if isinstance(error, HttpCut) and error.status is not None:
        return _tunnel_refused(exchange, error.status)
    if isinstance(error, TimeoutError):  # raised while OpenSSL waits for more, which is its context
        return _timed_out(exchange)
    if (reason := tls_reason(error) if error else None) is not None:
        return (untrusted if reason == UNTRUSTED else without_certificate)(exchange, reason)
    if not exchange.address:
        return _unconnected(exchange, error)
    return finding(
        "no_http_answer",
        f"{exchange.peer} accepts connections, but ends them without an HTTP response"
        f" ({_described(exchange)}).",
        "Check that the port belongs to the Flue server, or to the proxy in front of it, and that"
        " it speaks HTTP/1.1.",
        **exchange.target,
    )


def needs_tls(exchange: Exchange) -> Finding:
    """Return the finding for a plain URL whose port answered a TLS handshake."""
    return finding(
        "port_with_tls",
        f"{exchange.server} speaks TLS, and the base URL begins with http://.",
        "Begin the base URL with https://.",
        **exchange.target,
    )


def _tunnel_refused(exchange: Exchange, status: int) -> Finding:
    if status == 407:
        advice = (
            "Put the proxy's user name and password into the variable that names it, as in"
            " http://USER:PASSWORD@HOST:PORT, or correct them."
        )
    else:
        advice = (
            "Ask the operator of the proxy to allow this host and port, or list the host in"
            " NO_PROXY if it can be reached directly."
        )
    words = f"{exchange.peer} refuses a tunnel to {exchange.route.authority}: status {status}."
    return finding("proxy_refused", words, advice, status=status, **exchange.target)


def _timed_out(exchange: Exchange) -> Finding:
    if not exchange.address:
        return finding(
            "silent",
            f"{exchange.peer} does not answer: nothing accepted or refused the connection within"
            f" {exchange.connected_after + exchange.answered_after:.1f} s"
            f" ({_described(exchange)}).",
            "Check the host and the port. A firewall that drops packets looks like this too: try"
            " from a machine of the same network, or set the proxy that this network demands"
            " (HTTPS_PROXY).",
            **exchange.target,
        )
    what = "an HTTP response" if exchange.sent else "the handshake (TLS, or a proxy's tunnel)"
    return finding(
        "no_answer",
        f"{exchange.peer} accepted the connection, and then sent no answer to {what} for"
        f" {exchange.answered_after:.1f} s.",
        "Look whether the server hangs or is overloaded, and whether the port belongs to something"
        " else than an HTTP server.",
        request_sent=exchange.sent,
        **exchange.target,
    )


def _unconnected(exchange: Exchange, error: Exception | None) -> Finding:
    target = exchange.target
    if isinstance(error, socket.gaierror | Unreachable):
        return finding(
            "name_not_found",
            f"The host of {exchange.peer} has no address ({_described(exchange)}).",
            "Check the spelling of the host. A name of a private network needs that network's DNS"
            " (VPN, cluster, container network).",
            **target,
        )
    if isinstance(error, ConnectionRefusedError):
        return finding(
            "refused",
            f"Nothing listens at the port of {exchange.peer}: the connection was refused.",
            f"Start the server, or correct the port (`flue dev` uses {_LOCAL_PORT}). Inside a"
            " container, localhost is the container itself.",
            **target,
        )
    return finding(
        "unreachable",
        f"No connection to {exchange.peer} can be opened ({_described(exchange)}).",
        "Check this machine's network: its routes, its VPN, and whether it has IPv6 if the host"
        " has only an IPv6 address.",
        no_route=isinstance(error, OSError) and error.errno in _NO_ROUTE,
        **target,
    )


def _described(exchange: Exchange) -> str:
    return describe(exchange.error) if exchange.error else ""
