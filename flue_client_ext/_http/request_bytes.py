"""Requests of HTTP/1.1 as bytes: to a server, to a proxy, and for a tunnel through one.

h11 writes them; what they say depends on the route. They are views, for the reason that `Send`
gives. No I/O."""

from __future__ import annotations

from urllib.parse import urlsplit

import h11

from .._values.http import Request
from .host import without_zone
from .message import raw_headers
from .route import Proxy, Route

_END = h11.EndOfMessage()


class RequestWriter:
    """Writes the requests of one connection, in the form that the first HTTP peer on `route`
    expects. Headers that are those of the request before are not validated again."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._given: list[tuple[str, str]] = []
        self._latest: h11.Request | None = None

    def request(self, protocol: h11.Connection, request: Request) -> memoryview:
        """Return `request` as bytes, in a view."""
        before, _, query = request.url.partition("?")
        parts = urlsplit(before)  # the standard library keeps the latest
        host = without_zone(parts.netloc)
        target = (parts.path or "/") + (f"?{query}" if query else "")
        headers = [("host", host), *request.headers.items()]
        if request.body is not None:
            headers.append(("content-length", str(len(request.body))))
        if (proxy := self._route.forwarded_by) is not None:
            target = f"{parts.scheme}://{host}{target}"  # absolute form (RFC 9112 section 3.2.2)
            headers += _credentials(proxy)
        latest = self._latest if headers == self._given else None
        head = self._latest = h11.Request(
            method=request.method,
            target=target,
            headers=raw_headers(headers) if latest is None else latest.headers,
        )
        self._given = headers
        return _written(protocol, head, request.body)


def tunnel_bytes(protocol: h11.Connection, route: Route, proxy: Proxy) -> memoryview:
    """Return the request for a tunnel to the server (RFC 9110 section 9.3.6)."""
    headers = raw_headers([("host", route.authority), *_credentials(proxy)])
    head = h11.Request(method="CONNECT", target=route.authority, headers=headers)
    return _written(protocol, head)


def _credentials(proxy: Proxy) -> list[tuple[str, str]]:
    return [("proxy-authorization", proxy.authorization)] if proxy.authorization else []


def _written(protocol: h11.Connection, head: h11.Request, body: bytes | None = None) -> memoryview:
    pieces = [protocol.send(head)]
    if body:
        pieces.append(protocol.send(h11.Data(data=body)))
    pieces.append(protocol.send(_END))
    return memoryview(b"".join(piece for piece in pieces if piece))
