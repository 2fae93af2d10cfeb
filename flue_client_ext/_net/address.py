"""Where the server is: the base URL checked, the environment's proxies, the shared TLS context."""

from __future__ import annotations

import base64
import os
import ssl
import urllib.request
from collections.abc import Callable
from functools import cache, partial
from urllib.parse import unquote

import httpx
from attrs import frozen

from .._core.wire import Proxy, Route


@frozen
class Address:
    """A checked URL without its path's trailing slash, and the way to its origin."""

    url: str
    route: Route


def base_address(base_url: str | None, context: ssl.SSLContext | None) -> Address:
    """Check `base_url`, or the environment's `FLUE_BASE_URL`; its path (a mount prefix) is kept."""
    given = base_url if base_url is not None else os.environ.get("FLUE_BASE_URL")
    if not given:
        raise ValueError(
            "base_url is missing: pass it, or set the environment variable FLUE_BASE_URL"
        )
    url = _parsed(given, "base_url")
    if url.query or "?" in given:
        raise ValueError("base_url must not have a query: each call appends its own path to it")
    if "#" in given:
        raise ValueError("base_url must not have a fragment: it is never sent to a server")
    text = f"{url.scheme}://{url.netloc.decode()}{url.raw_path.decode().rstrip('/')}"
    return Address(text, _route(url, context))


def stream_address(given: str, context: ssl.SSLContext | None) -> Address:
    """Check the URL of a stream; it may have a query (a signature, for example)."""
    url = _parsed(given, "url")
    return Address(
        f"{url.scheme}://{url.netloc.decode()}{url.raw_path.decode()}", _route(url, context)
    )


def _parsed(given: object, what: str) -> httpx.URL:
    if not isinstance(given, str):
        raise TypeError(f"{what} must be a string, not {type(given).__name__}")
    url = _url(given.strip())
    if url is None:
        raise ValueError(f"{what} is not a URL: its host, its port or a character in it is invalid")
    if url.scheme not in ("http", "https"):
        raise ValueError(f"{what} must begin with http:// or https://")
    if not url.host:
        raise ValueError(f"{what} has no host")
    if url.userinfo:
        raise ValueError(
            f"{what} must not contain a user name or password: they would end up in logs; use"
            " token= or headers="
        )
    return url


def _url(text: str) -> httpx.URL | None:
    """Return `None` for what is no URL; the reason that httpx gives may quote a password."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        return None
    return url if url.port is None or 0 < url.port < 65536 else None


def _route(url: httpx.URL, context: ssl.SSLContext | None) -> Route:
    tls = url.scheme == "https"
    host = url.raw_host.decode("ascii").strip("[]")
    make: Callable[[], ssl.SSLContext] = shared_context
    if context is not None:
        make = partial(_given, context)
    port = url.port or (443 if tls else 80)
    return Route(host, port, tls, _environment_proxy(url.scheme, host, port), make)


def _given(context: ssl.SSLContext) -> ssl.SSLContext:
    return context


def shared_context() -> ssl.SSLContext:
    """The TLS context of all clients; making one takes tens of milliseconds, so it is made late.

    It obeys `SSL_CERT_FILE` and `SSL_CERT_DIR`, as httpx does.
    """
    return _context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _context(cert_file: str | None, cert_dir: str | None) -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _environment_proxy(scheme: str, host: str, port: int) -> Proxy | None:
    """The proxy that `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` ask for."""
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
        pair = f"{unquote(url.username)}:{unquote(url.password)}".encode()
        authorization = "Basic " + base64.b64encode(pair).decode()
    tls = url.scheme == "https"
    return Proxy(url.host, url.port or (443 if tls else 80), tls, authorization)
