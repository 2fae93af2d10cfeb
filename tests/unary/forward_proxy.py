"""A real HTTP proxy: it tunnels with CONNECT and forwards requests in absolute form."""

from __future__ import annotations

import http.client
import select
import socket
import ssl
from urllib.parse import urlsplit

from tests.servers.raw import Connection, RawServer, Request


class ForwardProxy(RawServer):
    """`requests` are those that the proxy itself could read; a tunnel's content is not among them.

    `authorization` is what it demands as Proxy-Authorization, if anything.
    """

    def __init__(
        self,
        *,
        authorization: str | None = None,
        tls: bool = False,
        address: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        super().__init__(self._forward, tls=tls, address=address)
        self.authorization = authorization

    def _forward(self, request: Request, connection: Connection) -> None:
        given = request.headers.get("proxy-authorization")
        if self.authorization is not None and given != self.authorization:
            connection.answer(407, b"", {"proxy-authenticate": "Basic"})
        elif request.method == "CONNECT":
            host, _, port = request.target.rpartition(":")
            with socket.create_connection((host, int(port))) as target:
                connection.head(200)
                _carry(connection.socket, target)
            connection.close()
        else:
            self._pass_on(request, connection)

    def _pass_on(self, request: Request, connection: Connection) -> None:
        url = urlsplit(request.target)
        path = url.path + (f"?{url.query}" if url.query else "")
        kept = {k: v for k, v in request.headers.items() if k != "proxy-authorization"}
        target = http.client.HTTPConnection(url.hostname or "", url.port)
        try:
            target.request(request.method, path, request.body, {**kept, "via": "1.1 test"})
            answer = target.getresponse()
            connection.answer(answer.status, answer.read(), {"via": "1.1 test"})
        finally:
            target.close()


def _carry(client: socket.socket, target: socket.socket) -> None:
    """Carry bytes in both directions until either side ends."""
    other = {client: target, target: client}
    while True:
        try:
            readable = select.select([client, target], [], [])[0]
        except ValueError:  # the test has closed the client's
            return
        for ready in readable:
            while True:
                data = ready.recv(65536)
                if not data:
                    return
                other[ready].sendall(data)
                if not (isinstance(ready, ssl.SSLSocket) and ready.pending()):
                    break
