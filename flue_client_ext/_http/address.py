"""The address of a server: a checked base URL or stream URL, and the route to its origin.

Reads `FLUE_BASE_URL` and the variables of proxies; opens nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from attrs import field, frozen

from .._values.http import without_query
from .environment import proxy_for
from .route import Route
from .url import Url, parsed

if TYPE_CHECKING:
    import ssl


_FROM_ENVIRONMENT = "base_url (from the environment variable FLUE_BASE_URL)"


@frozen
class Address:
    """A checked URL without the trailing slash of its path, and the route to its origin."""

    url: str = field(repr=lambda url: repr(without_query(url)))
    route: Route


def base_address(
    base_url: str | None, context: ssl.SSLContext | None, *, own_client: bool
) -> Address:
    """Check `base_url`, or the environment's `FLUE_BASE_URL`; its path (a mount prefix) is kept.

    `own_client`: the user's httpx client sends the requests, and has proxies of its own.
    """
    given = base_url if base_url is not None else os.environ.get("FLUE_BASE_URL")
    if not given:
        raise ValueError(
            "base_url is missing: pass it, or set the environment variable FLUE_BASE_URL"
        )
    url = _parsed(given, "base_url" if base_url is not None else _FROM_ENVIRONMENT)
    if "?" in given:
        raise ValueError("base_url must not have a query: each call appends its own path to it")
    if "#" in given:
        raise ValueError("base_url must not have a fragment: it is never sent to a server")
    return Address(url.origin + url.path.rstrip("/"), _route(url, context, own_client))


def stream_address(given: str, context: ssl.SSLContext | None, *, own_client: bool) -> Address:
    """Check the URL of a stream; it may have a query (a signature, for example)."""
    url = _parsed(given, "url")
    return Address(url.origin + url.path, _route(url, context, own_client))


def resource_url(given: str, address: Address, checked: Callable[[str, str], object]) -> str:
    """Check the whole URL of a resource of the origin of `address`: credentials go to no other.
    `checked` is told its path, without the slash in front."""
    url = _parsed(given, "url")
    if "?" in given or "#" in given:
        raise ValueError("url must not have a query or a fragment: calls add their own query")
    origin = _parsed(address.url, "base_url").origin
    if url.origin != origin:
        raise ValueError(
            f"url must be of the client's own origin, {origin}: it gets the credentials"
        )
    checked(url.path[1:], "url")
    return url.origin + url.path


def _parsed(given: object, what: str) -> Url:
    if not isinstance(given, str):
        raise TypeError(f"{what} must be a string, not {type(given).__name__}")
    url = parsed(given.strip())
    if url is None:
        raise ValueError(f"{what} is not a URL: its host, its port or a character in it is invalid")
    if url.scheme not in ("http", "https"):
        raise ValueError(f"{what} must begin with http:// or https://{_unlike(given)}")
    if not url.host:
        raise ValueError(f"{what} has no host")
    if url.username or url.password:
        raise ValueError(
            f"{what} must not contain a user name or password: they would end up in logs; use"
            " token= or headers="
        )
    return url


_HOST = re.compile(
    r"(localhost|\d+(\.\d+){3}|([a-z0-9-]+\.)+[a-z]{2,10})(:\d{1,5})?", re.IGNORECASE
)
"""A host that only lacks the scheme; a token does not end in a top-level domain."""


def _unlike(given: str) -> str:
    """Quote a URL that is refused if it has the shape of a host: anything else may be a token."""
    shown = given.strip()
    return f", not {shown!r}" if _HOST.fullmatch(shown) else ""


def _route(url: Url, context: ssl.SSLContext | None, own_client: bool) -> Route:
    tls = url.scheme == "https"
    proxy = None if own_client else proxy_for(url.scheme, url.host, url.port, os.environ)
    if context is None:
        return Route(url.host, url.port, tls, proxy, _shared_context, _trust)
    return Route(url.host, url.port, tls, proxy, partial(_given, context))


def _given(context: ssl.SSLContext) -> ssl.SSLContext:
    return context


def _shared_context() -> ssl.SSLContext:
    from .trust import shared_context  # a plain request trusts no certificate

    return shared_context()


def _trust() -> str:
    from .trust import trust

    return trust()
