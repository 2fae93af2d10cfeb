"""The first thing on the way that fails: look-up, connection, proxy, TLS, HTTP."""

from __future__ import annotations

import datetime
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest
import trustme

from tests.differential.servers import Origin, served
from tests.patience import patiently
from tests.servers.connection import Connection, Request
from tests.servers.raw import RawServer
from tests.unary.forward_proxy import ForwardProxy
from tests.unary.support import says

from .conftest import Served
from .support import PATIENCE, SHORT, only, report, the_wrong

NOT_FOUND = says(404, b'{"error":{"type":"run_not_found","message":"m","details":"d"}}')


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's context that trusts `authority` alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


def target_of(server: RawServer) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": server.port}


def test_a_name_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    found = the_wrong("http://flue.invalid", "name_not_found")
    assert found.facts == {"host": "flue.invalid", "port": 80}


def test_a_port_where_nothing_listens() -> None:
    with RawServer(NOT_FOUND, mode="refuse") as server:
        assert the_wrong(server.url, "refused").facts == target_of(server)


def test_an_address_that_is_silent() -> None:
    with RawServer(NOT_FOUND, mode="full") as server:
        assert the_wrong(server.url, "silent", timeout=SHORT).facts == target_of(server)


def test_an_address_that_no_route_leads_to() -> None:
    assert the_wrong("http://255.255.255.255", "unreachable").facts["host"] == "255.255.255.255"


def test_a_server_that_accepts_and_says_nothing() -> None:
    with RawServer(NOT_FOUND, mode="stall") as server:

        def attempt(seconds: float) -> None:
            found = the_wrong(server.url, "no_answer", timeout=seconds)
            assert found.facts == {"request_sent": True, **target_of(server)}

        patiently(attempt, SHORT, 2.0, PATIENCE)


def test_a_handshake_that_is_not_answered(trusting: ssl.SSLContext) -> None:
    with RawServer(NOT_FOUND, tls=True, mode="stall") as server:

        def attempt(seconds: float) -> None:
            found = the_wrong(server.url, "no_answer", timeout=seconds, ssl_context=trusting)
            assert found.facts == {"request_sent": False, **target_of(server)}

        patiently(attempt, SHORT, 2.0, PATIENCE)


def garbage(request: Request, connection: Connection) -> None:
    connection.send(b"\x00 garbage\r\n\r\n")
    connection.close()


def leaves(request: Request, connection: Connection) -> None:
    connection.close()


@pytest.mark.parametrize("handler", [garbage, leaves])
def test_a_peer_that_does_not_speak_HTTP(handler: Any) -> None:
    with RawServer(handler) as server:

        def attempt(seconds: float) -> None:
            found = the_wrong(server.url, "no_http_answer", timeout=seconds)
            assert found.facts == target_of(server)

        patiently(attempt, 1.0, 4.0, PATIENCE)


class Ends(RawServer):
    """Answers the first bytes of a connection, whatever they are, and closes it."""

    answer = b""

    def _converse(self, connection: Connection) -> None:
        connection.socket.recv(65536)
        connection.send(self.answer)
        connection.close()
        with self._changed:
            del self.open[connection.number]


class SpeaksPlain(Ends):
    answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"


def test_a_port_that_speaks_TLS_to_a_plain_url() -> None:
    with RawServer(NOT_FOUND, tls=True) as server:
        assert the_wrong(server.url.replace("https", "http"), "port_with_tls").facts == (
            target_of(server)
        )


class SaysSo(RawServer):
    """Speaks TLS, and answers plain HTTP with a 400, as nginx and Go do."""

    def _converse(self, connection: Connection) -> None:
        if connection.socket.recv(1, socket.MSG_PEEK) == b"\x16":
            super()._converse(connection)
            return
        connection.read_request()
        connection.answer(400, b"The plain HTTP request was sent to HTTPS port")
        connection.close()
        with self._changed:
            del self.open[connection.number]


def test_a_port_that_says_that_it_speaks_TLS() -> None:
    with SaysSo(NOT_FOUND, tls=True) as server:
        the_wrong(server.url.replace("https", "http"), "port_with_tls")


def test_a_port_without_TLS_to_an_https_url(trusting: ssl.SSLContext) -> None:
    with SpeaksPlain(NOT_FOUND) as server:
        url = server.url.replace("http", "https")
        found = the_wrong(url, "port_without_tls", ssl_context=trusting)
        assert found.facts["host"] == "127.0.0.1"


