"""TLS as a layer of bytes: ciphertext in, plaintext out, over memory buffers.

It does no I/O. The sockets below carry bytes only, blocking or not, and another thread may shut one
down in the middle of a handshake or a read; an `ssl.SSLSocket` allows neither."""

from __future__ import annotations

import ssl

from .operations import RECEIVE, ByteFlow, Send
from .tls_errors import is_refusal, reason_of

_MAX_READ = 1 << 14
"""Bytes of plaintext in a TLS record at most (RFC 8446 section 5.1): more than one never comes."""


class Tls:
    """A TLS session. `outer` is the session that carries its ciphertext, if any: a server's is
    inside that of a proxy that uses TLS itself."""

    def __init__(self, context: ssl.SSLContext, server_name: str, outer: Tls | None = None) -> None:
        self._outer = outer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_name
        )
        self.ended = False
        """Whether the peer has sent close_notify (RFC 8446 section 6.1), or closed without it."""
        self.truncated = False
        """Whether the peer has closed without it: anybody on the way can end a TCP connection. A
        body that only the close ends would count as whole."""
        self._cut = False
        self._received = False
        self._error: ssl.SSLError | None = None
        self._version: str | None = None

    def is_refusal(self, error: OSError) -> bool:
        """Whether the peer refuses the handshake by `error`, after this side has finished it.

        A TLS 1.3 server reads a client's certificate together with the first request (RFC 8446
        sections 4.4.2 and 6.2), and sends an alert in place of the first byte.
        """
        if not isinstance(error, ssl.SSLError) or self._received:
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
                self._version = self._session.version()  # OpenSSL forgets it after an alert
                yield from self._flush()
                return

    def send(self, data: memoryview) -> ByteFlow[None]:
        self._session.write(data)
        yield from self._flush()

    def receive(self) -> ByteFlow[bytes]:
        """Return some plaintext; `b""` when the peer has ended, with close_notify or without."""
        while not (plain := self._decrypted()):
            if self.ended:
                return b""
            yield from self._take()
        yield from self._flush()  # a key update, for example (RFC 8446 section 4.6.3)
        return plain

    def _decrypted(self) -> bytes:
        """Return what can be decrypted. A damaged record or an alert does not take back what came
        before it: that is returned first, and the next call raises."""
        if self._error is not None:
            raise self._error
        parts: list[bytes] = []
        try:
            while part := self._session.read(_MAX_READ):
                parts.append(part)
                self._received = True
            self._end()
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            self._end()
        except ssl.SSLError as error:
            if not parts:
                raise
            self._error, self.ended = error, True
        return b"".join(parts)

    def _end(self) -> None:
        """Note the end. Some versions of Python take the end of TCP for a close_notify, but that
        comes before it."""
        if not self.ended:
            self.ended, self.truncated = True, self._cut

    def _take(self) -> ByteFlow[None]:
        raw: bytes = (yield from self._outer.receive()) if self._outer else (yield RECEIVE)
        if raw:
            self._incoming.write(raw)
        else:
            self._cut = True
            self._incoming.write_eof()

    def _flush(self) -> ByteFlow[None]:
        if not self._outgoing.pending:
            return
        raw = memoryview(self._outgoing.read())
        if self._outer is not None:
            yield from self._outer.send(raw)
        else:
            yield Send(raw)
