"""What a response says that refuses or redirects a request: who may ask, and where.

Judges responses; opens nothing. Of a redirect's target it shows the origin, and a base URL."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from .._values.http import Head, proxy_note, redirect_origin
from .exchange import Exchange
from .finding import Finding, finding

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


def redirect(exchange: Exchange, head: Head, base_url: str) -> Finding:
    origin = redirect_origin(head.response(b"")) or "an address that cannot be read"
    better = _moved(base_url, exchange.request.url, head.headers["location"])
    words = f"The server redirects to {origin} (status {head.status})."
    advice = "The client follows no redirect, since credentials belong to the configured server."
    if better is not None:
        advice += f" Use {better} as the base URL."
    else:
        advice += (
            " The target is another page, such as a sign-in page: the credentials are missing, or"
            " something in front of the server wants others."
        )
    return finding("redirect", words, advice, status=head.status, base_url=better)


def _moved(base_url: str, asked: str, location: str) -> str | None:
    """The base URL that leads where the redirect does, if it keeps the rest of the path."""
    own, rest = urlsplit(base_url), urlsplit(asked.removeprefix(base_url)).path
    try:
        target = urlsplit(location)
        port = f":{target.port}" if target.port else ""
    except ValueError:
        return None
    path = target.path.rstrip("/")
    if not path.endswith(rest):
        return None
    host = own.netloc if not target.hostname else target.hostname + port
    if ":" in (target.hostname or ""):
        host = f"[{target.hostname}]{port}"
    return f"{target.scheme or own.scheme}://{host}{path.removesuffix(rest)}"


def refused(exchange: Exchange, head: Head, authorized: bool) -> Finding:
    """Return the finding for a 401 or a 403. `authorized`: whether credentials were sent."""
    found = _SCHEME.match(exchange.header("www-authenticate"))
    scheme = found[0] if found else None
    if head.status == 403:
        what = "knows the caller, and does not allow the request"
        advice = (
            "Give the account behind the credentials access to this path. A firewall or an address"
            " filter in front of the server answers 403 too."
        )
    elif authorized:
        what = "refuses the credentials"
        advice = "Check the token: it may have expired, or belong to another environment."
    else:
        what = "wants credentials, and none were sent"
        advice = "Set FLUE_TOKEN, or pass token= or headers= (--header)."
    asks = f" It asks for the scheme {scheme}." if scheme else ""
    return finding(
        "forbidden" if head.status == 403 else "unauthorized",
        f"The server {what} (status {head.status}).{asks}{proxy_note(head.proxy)}",
        advice,
        status=head.status,
        scheme=scheme,
        credentials_sent=authorized,
    )


def proxy_unauthorized(exchange: Exchange) -> Finding:
    return finding(
        "proxy_unauthorized",
        f"{exchange.peer} wants credentials of its own (status 407).",
        "Put the proxy's user name and password into the variable that names it, as in"
        " http://USER:PASSWORD@HOST:PORT.",
        **exchange.target,
    )
