"""The servers that the table of differences talks about, and the files that it names."""

from __future__ import annotations

import datetime
import select
import shutil
import socket
import ssl
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import trustme

from tests.servers.raw import Connection, Handler, RawServer, Request

from .framings import ANSWERS, OK

PATIENCE = 2.0

NAMES = ("127.0.0.1", "localhost", "flue.test", "*.wild.test", "bücher.test")


def answers(request: Request, connection: Connection) -> None:
    """Answer with what the first segment of the path names, and close."""
    connection.send(ANSWERS.get(request.target.split("/")[1], OK))
    connection.close()


def proxies(request: Request, connection: Connection) -> None:
    """Tunnel to this machine, and answer plain requests itself."""
    if request.method != "CONNECT":
        connection.send(OK)
        connection.close()
        return
    port = int(request.target.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as target:
        connection.head(200)
        ends = {connection.socket: target, target: connection.socket}
        while ready := select.select(list(ends), [], [])[0]:
            data = ready[0].recv(65536)
            if not data:
                break
            ends[ready[0]].sendall(data)
    connection.close()


def refuses(request: Request, connection: Connection) -> None:
    connection.answer(407, b"", {"proxy-authenticate": "Basic", "connection": "close"})
    connection.close()


class Origin(RawServer):
    """A server at another address than 127.0.0.1, or with a TLS context of its own. `patience`: the
    seconds for a request to arrive."""

    patience = PATIENCE

    def __init__(
        self, handler: Handler = answers, *, context: ssl.SSLContext | None = None, host: str = ""
    ) -> None:
        super().__init__(handler)
        self._context = context
        if host:
            self._listener.close()
            self._listener = socket.create_server((host, 0), family=socket.AF_INET6)
            self.port = int(self._listener.getsockname()[1])

    def _converse(self, connection: Connection) -> None:
        connection.socket.settimeout(self.patience)  # some peers wait for one in another protocol
        super()._converse(connection)


def served(
    authority: trustme.CA,
    *names: str,
    version: ssl.TLSVersion | None = None,
    expired: bool = False,
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if version is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of TLS 1.1, which is the point
            context.minimum_version = context.maximum_version = version
        if version < ssl.TLSVersion.TLSv1_2:
            context.set_ciphers("ALL:@SECLEVEL=0")
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC) if expired else None
    certificate = authority.issue_cert(*names, not_before=past, not_after=past)
    certificate.configure_cert(context)
    return context


@contextmanager
def served_world(folder: Path) -> Iterator[tuple[dict[str, RawServer], dict[str, str]]]:
    """The servers by name, and what stands for the names in braces in a row."""
    ours, stranger = trustme.CA(), trustme.CA()
    v12, v13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    servers: dict[str, RawServer] = {
        "http": Origin(),
        "proxy": Origin(proxies),
        "other": Origin(proxies),
        "refusing": Origin(refuses),
        "tlsproxy": Origin(proxies, context=served(ours, *NAMES)),
        "https": Origin(context=served(ours, *NAMES)),
        "named": Origin(context=served(ours, "localhost", "flue.test")),
        "tls12": Origin(context=served(ours, *NAMES, version=v12)),
        "tls13": Origin(context=served(ours, *NAMES, version=v13)),
        "tls11": Origin(context=served(ours, *NAMES, version=ssl.TLSVersion.TLSv1_1)),
        "expired": Origin(context=served(ours, *NAMES, expired=True)),
        "stranger": Origin(context=served(stranger, *NAMES)),
    }
    if socket.has_ipv6 and _has_loopback6():
        servers["http6"] = Origin(host="::1")
    files = {name: str(folder / name) for name in ("ca", "stale", "empty", "missing")}
    ours.cert_pem.write_to_path(files["ca"])
    stranger.cert_pem.write_to_path(files["stale"])
    Path(files["empty"]).touch()
    for name, source in (("cadir", "ca"), ("staledir", "stale"), ("emptydir", None)):
        files[name] = str(folder / name)
        Path(files[name]).mkdir()
        if source is not None and shutil.which("openssl"):
            hashed = subprocess.run(
                ["openssl", "x509", "-hash", "-noout", "-in", files[source]],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            shutil.copy(files[source], Path(files[name]) / f"{hashed}.0")
    with ExitStack() as stack:
        for server in servers.values():
            stack.enter_context(server)
        yield servers, {**files, **{name: str(each.port) for name, each in servers.items()}}


def _has_loopback6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True
