"""One HTTP/1.1 connection as a flow about bytes; h11 knows the grammar.

Opens the way (proxy tunnel, TLS), sends a request, reads one answer, and says whether the
connection can carry another. `HttpCut` is any end before the answer's end, and any bytes that are
not HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import h11

from .._values.http import Head, Request, fold_headers, is_retryable
from .._values.limits import LIMITS
from .host import bare, without_zone
from .message import head_of, raw_headers
from .wire import ESTABLISHED, RECEIVE, YIELD, ByteFlow, Connect, Proxy, Route, Send

if TYPE_CHECKING:
    from .tls import Tls

_MAX_HEAD_BYTES = 256 * 1024

_MOST_PARTS = 500
"""Of a body, that one read takes: h11 needs some 30 microseconds for each chunk, and the smallest
have six bytes (RFC 9112 section 7.1), so that what was received at once may last it for seconds."""


class HttpCut(Exception):  # becomes a Failure
    """The answer did not come to its end. `retry_after` is the header of a proxy that refused."""

    def __init__(self, words: str, retry_after: str = "") -> None:
        super().__init__(words)
        self.retry_after = retry_after


class Unreachable(HttpCut):
    """The way to the server cannot be opened, and trying again does not change that."""


class Connection:
    """A connection to one origin, opened by its first request."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._tls: Tls | None = None
        self._h11: h11.Connection | None = None
        self._finished = True
        self.sent = False
        self.answered = False
        self.used = False
        self.idle_limit = LIMITS.idle
        """Seconds without a byte after which it is not used again."""
        self.certain_limit = LIMITS.certain_idle
        """Seconds without a byte after which the server may already be closing it."""

    @property
    def through(self) -> str:
        """The proxy that may be the cause of a failure, in words; empty for none."""
        proxy = self._route.proxy
        if proxy is None or (self.sent and self._route.tls):  # inside a tunnel the server speaks
            return ""
        return f" (through the proxy {proxy.label})"

    @property
    def trusting(self) -> str:
        """The setting that chose the certificates that are trusted, in words; empty for none."""
        source = self._route.trust()
        return f" (trusting the certificates of {source})" if source else ""

    @property
    def reusable(self) -> bool:
        """Whether the answer was read to its end, nothing came behind it, and the server keeps the
        connection open."""
        return (
            self._h11 is not None
            and self._h11.our_state is h11.DONE
            and self._h11.their_state is h11.DONE
            and self._h11.trailing_data == (b"", False)
            and not (self._tls is not None and self._tls.ended)
        )

    def open(self, request: Request) -> ByteFlow[Head]:
        """Send `request` and return the answer's head."""
        self.sent = self.answered = False
        if self._h11 is None:
            yield from self._establish()
            self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
        else:
            self.used = True
            self._h11.start_next_cycle()
        yield ESTABLISHED
        data = self._serialised(self._h11, request)
        self.sent = True
        try:
            yield from self._send(data)
        except ConnectionError:
            pass  # an early answer, such as 413, may be there to be read; else reading fails too
        try:
            response = yield from self._response(self._h11)
        except OSError as error:
            if self._tls is not None and self._tls.is_refusal(error):
                self.sent = False  # it arrived, but was never read
            raise
        self.answered = True
        self._finished = False
        return self._head(request, response)

    def read(self) -> ByteFlow[bytes]:
        """Return the next bytes of the body; `b""` at its end. All that have arrived, or many
        parts of them: the next read goes on without waiting."""
        link = self._h11
        parts: list[bytes | bytearray] = []
        while link is not None and not self._finished:
            event = self._next_event(link)
            if event is h11.NEED_DATA:
                if parts:
                    break
                yield from self._fill(link)
            elif isinstance(event, h11.Data):
                parts.append(event.data)
                if len(parts) == _MOST_PARTS:
                    yield YIELD
                    break
            else:
                self._finished = True
        return parts[0] if len(parts) == 1 and type(parts[0]) is bytes else b"".join(parts)

    def _establish(self) -> ByteFlow[None]:
        route, proxy = self._route, self._route.proxy
        first = proxy or route
        yield Connect(first.host, first.port)
        if proxy is not None and proxy.tls:
            yield from self._start_tls(proxy.host)
        if proxy is not None and route.tls:
            yield from self._tunnel(proxy)
        if route.tls:
            yield from self._start_tls(route.host)

    def _start_tls(self, host: str) -> ByteFlow[None]:
        from .tls import Tls  # ssl takes longer to import than a plain request takes

        self._tls = tls = Tls(self._route.tls_context(), bare(host), self._tls)
        yield from tls.handshake()

    def _tunnel(self, proxy: Proxy) -> ByteFlow[None]:
        link = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
        headers = [("host", self._route.authority)]
        if proxy.authorization:
            headers.append(("proxy-authorization", proxy.authorization))
        ask = h11.Request(method="CONNECT", target=self._route.authority, headers=headers)
        yield from self._send((link.send(ask) or b"") + (link.send(h11.EndOfMessage()) or b""))
        response = yield from self._response(link)
        if not 200 <= response.status_code < 300:
            kind = HttpCut if is_retryable(response.status_code) else Unreachable
            floor = fold_headers(response.headers.raw_items()).get("retry-after", "")
            raise kind(f"the proxy refused the tunnel with status {response.status_code}", floor)

    def _serialised(self, link: h11.Connection, request: Request) -> bytes:
        parts = urlsplit(request.url)
        host = without_zone(parts.netloc)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = [("host", host), *request.headers.items()]
        if request.body is not None:
            headers.append(("content-length", str(len(request.body))))
        proxy = self._route.proxy
        if proxy is not None and not self._route.tls:
            target = f"{parts.scheme}://{host}{target}"
            if proxy.authorization:
                headers.append(("proxy-authorization", proxy.authorization))
        sent = h11.Request(method=request.method, target=target, headers=raw_headers(headers))
        pieces = [link.send(sent)]
        if request.body:
            pieces.append(link.send(h11.Data(data=request.body)))
        pieces.append(link.send(h11.EndOfMessage()))
        return b"".join(piece for piece in pieces if piece)

    def _response(self, link: h11.Connection) -> ByteFlow[h11.Response]:
        while True:
            event = self._next_event(link)
            if event is h11.NEED_DATA:
                if not (yield from self._fill(link)):
                    raise HttpCut("the connection was closed before the answer")
            elif isinstance(event, h11.Response):
                return event

    def _head(self, request: Request, response: h11.Response) -> Head:
        proxy = self._route.proxy
        label = proxy.label if proxy is not None and not self._route.tls else None
        raw = response.headers.raw_items()
        head = head_of(request, response.status_code, raw, proxy=label)
        self._set_limits(_announced_idle(head.headers.get("keep-alive", "")))
        return head

    def _set_limits(self, announced: float | None) -> None:
        if announced is None:
            self.idle_limit, self.certain_limit = LIMITS.idle, LIMITS.certain_idle
        else:  # less a second for the way, or half of what is shorter than two
            self.idle_limit = max(announced - 1.0, 0.5)
            self.certain_limit = max(announced - 1.0, announced / 2)

    def _next_event(self, link: h11.Connection) -> object:
        try:
            return link.next_event()
        except h11.RemoteProtocolError as error:
            raise HttpCut(str(error)) from None

    def _fill(self, link: h11.Connection) -> ByteFlow[bool]:
        """Feed `link` with what arrives; `False` at the end."""
        data: bytes = (yield from self._tls.receive()) if self._tls else (yield RECEIVE)
        link.receive_data(data)
        return bool(data)

    def _send(self, data: bytes) -> ByteFlow[None]:
        if self._tls is not None:
            yield from self._tls.send(data)
        else:
            yield Send(data)


def _announced_idle(keep_alive: str) -> float | None:
    """Seconds from `Keep-Alive: timeout=N`."""
    for part in keep_alive.split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "timeout" and value.isascii() and value.isdigit():
            return min(float(value), 60.0)
    return None
