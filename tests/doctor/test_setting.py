"""What is found before anything is sent: versions, address, proxy, credentials, certificates."""

from __future__ import annotations

import platform
import ssl
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import certifi
import pytest
import trustme

from flue_client_ext import __version__
from flue_client_ext._doctor.installation import fits
from flue_client_ext._stream import sse
from tests.servers.raw import RawServer
from tests.unary.forward_proxy import ForwardProxy
from tests.unary.support import says

from .conftest import Served
from .support import only, report, the_wrong, wrong

NOT_FOUND = says(404, b'{"error":{"type":"run_not_found","message":"m","details":"d"}}')


def test_versions_of_client_Python_OpenSSL_and_dependencies(workflows: Served) -> None:
    found = only(report(workflows.url), "versions")
    assert found.facts["flue_client"] == __version__
    assert found.facts["python"] == platform.python_version()
    assert found.facts["openssl"] == ssl.OPENSSL_VERSION
    dependencies = found.facts["dependencies"]
    assert dependencies["httpx"] == metadata.version("httpx")
    assert {"anyio", "attrs", "backoff", "certifi", "h11", "msgspec", "sseclient-py"} < {
        *dependencies
    }
    assert "jsonschema" not in dependencies


def test_a_dependency_that_is_missing(workflows: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    required = [*(metadata.requires("flue-client") or []), "no-such-package>=2"]
    monkeypatch.setattr(metadata, "requires", lambda name: required)
    found = the_wrong(workflows.url, "dependency_broken")
    assert found.facts == {"requires": "no-such-package>=2"}


def test_a_dependency_of_another_version(
    workflows: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    required = ["attrs>=23.2", "h11>=99", "jsonschema>=99; extra == 'testing'"]
    monkeypatch.setattr(metadata, "requires", lambda name: required)
    assert the_wrong(workflows.url, "dependency_broken").facts == {"requires": "h11>=99"}


@pytest.mark.parametrize(
    ("version", "requirement", "expected"),
    [
        ("0.28.1", "httpx<0.29,>=0.27", True),
        ("0.29.0", "httpx<0.29,>=0.27", False),
        ("0.9", "httpx<0.29,>=0.27", False),
        ("2.2.1", "backoff<3,>=2.2; python_version < '4'", True),
        ("3.0rc1", "backoff<3,>=2.2", False),
        ("1.0", "certifi", True),
        ("2.0", "x!=2.0", False),
        ("2.0", "x==2.0", True),
        ("2.1", "x<=2.0", False),
        ("2.0", "x>2.0", False),
    ],
)
def test_whether_a_requirement_admits_a_version(
    version: str, requirement: str, expected: bool
) -> None:
    assert fits(version, requirement) is expected


def test_a_module_that_another_package_has_replaced(
    workflows: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sseclient", ModuleType("sseclient"))
    sse.sse_client.cache_clear()
    try:
        assert "sseclient-py" in the_wrong(workflows.url, "dependency_broken").words
    finally:
        sse.sse_client.cache_clear()


@pytest.mark.parametrize(
    "url",
    [
        "host/api",
        "ftp://host",
        "http://",
        "http://user:canary@host",
        "http://h?canary",
        "http://h#x",
    ],
)
def test_a_base_url_that_is_none(url: str) -> None:
    made = report(url)
    assert wrong(made) == ["base_url_invalid"]
    assert made.base_url is None
    assert "canary" not in repr(made)


def test_a_base_url_that_is_missing() -> None:
    assert "FLUE_BASE_URL" in the_wrong(None, "base_url_invalid").words


def test_the_source_of_the_base_url(workflows: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUE_BASE_URL", workflows.url + "/")
    made = report(None)
    assert made.base_url == workflows.url
    assert only(made, "base_url").facts == {"base_url": workflows.url, "variable": "FLUE_BASE_URL"}
    assert only(report(workflows.url), "base_url").facts["variable"] is None


def test_no_proxy_is_a_fact_too(workflows: Served) -> None:
    made = report(workflows.url)
    assert only(made, "proxy").facts == {"variable": None, "exempt": False}
    assert made.healthy


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
def test_the_proxy_and_its_variable(
    variable: str, workflows: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ForwardProxy() as proxy:
        monkeypatch.setenv(variable, f"http://user:canary@127.0.0.1:{proxy.port}")
        made = report(workflows.url)
        assert only(made, "proxy").facts == {
            "variable": variable,
            "host": "127.0.0.1",
            "port": proxy.port,
            "exempt": False,
        }
        assert made.healthy
        assert proxy.requests
        assert "canary" not in repr(made)


def test_a_server_that_is_exempt_from_the_proxy(
    workflows: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.0/8")
    made = report(workflows.url)
    assert only(made, "proxy").facts == {"variable": "http_proxy", "exempt": True}
    assert made.healthy


@pytest.mark.parametrize("value", ["socks5://127.0.0.1:1", "http:/canary:canary@", "http://"])
def test_a_proxy_that_cannot_be_used(
    value: str, workflows: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", value)
    made = report(workflows.url)
    assert wrong(made) == ["proxy_invalid"]
    assert made.base_url == workflows.url
    assert "http_proxy" in only(made, "proxy_invalid").words
    assert "canary" not in repr(made)


def test_which_credentials_are_sent(workflows: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def facts(**options: Any) -> Any:
        return only(report(workflows.url, **options), "credentials").facts

    assert facts() == {"token_from": None, "headers": False}
    assert facts(token=lambda: "t", headers={"x-key": "k"}) == {
        "token_from": "the argument token",
        "headers": True,
    }
    monkeypatch.setenv("FLUE_TOKEN", "t")
    assert facts() == {"token_from": "FLUE_TOKEN", "headers": False}
    assert facts(token=None) == {"token_from": None, "headers": False}


def test_credentials_that_cannot_be_sent(
    workflows: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> str:
        raise LookupError("canary")

    monkeypatch.setenv("FLUE_TOKEN", "canary\n")
    for options in ({}, {"token": fails}, {"headers": lambda: {"x": "canary\n"}}):
        found = the_wrong(workflows.url, "credentials_invalid", **options)
        assert "canary" not in repr(found)


def context_of(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


def test_which_certificates_are_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(NOT_FOUND, tls=True) as server:
        own = report(server.url, ssl_context=server.client_context())
        assert only(own, "trust").facts == {"source": "your own ssl_context", "host": "127.0.0.1"}
        assert own.healthy
        refused = report(server.url)
        assert certifi.where() in only(refused, "trust").facts["source"]
        file = tmp_path / "ca.pem"
        assert server._authority is not None
        server._authority.cert_pem.write_to_path(str(file))
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        named = report(server.url)
        assert only(named, "trust").facts["source"] == f"SSL_CERT_FILE={file}"
        assert named.healthy


def test_certificates_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "missing.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(missing))
    found = the_wrong("https://127.0.0.1:1", "trust_invalid")
    assert found.facts["source"] == f"SSL_CERT_FILE={missing}"


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"timeout": float("inf")},
        {"watch": -1},
        {"run_id": ".."},
        {"agent": ""},
        {"conversation_id": "c"},
        {"agent": "a", "path": "b"},
        {"path": "a//b"},
    ],
)
def test_arguments_that_could_never_be_right(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(reversed(options)).partition("_")[0]):
        report("http://127.0.0.1:1", **options)


@pytest.mark.parametrize("options", [{"timeout": "1"}, {"watch": None}, {"ssl_context": 1}])
def test_arguments_of_another_type(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=next(iter(options))):
        report("http://127.0.0.1:1", **options)
