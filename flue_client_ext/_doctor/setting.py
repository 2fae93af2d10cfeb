"""What the environment makes of a client: its proxy, its trusted certificates, its credentials.

Asks what the client itself would use. Shows the names of variables, never a value that may be
secret."""

from __future__ import annotations

import os
import ssl

from .._http.environment import proxy_for
from .._http.operations import Unreachable
from .._http.route import Route
from .finding import Finding, finding


def proxy(route: Route) -> Finding:
    """Return which proxy the requests of `route` go through, from which variable, or why none."""
    if route.proxy is not None:
        kind = "a tunnel through" if route.tls else "through"
        words = f"Requests go {kind} the proxy {route.proxy.label}."
        facts = {"variable": route.proxy.variable, "host": route.proxy.host}
        return finding("proxy", words, **facts, port=route.proxy.port, exempt=False)
    other = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}
    try:
        exempt = proxy_for("https" if route.tls else "http", route.host, route.port, other)
    except ValueError:  # a proxy that cannot be used, and that no request needs
        exempt = None
    if exempt is None:
        words = "Requests go to the server directly: no proxy is set."
        return finding("proxy", words, variable=None, exempt=False)
    words = f"Requests go to the server directly: NO_PROXY exempts it from {exempt.variable}."
    return finding("proxy", words, variable=exempt.variable, exempt=True)


def trust(route: Route, trusted: str) -> Finding:
    """Return where the trusted certificates come from, or why they cannot be used."""
    try:
        route.tls_context()
    except Unreachable as error:
        words = f"TLS trusts no server: {error}."
        advice = "Correct the variable, or unset it to trust the certificates of certifi."
        return finding("trust_invalid", words, advice, source=trusted)
    words = f"TLS trusts the certificates of {trusted}, for the host {route.host}."
    return finding("trust", words, source=trusted, host=route.host)


def trusted(route: Route, own: ssl.SSLContext | None) -> str:
    """The source of the trusted certificates, in words. `own`: the user's context."""
    if own is not None:
        return "your own ssl_context"
    if named := route.trust():
        return named
    import certifi

    return f"certifi ({certifi.where()})"


def credentials(*, token: str | None, headers: bool) -> Finding:
    """Return whether requests carry credentials. `token`: where it comes from, if there is one;
    `headers`: whether the user gave some."""
    sent = [f"a bearer token from {token}"] if token else []
    sent += ["headers of yours"] if headers else []
    words = f"Requests carry {' and '.join(sent) or 'no credentials'}."
    return finding("credentials", words, token_from=token, headers=headers)
