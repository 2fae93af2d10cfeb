"""Which proxy the environment names, as tables: curl(1), ENVIRONMENT and `--noproxy`."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext._http.environment import proxy_for
from tests.unary.support import failure, spoken

P = "http://p:1"
Q = "http://q:2"


def chosen(scheme: str, environ: dict[str, str]) -> tuple[str, str] | None:
    proxy = proxy_for(scheme, "flue.example", 80, environ)
    return None if proxy is None else (proxy.host, proxy.variable)


@pytest.mark.parametrize(
    ("scheme", "environ", "expected"),
    [
        ("http", {}, None),
        ("http", {"http_proxy": P}, ("p", "http_proxy")),
        ("http", {"HTTP_PROXY": P}, ("p", "HTTP_PROXY")),
        ("http", {"http_proxy": P, "HTTP_PROXY": Q}, ("p", "http_proxy")),
        ("https", {"https_proxy": P, "HTTPS_PROXY": Q}, ("p", "https_proxy")),
        ("https", {"http_proxy": P}, None),
        ("http", {"https_proxy": P}, None),
        ("https", {"all_proxy": P, "ALL_PROXY": Q}, ("p", "all_proxy")),
        ("https", {"ALL_PROXY": P, "HTTPS_PROXY": Q}, ("q", "HTTPS_PROXY")),
        ("https", {"https_proxy": "", "HTTPS_PROXY": P}, ("p", "HTTPS_PROXY")),
        ("https", {"https_proxy": "", "all_proxy": P}, ("p", "all_proxy")),
        ("https", {"https_proxy": "  "}, None),
        ("https", {"https_proxy": f" {P} "}, ("p", "https_proxy")),
        ("http", {"HTTP_PROXY": P, "REQUEST_METHOD": "GET"}, None),
        ("http", {"http_proxy": P, "REQUEST_METHOD": "GET"}, ("p", "http_proxy")),
        ("https", {"HTTPS_PROXY": P, "REQUEST_METHOD": "GET"}, ("p", "HTTPS_PROXY")),
        ("http", {"HTTP_PROXY": Q, "ALL_PROXY": P, "REQUEST_METHOD": "GET"}, ("p", "ALL_PROXY")),
    ],
)
def test_the_variable_that_counts(
    scheme: str, environ: dict[str, str], expected: tuple[str, str] | None
) -> None:
    assert chosen(scheme, environ) == expected


@pytest.mark.parametrize(
    ("value", "host", "port", "tls", "authorization"),
    [
        ("http://proxy.example:3128", "proxy.example", 3128, False, None),
        ("proxy.example:3128", "proxy.example", 3128, False, None),
        ("proxy.example", "proxy.example", 80, False, None),
        ("HTTP://PROXY.example:3128/", "proxy.example", 3128, False, None),
        ("https://proxy.example", "proxy.example", 443, True, None),
        ("http://[2001:db8::1]:3128", "2001:db8::1", 3128, False, None),
        ("http://u:p%40w@proxy.example:1", "proxy.example", 1, False, "Basic dTpwQHc="),
        ("u:pw@proxy.example:1", "proxy.example", 1, False, "Basic dTpwdw=="),
        ("http://b\xfccher.example.:1", "xn--bcher-kva.example.", 1, False, None),
    ],
)
def test_the_forms_of_a_proxy(
    value: str, host: str, port: int, tls: bool, authorization: str | None
) -> None:
    proxy = proxy_for("http", "flue.example", 80, {"http_proxy": value})
    assert proxy is not None
    assert (proxy.host, proxy.port, proxy.tls) == (host, port, tls)
    assert proxy.authorization == authorization
    assert proxy.variable == "http_proxy"


EXEMPT = [
    ("*", "flue.example"),
    (" * ", "flue.example"),
    ("flue.example", "flue.example"),
    ("FLUE.Example", "flue.example"),
    ("example", "flue.example"),
    (".example", "flue.example"),
    (".flue.example", "flue.example"),
    ("flue.example.", "flue.example"),
    (".example.", "flue.example."),
    ("flue.example", "flue.example."),
    ("a.test,flue.example", "flue.example"),
    ("a.test, flue.example ,b.test", "flue.example"),
    ("a.test flue.example", "flue.example"),
    ("a.test\tflue.example", "flue.example"),
    (",,flue.example,,", "flue.example"),
    ("flue.example:8080", "flue.example"),
    (".example:8080", "flue.example"),
    ("b\xfccher.example", "xn--bcher-kva.example"),
    ("B\xdcCHER.example", "shop.xn--bcher-kva.example"),
    ("10.0.0.0/8", "10.1.2.3"),
    ("10.1.2.3", "10.1.2.3"),
    ("10.1.2.3/32", "10.1.2.3"),
    ("10.1.2.3/8", "10.9.9.9"),
    ("10.1.2.3/", "10.1.2.3"),
    ("[::1]/", "::1"),
    ("0.0.0.0/0", "10.1.2.3"),
    ("192.168.0.0/16 10.0.0.0/8", "10.1.2.3"),
    ("10.0.0.0/8", "10.1.2.3."),
    ("10.1.2.3:8080", "10.1.2.3"),
    ("127.0.0.0/8", "::ffff:127.0.0.1"),
    ("::1", "::1"),
    ("[::1]", "::1"),
    ("[::1]:8080", "::1"),
    ("0:0:0:0:0:0:0:1", "::1"),
    ("FD00::/8", "fd12:3456::1"),
    ("[fd00::/8]", "fd12:3456::1"),
    ("[fd00::]/8", "fd12:3456::1"),
    ("fe80::/10", "fe80::1%eth0"),
    ("127.0.0.0/8", "127.1"),
    ("127.0.0.1", "2130706433"),
    ("127.0.0.1", "0x7f000001"),
    ("127.0.0.1", "0177.0.0.1."),
    ("127.0.0.1:8080", "0x7f.1"),
    ("127.1", "127.1"),
]
NOT_EXEMPT = [
    ("", "flue.example"),
    ("*.example", "flue.example"),
    ("a.test,*", "flue.example"),
    ("lue.example", "flue.example"),
    ("www.flue.example", "flue.example"),
    (".", "flue.example"),
    (", ,", "flue.example"),
    ("flue.example:1", "flue.example"),
    ("10.0.0.0/8", "11.0.0.1"),
    ("10.0.0.0/8", "flue.example"),
    ("1.2.3", "10.1.2.3"),
    ("2.3", "10.1.2.3"),
    ("10.0.0.0/33", "10.0.0.1"),
    ("10.0.0.0/x", "10.0.0.1"),
    ("10.0.0.0/", "10.0.0.1"),
    ("fd00::/8", "10.0.0.1"),
    ("::1", "127.0.0.1"),
    ("0.0.0.0/0", "::1"),
    ("fd00::/8", "fe80::1"),
    ("[::1]:1", "::1"),
    ("128.0.0.0/8", "127.1"),
    ("127.0.0.0/8", "127.1.example"),
    ("127.0.0.0/8", "0x7g"),
    ("1", "127.1"),
    ("127.1", "127.0.0.1"),
]


@pytest.mark.parametrize(
    ("exempt", "host", "expected"),
    [(*row, True) for row in EXEMPT] + [(*row, False) for row in NOT_EXEMPT],
)
@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
def test_the_hosts_that_no_proxy_exempts(
    exempt: str, host: str, expected: bool, variable: str
) -> None:
    environ = {"all_proxy": P, variable: exempt}
    assert (proxy_for("http", host, 8080, environ) is None) is expected


def test_no_proxy_in_lower_case_goes_before_upper_case() -> None:
    environ = {"http_proxy": P, "no_proxy": "a.test", "NO_PROXY": "flue.example"}
    assert chosen("http", environ) == ("p", "http_proxy")
    assert chosen("http", {**environ, "no_proxy": ""}) is None


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize(
    "value",
    [
        "socks5://u:s3cr3t@p:1",
        "socks5h://u:s3cr3t@p:1",
        "ftp://u:s3cr3t@p",
        "https://u:s3cr3t@",
        "http://u:s3cr3t@",
        "http://u:s3cr3t@p:99999",
        "http://u:s3cr3t@p:x",
        "http://u:s3cr3t@a..b:1",
        "http://[u:s3cr3t",
        "http:/u:s3cr3t@p:1",
        "HTTPS:/p:1",
    ],
)
def test_a_proxy_that_cannot_be_used_names_its_variable(variable: str, value: str) -> None:
    environ = {variable: value}
    error = failure(proxy_for, "https", "flue.example", 443, environ)
    assert type(error) is ValueError
    assert variable in str(error)
    assert "s3cr3t" not in spoken(error)
    exempted: Any = proxy_for("https", "flue.example", 443, {**environ, "NO_PROXY": "*"})
    assert exempted is None


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_the_systems_settings_count_where_no_variable_is_set(
    monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    import urllib.request

    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(urllib.request, "getproxies", lambda: {"http": P})
    monkeypatch.setattr(urllib.request, "proxy_bypass", lambda host: host == "local.test")
    proxy = proxy_for("http", "flue.example", 80, {})
    assert proxy is not None
    assert (proxy.host, proxy.variable) == ("p", "the system's settings")
    assert proxy_for("https", "flue.example", 443, {}) is None
    assert proxy_for("http", "local.test", 80, {}) is None
    assert proxy_for("http", "flue.example", 80, {"https_proxy": Q}) is None
    assert chosen("http", {"HTTP_PROXY": Q}) == ("q", "HTTP_PROXY")
