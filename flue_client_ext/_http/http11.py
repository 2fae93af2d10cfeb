"""One HTTP/1.1 connection as a flow of byte operations. h11 knows the grammar of requests and of
heads, `body_reader` that of bodies.

It connects (proxy tunnel and TLS included), sends a request, reads one response, and says whether
the connection can carry another. All that it asks for are `operations`: no socket, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h11

from .._values.http import Head, Request, fold_headers, is_retryable
from .body_reader import BodyReader
from .host import bare
from .keep_alive import idle_limits
from .message import head_of
from .operations import ESTABLISHED, RECEIVE, YIELD, ByteFlow, Connect, HttpCut, Send, Unreachable
from .request_bytes import RequestWriter, tunnel_bytes
from .route import Proxy, Route

if TYPE_CHECKING:
    from .tls import Tls

_MAX_HEAD_BYTES = 256 * 1024

_MAX_QUOTE = 200
"""Characters of h11's reason, which quotes what the server has sent."""


class Connection:
    """A connection to one origin, opened by its first request."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._writer = RequestWriter(route)
        self._tls: Tls | None = None
        self._h11: h11.Connection | None = None
        """Of the latest request and its head, or of the next request."""
        self._body: BodyReader | None = None
        """Of the latest response, once its head has arrived."""
        self.sent = False
        """Whether bytes of the latest request may have left."""
        self.responded = False
        """Whether the head of its response has arrived."""
        self.used = False
        """Whether the latest request was not the first."""
        self.idle_limits = idle_limits()
        self.tls_host = ""
        """The peer of the latest TLS handshake: the server or a proxy."""

    @property
    def proxy_note(self) -> str:
        """Names the proxy that may have caused a failure, to end an error message; may be empty."""
        proxy = self._route.proxy
        if proxy is None or (self.sent and self._route.tls):  # inside a tunnel: the server's fault
            return ""
        return f" (through the proxy {proxy.label})"

    @property
    def trust_note(self) -> str:
        """Names the setting that chose the trusted certificates, likewise."""
        source = self._route.trust()
        return f" (trusting the certificates of {source})" if source else ""

    @property
    def reusable(self) -> bool:
        """Whether the response was read to its end, no bytes follow it, and the server keeps the
        connection open. Bytes that follow would count as the response to the next request."""
        return (
            self._h11 is not None
            and self._h11.our_state is h11.DONE  # not `MUST_CLOSE`
            and self._body is not None
            and self._body.ended_exactly
            and not (self._tls is not None and self._tls.ended)
        )

    def open(self, request: Request) -> ByteFlow[Head]:
        """Send `request`, over a new connection if this one is not open, and return the head of the
        response."""
        self.sent = self.responded = False
        self._body = None
        protocol = self._h11
        if protocol is None:
            protocol = yield from self.establish()
        elif protocol.our_state is not h11.IDLE:
            self.used = True
            protocol = self._h11 = _new_protocol()  # the one before has not read the body
        yield ESTABLISHED
        data = self._writer.request(protocol, request)
        self.sent = True
        try:
            yield from self._send(data)
        except ConnectionError:
            # A server may respond before it has read the request, with 413 for example, and close
            # (RFC 9112 section 9.5). If it has not responded, receiving fails as well.
            pass
        try:
            response = yield from self._response(protocol)
        except OSError as error:
            if self._tls is not None and self._tls.is_refusal(error):
                self.sent = False  # the request arrived, but the server has not read it
            raise
        self.responded = True
        head = self._head(request, response)
        self._body = BodyReader(request, head, protocol.trailing_data[0])
        return head

    def read(self) -> ByteFlow[bytes]:
        """Return the next bytes of the body, `b""` at its end: all that have arrived, or a bounded
        number of their chunks. Then the next read returns without waiting."""
        body = self._body
        assert body is not None
        if body.has_more:
            yield YIELD
        while not (part := body.take()) and not body.ended:
            data = yield from self._receive()
            if not data and self._tls and self._tls.truncated:
                raise HttpCut("the connection was closed without close_notify (RFC 9112 9.8)")
            body.receive(data)
        return part

    def establish(self) -> ByteFlow[h11.Connection]:
        """Connect, without a request: look-up, proxy tunnel and TLS."""
        route, proxy = self._route, self._route.proxy
        yield Connect((proxy or route).host, (proxy or route).port)
        if proxy is not None and proxy.tls:
            yield from self._start_tls(proxy.host)
        if proxy is not None and route.tls:
            yield from self._tunnel(proxy)
        if route.tls:
            yield from self._start_tls(route.host)
        self._h11 = _new_protocol()
        return self._h11

    def _start_tls(self, host: str) -> ByteFlow[None]:
        from .tls import Tls  # ssl takes longer to import than a plain request takes

        self.tls_host = host
        self._tls = tls = Tls(self._route.tls_context(), bare(host), self._tls)
        yield from tls.handshake()

    def _tunnel(self, proxy: Proxy) -> ByteFlow[None]:
        protocol = _new_protocol()
        yield from self._send(tunnel_bytes(protocol, self._route, proxy))
        response = yield from self._response(protocol)
        if not 200 <= response.status_code < 300:
            kind = HttpCut if is_retryable(response.status_code) else Unreachable
            retry_after = fold_headers(response.headers.raw_items()).get("retry-after", "")
            text = f"the proxy refused the tunnel with status {response.status_code}"
            raise kind(text, retry_after, response.status_code)

    def _response(self, protocol: h11.Connection) -> ByteFlow[h11.Response]:
        """Return the head of the final response; skip interim ones (RFC 9110 section 15.2). h11
        limits what it waits for the end of, not a head that comes in one large read."""
        received = 0
        while True:
            event = self._next_event(protocol)
            if event is h11.NEED_DATA:
                received += len(data := (yield from self._receive()))
                protocol.receive_data(data)
                if not data:
                    raise HttpCut("the connection was closed before the response")
            elif isinstance(event, h11.Response):
                too_much = received > _MAX_HEAD_BYTES
                if too_much and received - len(protocol.trailing_data[0]) > _MAX_HEAD_BYTES:
                    raise HttpCut("the head of the response is too large")
                return event

    def _head(self, request: Request, response: h11.Response) -> Head:
        proxy, raw = self._route.forwarded_by, response.headers.raw_items()
        head = head_of(request, response.status_code, raw, proxy=proxy.label if proxy else None)
        self.idle_limits = idle_limits(head.headers.get("keep-alive", ""))
        return head

    def _next_event(self, protocol: h11.Connection) -> object:
        try:
            return protocol.next_event()
        except h11.RemoteProtocolError as error:
            raise HttpCut(str(error)[:_MAX_QUOTE]) from None

    def _receive(self) -> ByteFlow[bytes]:
        """Return the next bytes, `b""` at the end of the connection."""
        data: bytes = (yield from self._tls.receive()) if self._tls else (yield RECEIVE)
        return data

    def _send(self, data: memoryview) -> ByteFlow[None]:
        if self._tls is not None:
            yield from self._tls.send(data)
        else:
            yield Send(data)


def _new_protocol() -> h11.Connection:
    return h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
