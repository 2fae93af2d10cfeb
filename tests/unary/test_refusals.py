"""What cannot pass by trying again is tried once, and its error names the cause."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from attrs import evolve

from flue_client_ext import (
    FailedAttempt,
    FlueConnectionError,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
)
from tests.servers.raw import Connection, RawServer, Request
from tests.unary.forward_proxy import ForwardProxy
from tests.unary.support import (
    DEADLINES,
    QUICK,
    borrowed,
    chain,
    default_context,
    failure,
    in_turn,
    says,
    spoken,
    works,
)
from tests.worlds import World

CALLS: dict[str, Callable[[Any], Any]] = {
    "GET": lambda client: client.runs.get("r", backoff_options=QUICK),
    "POST": lambda client: client.workflows.invoke("w"),
    "stream": lambda client: list(client.runs.stream("r", backoff_options=QUICK)),
}
_REFUSED = "the server refused the TLS handshake"
every_call = pytest.mark.parametrize("call", CALLS)
pytestmark = pytest.mark.usefixtures("hasty_retries")


@pytest.fixture(params=["own sockets", "http_client"])
def own(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "own sockets")


@contextmanager
def client_of(world: World, own: bool, url: str, context: ssl.SSLContext) -> Iterator[Any]:
    if own:
        yield world.client(url, ssl_context=context)
    else:
        with borrowed(world, verify=context) as http_client:
            yield world.client(url, http_client=http_client)


def refused(call: str, client: Any) -> FlueConnectionError:
    """The error of a call whose outcome is known: nothing was carried out."""
    error = failure(CALLS[call], client)
    assert type(error) is FlueConnectionError
    assert error.cause is not None
    return error


@every_call
@pytest.mark.parametrize("status", [407, 403, 404, 501, 511])
def test_a_proxy_that_refuses_a_tunnel_is_tried_once(
    any_world: World, monkeypatch: pytest.MonkeyPatch, call: str, status: int
) -> None:
    with RawServer(says(status)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:s3cr3t@127.0.0.1:{proxy.port}")
        error = refused(call, any_world.client("https://flue.test"))
        assert len(proxy.requests) == 1
        for words in (f"127.0.0.1:{proxy.port}", "HTTPS_PROXY", str(status)):
            assert words in str(error)
        assert "s3cr3t" not in spoken(error)


@every_call
@pytest.mark.parametrize("status", [407, 403, 511])
def test_the_proxy_of_an_http_client_is_tried_once_too(
    any_world: World, call: str, status: int
) -> None:
    with RawServer(says(status)) as proxy:
        with borrowed(any_world, proxy=f"http://user:s3cr3t@127.0.0.1:{proxy.port}") as own:
            error = refused(call, any_world.client("https://flue.test", http_client=own))
        assert len(proxy.requests) == 1
        assert str(status) in str(error)
        assert "s3cr3t" not in spoken(error)


@pytest.mark.parametrize("status", [429, 502, 503])
@pytest.mark.parametrize("post", [False, True])
def test_a_busy_proxy_is_tried_again(
    any_world: World, own: bool, monkeypatch: pytest.MonkeyPatch, status: int, post: bool
) -> None:
    with RawServer(works, tls=True) as server, ForwardProxy() as proxy:
        proxy.handler = in_turn(says(status), proxy.handler)
        if own:
            monkeypatch.setenv("https_proxy", proxy.url)
            client = any_world.client(server.url, ssl_context=server.client_context())
            CALLS["POST" if post else "GET"](client)
        else:
            with borrowed(any_world, proxy=proxy.url, verify=server.client_context()) as http:
                CALLS["POST" if post else "GET"](any_world.client(server.url, http_client=http))
        assert (len(proxy.requests), len(server.requests)) == (2, 1)


@every_call
def test_a_busy_proxys_retry_after_is_a_floor(
    any_world: World, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    told: list[FailedAttempt] = []
    options = evolve(QUICK, on_failed_attempt=told.append)
    for timeout in DEADLINES:
        with RawServer(says(503, headers={"retry-after": "30"})) as proxy:
            monkeypatch.setenv("https_proxy", proxy.url)
            client = any_world.client("https://flue.test", timeout=timeout)
            if call == "stream":
                stream = client.runs.stream("r", backoff_options=options, timeout=timeout)
                error: Any = failure(list, stream)
            elif call == "GET":
                error = failure(client.runs.get, "r", backoff_options=options)
            else:
                error = failure(client.workflows.invoke, "w")
        assert type(error) is FlueTimeoutError
        if "status 503" in str(error.cause):
            break
    assert "status 503" in str(error.cause)
    assert len(proxy.requests) == 1
    assert [attempt.delay for attempt in told] == [30.0] * (call != "POST")


@every_call
def test_an_untrusted_server_is_tried_once(any_world: World, own: bool, call: str) -> None:
    with RawServer(works, tls=True) as server:
        with client_of(any_world, own, server.url, default_context()) as client:
            error = refused(call, client)
        assert server.accepted == 1
        assert "CERTIFICATE_VERIFY_FAILED" in str(error)


@every_call
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("shown", [False, True])
def test_a_client_without_a_good_certificate_is_refused_once(
    any_world: World, own: bool, call: str, version: ssl.TLSVersion, shown: bool
) -> None:
    """In TLS 1.3 the refusal comes in place of the first answer, after a request that the server
    has never read. httpx under asyncio and trio may lose it: then the outcome is unknown."""
    may_be_lost = not own and any_world.is_async and version is ssl.TLSVersion.TLSv1_3
    with RawServer(works, tls=True) as server:
        assert server._context is not None
        server._context.verify_mode = ssl.CERT_REQUIRED
        server._context.maximum_version = version
        trustme.CA().configure_trust(server._context)
        context = server.client_context()
        if shown:
            trustme.CA().issue_cert("somebody.test").configure_cert(context)
        with client_of(any_world, own, server.url, context) as client:
            error = failure(CALLS[call], client)
        assert server.wait_idle()
        assert server.requests == []
        assert _REFUSED in str(error) or may_be_lost
        assert server.accepted == 1 or may_be_lost
        known = _REFUSED in str(error) or call != "POST"
        assert type(error) is (FlueConnectionError if known else InvokeOutcomeUnknownError)


@pytest.mark.filterwarnings(  # httpx leaves the generator of a body that it could not send
    "ignore:.*ByteStream.__aiter__:pytest.PytestUnraisableExceptionWarning"
)
def test_a_refusal_that_httpx_loses_makes_the_outcome_unknown(
    any_world: World,
) -> None:
    """anyio and trio drop an alert that came while they were sending (docs/configuration.md)."""
    with RawServer(works, tls=True) as server:
        assert server._context is not None
        server._context.verify_mode = ssl.CERT_REQUIRED
        with client_of(any_world, False, server.url, server.client_context()) as client:
            error = failure(client.workflows.invoke, "w", input="x" * 4_000_000)
        assert server.wait_idle()
        assert (server.accepted, server.requests) == (1, [])
        known = _REFUSED in str(error)
        assert known or any_world.is_async
        assert type(error) is (FlueConnectionError if known else InvokeOutcomeUnknownError)


def test_an_alert_that_came_while_the_request_was_being_sent_is_read(any_world: World) -> None:
    with RawServer(works, tls=True) as server:
        assert server._context is not None
        server._context.verify_mode = ssl.CERT_REQUIRED
        client = any_world.client(server.url, ssl_context=server.client_context())
        error = failure(client.workflows.invoke, "w", input="x" * 4_000_000)
        assert type(error) is FlueConnectionError
        assert "certificate required" in str(error)


@pytest.mark.parametrize("kept", [False, True])
def test_an_end_without_an_alert_makes_the_outcome_unknown(any_world: World, kept: bool) -> None:
    def ends(request: Request, connection: Connection) -> None:
        if kept and len(server.requests) == 1:
            works(request, connection)
        else:
            connection.close()

    with RawServer(ends, tls=True) as server:
        client = any_world.client(server.url, ssl_context=server.client_context())
        if kept:
            client.workflows.invoke("w")
        error = failure(client.workflows.invoke, "w")
        assert type(error).__name__ == "InvokeOutcomeUnknownError"


@every_call
def test_TLS_versions_that_do_not_meet_are_tried_once(
    any_world: World, own: bool, call: str
) -> None:
    with RawServer(works, tls=True) as server:
        assert server._context is not None
        server._context.maximum_version = ssl.TLSVersion.TLSv1_2
        context = server.client_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        with client_of(any_world, own, server.url, context) as client:
            error = refused(call, client)
        assert server.accepted == 1
        assert "protocol version" in str(error)


class Foreign(RawServer):
    """Says something to whatever opens a connection, and closes it."""

    def __init__(self, words: bytes) -> None:
        super().__init__(works)
        self.words = words

    def _converse(self, connection: Connection) -> None:
        with self._changed:
            del self.open[connection.number]
            self._changed.notify_all()
        try:
            connection.socket.recv(65536)
            if self.words:
                connection.send(self.words)
            connection.close()
        except OSError:
            pass


@every_call
def test_a_port_without_TLS_is_tried_once(any_world: World, own: bool, call: str) -> None:
    with Foreign(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as server:
        url = server.url.replace("http:", "https:")
        with client_of(any_world, own, url, default_context()) as client:
            error = refused(call, client)
        assert server.accepted == 1
        assert "does not speak TLS" in str(error)


@every_call
@pytest.mark.parametrize(
    ("alert", "words"),
    [(120, "no application protocol"), (115, "unknown psk identity"), (200, "unknown error")],
)
def test_an_alert_that_python_has_no_name_for_is_final(
    any_world: World, own: bool, call: str, alert: int, words: str
) -> None:
    with Foreign(b"\x15\x03\x03\x00\x02\x02" + bytes([alert])) as server:
        url = server.url.replace("http:", "https:")
        with client_of(any_world, own, url, default_context()) as client:
            error = refused(call, client)
        assert server.accepted == 1
        assert words in str(error)


@every_call
@pytest.mark.parametrize("words", [b"", b"\x15\x03\x03\x00\x02\x02\x50"], ids=["end", "internal"])
def test_a_handshake_that_ends_early_is_tried_again(
    any_world: World, own: bool, call: str, words: bytes
) -> None:
    with Foreign(words) as server:
        url = server.url.replace("http:", "https:")
        with client_of(any_world, own, url, default_context()) as client:
            refused(call, client)
        assert server.accepted > 1


def directory(path: Path) -> Path:
    path.mkdir()
    return path


def garbage(path: Path) -> Path:
    path.write_text("no certificate")
    return path


def empty(path: Path) -> Path:
    path.touch()
    return path


def unhashed(path: Path) -> Path:
    trustme.CA().cert_pem.write_to_path(str(directory(path) / "ca.pem"))
    return path


BAD = {
    "SSL_CERT_FILE": {"missing": lambda path: path, "a directory": directory, "empty": empty}
    | {"not PEM": garbage},
    "SSL_CERT_DIR": {"missing": lambda path: path, "empty": directory, "a file": garbage}
    | {"not hashed": unhashed},
}


@pytest.mark.parametrize("call", ["GET", "POST"])
@pytest.mark.parametrize(
    ("variable", "how"), [(name, how) for name, hows in BAD.items() for how in hows]
)
def test_a_variable_without_certificates_is_named_with_its_file(
    any_world: World,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variable: str,
    how: str,
    call: str,
) -> None:
    path = BAD[variable][how](tmp_path / "certificates")
    monkeypatch.setenv(variable, str(path))
    with RawServer(works) as server:
        error = refused(call, any_world.client(f"https://127.0.0.1:{server.port}"))
        assert server.wait_until(lambda: server.accepted == 1)
        assert f"{variable}={path}" in str(error)
        assert len(list(chain(error))) == 1


def test_a_certificate_file_that_is_corrected_is_read_again(
    any_world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "authority.pem"
    path.write_bytes(trustme.CA().cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with RawServer(works, tls=True) as server:
        assert server._authority is not None
        client = any_world.client(server.url)
        assert "CERTIFICATE_VERIFY_FAILED" in str(refused("GET", client))
        path.write_bytes(server._authority.cert_pem.bytes())
        for each in (client, any_world.client(server.url)):
            assert each.workflows.invoke("w").run_id == "run_1"


def test_a_certificate_removed_from_a_directory_is_not_trusted(
    any_world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with RawServer(works, tls=True) as server:
        assert server._authority is not None
        hashed(tmp_path, trustme.CA().cert_pem.bytes())
        path = hashed(tmp_path, server._authority.cert_pem.bytes())
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
        assert any_world.client(server.url).workflows.invoke("w").run_id == "run_1"
        path.unlink()
        error = refused("GET", any_world.client(server.url))
        assert "CERTIFICATE_VERIFY_FAILED" in str(error)


def hashed(folder: Path, certificate: bytes) -> Path:
    """Put a certificate where OpenSSL looks for it in a directory."""
    path = folder / "any.pem"
    path.write_bytes(certificate)
    command = ["openssl", "x509", "-noout", "-hash", "-in", str(path)]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    number = len(list(folder.glob(f"{name}.*")))
    return path.rename(folder / f"{name}.{number}")


def test_a_malformed_certificate_is_described_as_such(
    any_world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "mixed.pem"
    good = trustme.CA().cert_pem.bytes()
    path.write_bytes(good + good.replace(b"MII", b"!!!", 1))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with RawServer(works) as server:
        error = refused("GET", any_world.client(f"https://127.0.0.1:{server.port}"))
        assert f"SSL_CERT_FILE={path}" in str(error)
        assert "PEM lib" in str(error)


def test_a_file_that_trusts_other_servers_is_named(
    any_world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "others.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with RawServer(works, tls=True) as server:
        assert f"SSL_CERT_FILE={path}" in str(refused("GET", any_world.client(server.url)))
        own_context = any_world.client(server.url, ssl_context=ssl.create_default_context())
        assert "SSL_CERT_FILE" not in str(refused("GET", own_context))


def test_a_certificate_file_precedes_a_directory_unless_it_is_empty(
    any_world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with RawServer(works, tls=True) as server:
        assert server._authority is not None
        path = tmp_path / "authority.pem"
        server._authority.cert_pem.write_to_path(str(path))
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "stale"))
        assert any_world.client(server.url).workflows.invoke("w").run_id == "run_1"
    monkeypatch.setenv("SSL_CERT_FILE", "")
    with RawServer(works) as other:
        error = refused("GET", any_world.client(f"https://127.0.0.1:{other.port}"))
        assert "SSL_CERT_DIR" in str(error)


def test_a_header_that_HTTP_forbids_is_an_error_before_sending(any_world: World) -> None:
    with RawServer(works) as server:
        with borrowed(any_world, headers=httpx.Headers({"x-own": "s3cr3t\nx"})) as own:
            error = refused("POST", any_world.client(server.url, http_client=own))
        assert server.requests == []
        assert "s3cr3t" not in spoken(error)