def test_a_handshake_that_is_cut(trusting: ssl.SSLContext) -> None:
    with Ends(NOT_FOUND) as server:
        url = server.url.replace("http", "https")
        the_wrong(url, "tls_failed", ssl_context=trusting)


def year(of: int) -> datetime.datetime:
    return datetime.datetime(of, 1, 1, tzinfo=datetime.UTC)


def later(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = authority.issue_cert("127.0.0.1", not_before=year(2090), not_after=year(2091))
    certificate.configure_cert(context)
    return context


CERTIFICATES: list[tuple[str, Callable[[trustme.CA], ssl.SSLContext], int]] = [
    ("certificate_expired", lambda ours: served(ours, "127.0.0.1", expired=True), 10),
    ("certificate_not_yet_valid", later, 9),
    ("certificate_wrong_host", lambda ours: served(ours, "other.test", "10.0.0.1"), 64),
    ("certificate_untrusted", lambda ours: served(trustme.CA(), "127.0.0.1"), 20),
]


@pytest.mark.parametrize(
    ("code", "context", "verify"), CERTIFICATES, ids=[each[0] for each in CERTIFICATES]
)
def test_a_certificate_that_does_not_verify(
    code: str,
    context: Callable[[trustme.CA], ssl.SSLContext],
    verify: int,
    authority: trustme.CA,
    trusting: ssl.SSLContext,
) -> None:
    with Origin(NOT_FOUND, context=context(authority)) as server:
        found = the_wrong(f"https://127.0.0.1:{server.port}", code, ssl_context=trusting)
        assert found.facts == {
            "verify_code": verify,
            "trusted": "your own ssl_context",
            "host": "127.0.0.1",
        }


def test_a_certificate_for_another_name(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    with Origin(NOT_FOUND, context=served(authority, "flue.test")) as server:
        url = f"https://localhost:{server.port}"
        found = the_wrong(url, "certificate_wrong_host", ssl_context=trusting)
        assert (found.facts["host"], found.facts["verify_code"]) == ("localhost", 62)


def test_a_server_that_demands_a_client_certificate(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    context = served(authority, "127.0.0.1", version=ssl.TLSVersion.TLSv1_2)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    with Origin(NOT_FOUND, context=context) as server:
        url = f"https://127.0.0.1:{server.port}"
        assert the_wrong(url, "tls_refused", ssl_context=trusting).facts["host"] == "127.0.0.1"


@pytest.mark.parametrize("given", [None, "wrong"])
def test_a_proxy_that_refuses_a_tunnel(
    given: str | None, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ForwardProxy(authorization="Basic right") as proxy:
        user = f"user:{given}@" if given else ""
        monkeypatch.setenv("https_proxy", f"http://{user}127.0.0.1:{proxy.port}")
        found = the_wrong("https://127.0.0.1:1", "proxy_refused", ssl_context=trusting)
        assert found.facts == {"status": 407, "proxy_variable": "https_proxy", **target_of(proxy)}


def test_a_proxy_that_wants_credentials_for_plain_requests(
    workflows: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ForwardProxy(authorization="Basic right") as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        found = the_wrong(workflows.url, "proxy_unauthorized")
        assert found.facts == {"proxy_variable": "http_proxy", **target_of(proxy)}


def test_a_proxy_that_is_down(workflows: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(NOT_FOUND, mode="refuse") as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        found = the_wrong(workflows.url, "refused")
        assert found.facts == {"proxy_variable": "http_proxy", **target_of(proxy)}


def test_a_certificate_of_the_proxy_or_of_the_server_behind_it(
    authority: trustme.CA, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        ForwardProxy(tls=True) as proxy,
        ForwardProxy() as plain,
        Origin(NOT_FOUND, context=served(authority, "localhost", expired=True)) as server,
    ):
        monkeypatch.setenv("https_proxy", f"https://127.0.0.1:{proxy.port}")
        url = f"https://localhost:{server.port}"
        found = the_wrong(url, "certificate_untrusted", ssl_context=trusting)
        assert found.facts["host"] == "127.0.0.1"
        monkeypatch.setenv("https_proxy", plain.url)
        found = the_wrong(url, "certificate_expired", ssl_context=trusting)
        assert found.facts["host"] == "localhost"


def test_where_a_connection_was_made(workflows: Served) -> None:
    facts = only(report(workflows.url), "connected").facts
    assert facts["address"] == facts["host"] == "127.0.0.1"
    assert facts["port"] == workflows.server.listener().port
    assert 0 <= facts["connect_seconds"] <= 10
    assert 0 <= facts["answer_seconds"] <= 10
