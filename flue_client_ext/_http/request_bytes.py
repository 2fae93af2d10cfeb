"""Requests of HTTP/1.1 as bytes: to a server, to a proxy, and for a tunnel through one.

h11 writes them; what they say depends on the route. No I/O."""

from __future__ import annotations

from urllib.parse import urlsplit

import h11

from .._values.http import Request
from .host import without_zone
from .message import raw_headers
from .route import Proxy, Route


def request_bytes(protocol: h11.Connection, request: Request, route: Route) -> bytes:
    """Return `request` in the form that the first HTTP peer on `route` expects."""
    parts = urlsplit(request.url)
    host = without_zone(parts.netloc)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = [("host", host), *request.headers.items()]
    if request.body is not None:
        headers.append(("content-length", str(len(request.body))))
    if (proxy := route.forwarded_by) is not None:
        target = f"{parts.scheme}://{host}{target}"  # absolute form (RFC 9112 section 3.2.2)
        headers += _credentials(proxy)
    return _written(protocol, request.method, target, headers, request.body)


def tunnel_bytes(protocol: h11.Connection, route: Route, proxy: Proxy) -> bytes:
    """Return the request for a tunnel to the server (RFC 9110 section 9.3.6)."""
    headers = [("host", route.authority), *_credentials(proxy)]
    return _written(protocol, "CONNECT", route.authority, headers)


def _credentials(proxy: Proxy) -> list[tuple[str, str]]:
    return [("proxy-authorization", proxy.authorization)] if proxy.authorization else []


def _written(
    protocol: h11.Connection,
    method: str,
    target: str,
    headers: list[tuple[str, str]],
    body: bytes | None = None,
) -> bytes:
    head = h11.Request(method=method, target=target, headers=raw_headers(headers))
    pieces = [protocol.send(head)]
    if body:
        pieces.append(protocol.send(h11.Data(data=body)))
    pieces.append(protocol.send(h11.EndOfMessage()))
    return b"".join(piece for piece in pieces if piece)
