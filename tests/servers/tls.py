"""TLS in front of a server that speaks none."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import anyio
import trustme
from anyio.abc import AnyByteStream, ByteStream, TaskStatus
from anyio.from_thread import start_blocking_portal
from anyio.streams.tls import TLSListener


class Front(NamedTuple):
    """Where the server is reached by TLS, and what trusts its certificate."""

    url: str
    context: ssl.SSLContext


class _Listener(TLSListener):
    @staticmethod
    async def handle_handshake_error(exc: BaseException, stream: AnyByteStream) -> None:
        """Let clients go away in the middle of a handshake, as a test makes them."""
        await anyio.aclose_forcefully(stream)


@contextmanager
def tls_in_front_of(port: int, issuer: trustme.CA | None = None) -> Iterator[Front]:
    """Forward a port of its own, by TLS, to `port` of this machine; either end closes both.
    `issuer`: the authority of its certificate."""
    authority = issuer or trustme.CA()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(serving)

    async def pump(source: ByteStream, sink: ByteStream, scope: anyio.CancelScope) -> None:
        try:
            async for data in source:
                await sink.send(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream):
            pass
        scope.cancel()

    async def connected(outer: ByteStream) -> None:
        try:
            inner = await anyio.connect_tcp("127.0.0.1", port)
        except OSError:  # it restarts
            await anyio.aclose_forcefully(outer)
            return
        async with outer, inner, anyio.create_task_group() as group:
            group.start_soon(pump, inner, outer, group.cancel_scope)
            await pump(outer, inner, group.cancel_scope)

    async def serve(*, task_status: TaskStatus[tuple[int, anyio.CancelScope]]) -> None:
        listeners = await anyio.create_tcp_listener(local_host="127.0.0.1")
        listener = _Listener(listeners.listeners[0], serving, standard_compatible=False)
        with anyio.CancelScope() as scope:
            async with listener:
                own = int(listeners.extra(anyio.abc.SocketAttribute.local_port))
                task_status.started((own, scope))
                await listener.serve(connected)

    with start_blocking_portal() as portal:
        serving_now, (own, scope) = portal.start_task(serve)
        try:
            yield Front(f"https://127.0.0.1:{own}", trusting)
        finally:
            portal.call(scope.cancel)
            serving_now.result(10)
