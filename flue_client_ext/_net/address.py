"""Where the server is: the base URL checked, the environment's proxies, the shared TLS context.

httpx reads every URL that is out of the ordinary (international names, escapes, IPv6, mistakes);
the ordinary ones are not worth the time that importing it takes."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING

from attrs import field, frozen

from .._core.wire import Proxy, Route

if TYPE_CHECKING:
    import ssl

_ORDINARY = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<path>(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?)"
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


@frozen
class _Parts:
    """A URL in pieces, ASCII throughout; `path` with its query."""

    scheme: str
    host: str
    port: int
    path: str
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


@frozen
class Address:
    """A checked URL without its path's trailing slash, and the way to its origin."""

    url: str = field(repr=lambda url: repr(url.partition("?")[0]))
    route: Route


def base_address(
    base_url: str | None, context: ssl.SSLContext | None, *, own_client: bool
) -> Address:
    """Check `base_url`, or the environment's `FLUE_BASE_URL`; its path (a mount prefix) is kept.

    `own_client`: the user's httpx client carries the requests and knows its own proxies.
    """
    given = base_url if base_url is not None else os.environ.get("FLUE_BASE_URL")
    if not given:
        raise ValueError(
            "base_url is missing: pass it, or set the environment variable FLUE_BASE_URL"
        )
    url = _parsed(given, "base_url")
    if "?" in given:
        raise ValueError("base_url must not have a query: each call appends its own path to it")
    if "#" in given:
        raise ValueError("base_url must not have a fragment: it is never sent to a server")
    return Address(url.origin + url.path.rstrip("/"), _route(url, context, own_client))


def stream_address(given: str, context: ssl.SSLContext | None, *, own_client: bool) -> Address:
    """Check the URL of a stream; it may have a query (a signature, for example)."""
    url = _parsed(given, "url")
    return Address(url.origin + url.path, _route(url, context, own_client))


def _parsed(given: object, what: str) -> _Parts:
    if not isinstance(given, str):
        raise TypeError(f"{what} must be a string, not {type(given).__name__}")
    url = _url(given.strip())
    if url is None:
        raise ValueError(f"{what} is not a URL: its host, its port or a character in it is invalid")
    if url.scheme not in ("http", "https"):
        raise ValueError(f"{what} must begin with http:// or https://")
    if not url.host:
        raise ValueError(f"{what} has no host")
    if url.username or url.password:
        raise ValueError(
            f"{what} must not contain a user name or password: they would end up in logs; use"
            " token= or headers="
        )
    return url


def _url(text: str) -> _Parts | None:
    """Return `None` for what is no URL; the reason that httpx gives may quote a password."""
    ordinary = _ORDINARY.fullmatch(text)
    if ordinary is not None:
        scheme, host, port, path = ordinary.groups()
        number = int(port or _DEFAULT_PORTS[scheme])
        return _Parts(scheme, host, number, path or "/") if number < 65536 else None
    import httpx

    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        return None
    port = url.port if url.port is not None else _DEFAULT_PORTS.get(url.scheme, 1)
    if not 0 < port < 65536:
        return None
    host, path = url.raw_host.decode("ascii").strip("[]"), url.raw_path.decode("ascii")
    if "%" in host and ":" not in host:  # escaped by httpx: a space, for example
        return None
    return _Parts(url.scheme, host, port, path, url.username, url.password)


def _route(url: _Parts, context: ssl.SSLContext | None, own_client: bool) -> Route:
    tls = url.scheme == "https"
    make: Callable[[], ssl.SSLContext] = shared_context
    if context is not None:
        make = partial(_given, context)
    proxy = None if own_client else _environment_proxy(url.scheme, url.host, url.port)
    return Route(url.host, url.port, tls, proxy, make)


def _given(context: ssl.SSLContext) -> ssl.SSLContext:
    return context


def shared_context() -> ssl.SSLContext:
    """The TLS context of all clients; making one takes tens of milliseconds, so it is made late.

    It obeys `SSL_CERT_FILE` and `SSL_CERT_DIR`, as httpx does.
    """
    return _context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _context(cert_file: str | None, cert_dir: str | None) -> ssl.SSLContext:
    import ssl

    if cert_file:
        return ssl.create_default_context(cafile=cert_file)
    if cert_dir:
        return ssl.create_default_context(capath=cert_dir)
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


def _environment_proxy(scheme: str, host: str, port: int) -> Proxy | None:
    """The proxy that `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` ask for."""
    if not _proxy_possible(scheme):
        return None
    import base64
    import urllib.request

    proxies = urllib.request.getproxies()
    given = proxies.get(scheme) or proxies.get("all")
    if (
        not given
        or urllib.request.proxy_bypass(f"{host}:{port}")
        or urllib.request.proxy_bypass(host)
    ):
        return None
    url = _url(given if "://" in given else f"http://{given}")
    if url is None or not url.host:
        raise ValueError(f"the environment's proxy for {scheme}:// is not a URL")
    if url.scheme not in ("http", "https") or (url.scheme == "https" and scheme == "https"):
        raise ValueError(
            f"the environment asks for a {url.scheme}:// proxy to reach {scheme}://, which"
            " needs an http_client= of your own"
        )
    authorization = None
    if url.username or url.password:
        pair = f"{url.username}:{url.password}".encode()
        authorization = "Basic " + base64.b64encode(pair).decode()
    tls = url.scheme == "https"
    return Proxy(url.host, url.port, tls, authorization)


def _proxy_possible(scheme: str) -> bool:
    """Whether it is worth asking: some systems have settings beside the environment."""
    return sys.platform in ("darwin", "win32") or any(
        value and name.lower() in (f"{scheme}_proxy", "all_proxy")
        for name, value in os.environ.items()
    )
