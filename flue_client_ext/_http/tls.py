"""TLS as one more layer of bytes: ciphertext in, plaintext out, nothing of a socket.

The sockets below carry bytes only, so that shutting one down from another thread is safe at any
moment of a handshake or a read, and the same code serves every kind of socket."""

from __future__ import annotations

import ssl

from .alerts import is_refusal, reason_of
from .wire import RECEIVE, ByteFlow, Send

_MAX_READ = 1 << 18


class Tls:
    """A TLS session over memory buffers; its ciphertext travels in the session `outer`, if there is
    one: to a server, through a proxy that speaks TLS itself."""

    def __init__(self, context: ssl.SSLContext, server_name: str, outer: Tls | None = None) -> None:
        self._outer = outer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_name
        )
        self.ended = False
        """Whether the peer has said its farewell, or left without one."""
        self._heard = False
        self._version: str | None = None

    def is_refusal(self, error: OSError) -> bool:
        """Whether the peer refused the handshake by `error`, after it had looked done: a TLS 1.3
        server reads a client's certificate together with its first request (RFC 8446, sections
        4.4.2 and 6.2), and answers with an alert in place of the first byte."""
        if not isinstance(error, ssl.SSLError) or self._heard:
            return False
        return self._version == "TLSv1.3" and is_refusal(reason_of(error))

    def handshake(self) -> ByteFlow[None]:
        while True:
            try:
                self._session.do_handshake()
            except ssl.SSLWantReadError:
                yield from self._flush()
                yield from self._take()
            except ssl.SSLError:
                yield from self._flush()  # the alert that tells the peer why
                raise
            else:
                self._version = self._session.version()  # which is forgotten after an alert
                yield from self._flush()
                return

    def send(self, data: bytes) -> ByteFlow[None]:
        self._session.write(data)
        yield from self._flush()

    def receive(self) -> ByteFlow[bytes]:
        """Return some plaintext; `b""` when the peer has ended, with or without a farewell."""
        while not (plain := self._decrypted()):
            if self.ended:
                return b""
            yield from self._take()
        yield from self._flush()
        return plain

    def _decrypted(self) -> bytes:
        parts: list[bytes] = []
        try:
            while part := self._session.read(_MAX_READ):
                parts.append(part)
                self._heard = True
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            self.ended = True
        return b"".join(parts)

    def _take(self) -> ByteFlow[None]:
        raw: bytes = (yield from self._outer.receive()) if self._outer else (yield RECEIVE)
        if raw:
            self._incoming.write(raw)
        else:
            self._incoming.write_eof()

    def _flush(self) -> ByteFlow[None]:
        if not self._outgoing.pending:
            return
        raw = self._outgoing.read()
        if self._outer is not None:
            yield from self._outer.send(raw)
        else:
            yield Send(raw)
