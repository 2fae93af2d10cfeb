"""The table: environments and servers, what the client does there, and where others differ.

In values, `{name}` stands for the port of a server or the path of a file (see `servers.py`)."""

from __future__ import annotations

from attrs import field, frozen

from .framings import ANSWERS

Others = tuple[str, str]
"""What another peer does, and why the client does not."""


@frozen
class Row:
    """`ours` is the outcome of the client: who was asked, and what came of it. `differs` has the
    outcome of each peer that differs, and why that is wanted."""

    name: str
    ours: str
    url: str = "http://127.0.0.1:{http}"
    environ: dict[str, str] = field(factory=dict[str, str])
    shows: str = ""
    """What of the requests belongs to the outcome: `target`, a header by its name, or nothing."""
    differs: dict[str, Others] = field(factory=dict[str, Others])


PROXY = "http://127.0.0.1:{proxy}"
OTHER = "http://127.0.0.1:{other}"
CA = {"SSL_CERT_FILE": "{ca}"}
SECURE = "https://127.0.0.1:{https}"
NAMED = "http://flue.test:{http}"


def said(environ: dict[str, str]) -> str:
    return " ".join(f"`{name}={value}`" for name, value in environ.items()) or "no variable"


def proxied(
    environ: dict[str, str], ours: str, url: str = NAMED, shows: str = "", **differs: Others
) -> Row:
    return Row(f"{said(environ)} for `{url}`", ours, url, environ, shows, differs)


def exempt(value: str, ours: str, url: str = NAMED, **differs: Others) -> Row:
    environ = {"http_proxy": PROXY, "no_proxy": value}
    return Row(f"`no_proxy={value}` for `{url}`", ours, url, environ, differs=differs)


def trusted(environ: dict[str, str], ours: str, url: str = SECURE, **differs: Others) -> Row:
    return Row(f"{said(environ)} for `{url}`", ours, url, environ, differs=differs)


def secured(name: str, ours: str, url: str, **differs: Others) -> Row:
    return Row(f"{name}: `{url}`", ours, url, CA, differs=differs)


def addressed(url: str, ours: str, **differs: Others) -> Row:
    return Row(f"`{url}`", ours, url, shows="host", differs=differs)


def framed(name: str, said: str, ours: str = "http 200", **differs: Others) -> Row:
    assert name in ANSWERS
    return Row(said, ours, f"http://127.0.0.1:{{http}}/{name}", differs=differs)


WITH_PASSWORD = "http://us%40er:p%3Aw@127.0.0.1:{proxy}"
SOCKS = "socks5h://127.0.0.1:{proxy}"
PORT_1080 = ("error: failed", "as httpx: the port of the scheme, where curl takes 1080")
TWO_SPELLINGS = "as curl: a variable has two spellings, and no mixed one"
UNUSED_PROXY = "as curl: a proxy that this request does not use is no mistake of it"
URL_ENTRY = ("http 200", "as curl: no host has such a name; httpx reads the entry as a URL")
TUNNEL = "proxy tunnels, https 200"
NO_LENGTH = "a body without a length that is not JSON counts as cut, and is read again"
PROXIES = [
    proxied({}, "http 200"),
    proxied(
        {"http_proxy": PROXY},
        "proxy ({url}/runs/run_1?meta=) 200".replace("{url}", NAMED),
        shows="target",
    ),
    proxied(
        {"HTTP_PROXY": PROXY},
        "proxy 200",
        curl=(
            "http 200",
            "curl obeys this one in lower case only, because of CGI; httpx and "
            "urllib do not, and the client leaves it out where it can be forged: in a CGI program",
        ),
    ),
    proxied({"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, "http 200"),
    proxied({"http_proxy": PROXY, "REQUEST_METHOD": "GET"}, "proxy 200"),
    proxied({"http_proxy": PROXY, "HTTP_PROXY": OTHER}, "proxy 200"),
    proxied(
        {"http_proxy": "", "HTTP_PROXY": OTHER},
        "other 200",
        httpx=(
            "http 200",
            "an empty variable counts as one that is not set, so another may "
            "count; they take it for 'no proxy'",
        ),
        curl=("http 200", "curl does not obey this one in upper case"),
    ),
    proxied({"http_proxy": "", "all_proxy": OTHER}, "other 200"),
    proxied({"all_proxy": PROXY}, "proxy 200"),
    proxied({"ALL_PROXY": PROXY}, "proxy 200"),
    proxied({"all_proxy": PROXY, "http_proxy": OTHER}, "other 200"),
    proxied({"https_proxy": PROXY}, "http 200"),
    proxied({"http_proxy": "127.0.0.1:{proxy}"}, "proxy 200"),
    proxied({"http_proxy": "HTTP://127.0.0.1:{proxy}"}, "proxy 200"),
    proxied({"http_proxy": PROXY + "/"}, "proxy 200"),
    proxied(
        {"http_proxy": " " + PROXY + " "},
        "proxy 200",
        httpx=("error: setup", "blanks around a value come from quoting, and cannot mean anything"),
        curl=("error: setup", "as for httpx: no URL begins with a blank"),
    ),
    proxied({"http_proxy": "http://proxy.test"}, "proxy 200", curl=PORT_1080),
    proxied({"http_proxy": "proxy.test"}, "proxy 200", curl=PORT_1080),
    proxied({"Http_Proxy": PROXY}, "http 200", httpx=("proxy 200", TWO_SPELLINGS)),
    proxied({"HTTP_proxy": PROXY}, "http 200", httpx=("proxy 200", TWO_SPELLINGS)),
    proxied(
        {"http_proxy": WITH_PASSWORD},
        "proxy (Basic dXNAZXI6cDp3) 200",
        shows="proxy-authorization",
    ),
    proxied(
        {"https_proxy": WITH_PASSWORD, **CA},
        "proxy tunnels, https (Basic dXNAZXI6cDp3) (no proxy-authorization) 200",
        SECURE,
        "proxy-authorization",
    ),
    proxied(
        {"http_proxy": "http://user@127.0.0.1:{proxy}"},
        "proxy (Basic dXNlcjo=) 200",
        shows="proxy-authorization",
    ),
    proxied(
        {"http_proxy": "http:///127.0.0.1:{proxy}"},
        "error: setup",
        httpx=("error: failed", "a URL without a host is a mistake, to be told at once"),
        curl=("proxy 200", "curl takes any number of slashes"),
    ),
    proxied(
        {"http_proxy": "http:/127.0.0.1:{proxy}"},
        "error: setup",
        httpx=("error: failed", "httpx looks for a host named `http`"),
        curl=("proxy 200", "curl takes any number of slashes"),
    ),
    proxied({"http_proxy": "http://proxy.test:{proxy}"}, "proxy 200", "http://127.0.0.1:{http}"),
    proxied({"http_proxy": "http://127.0.0.1:{refusing}"}, "refusing 407"),
    proxied(
        {"http_proxy": "https://127.0.0.1:{tlsproxy}", **CA},
        "tlsproxy 200",
        curl=(
            "error: tls",
            "curl takes the certificates for a proxy from its option --proxy-cacert alone",
        ),
    ),
    proxied(
        {"http_proxy": "socks5://127.0.0.1:{proxy}"},
        "error: setup",
        curl=(
            "error: proxy",
            "curl speaks SOCKS; the client says that it needs an http_client= for that",
        ),
    ),
    proxied(
        {"all_proxy": SOCKS},
        "error: setup",
        curl=(
            "error: proxy",
            "curl speaks SOCKS; the client says that it needs an http_client= for that",
        ),
    ),
    proxied(
        {"all_proxy": SOCKS, "http_proxy": PROXY},
        "proxy 200",
        httpx=("error: setup", UNUSED_PROXY),
    ),
    proxied(
        {"all_proxy": SOCKS, "no_proxy": "flue.test"},
        "http 200",
        httpx=("error: setup", UNUSED_PROXY),
    ),
    proxied(
        {"http_proxy": "ftp://127.0.0.1:{proxy}"},
        "error: setup",
        curl=(
            "error: failed",
            "a proxy of a kind that nobody speaks is a mistake, to be told before anything is sent",
        ),
    ),
    proxied(
        {"http_proxy": "http://127.0.0.1:99999"},
        "error: setup",
        httpx=(
            "error: failed",
            "no connection to such a port can ever be made: a mistake to be told at once",
        ),
    ),
    proxied({"https_proxy": PROXY, **CA}, TUNNEL, SECURE),
    proxied({"HTTPS_PROXY": PROXY, **CA}, TUNNEL, SECURE),
    proxied({"https_proxy": PROXY, "HTTPS_PROXY": OTHER, **CA}, TUNNEL, SECURE),
    proxied({"http_proxy": PROXY, **CA}, "https 200", SECURE),
    proxied({"all_proxy": PROXY, **CA}, TUNNEL, SECURE),
    proxied(
        {"https_proxy": "http://127.0.0.1:{refusing}", **CA},
        "refusing tunnels, error: proxy",
        SECURE,
    ),
    proxied(
        {"https_proxy": PROXY, **CA},
        "proxy tunnels, https (flue.test:{https}) (/runs/run_1?meta=) 200",
        "https://flue.test:{https}",
        "target",
    ),
]
ONLY_ASTERISK = ("http 200", "as curl: an asterisk matches all hosts if nothing is beside it")
EXEMPT = [
    exempt("*", "http 200"),
    exempt("flue.test", "http 200"),
    exempt("FLUE.Test", "http 200"),
    exempt("flue.test", "http 200", "http://FLUE.test:{http}"),
    exempt(
        ".flue.test",
        "http 200",
        httpx=("proxy 200", "as curl: the leading dot says nothing more than the name"),
    ),
    exempt(".test", "http 200"),
    exempt("test", "http 200"),
    exempt("lue.test", "proxy 200"),
    exempt("a.flue.test", "proxy 200"),
    exempt("flue.test", "http 200", "http://a.flue.test:{http}"),
    exempt("*.test", "proxy 200"),
    exempt(
        "flue.test.",
        "http 200",
        httpx=("proxy 200", "as curl: a trailing dot does not make another host"),
    ),
    exempt(
        "flue.test",
        "http 200",
        "http://flue.test.:{http}",
        httpx=("proxy 200", "as curl: a trailing dot does not make another host"),
    ),
    exempt("other.example,flue.test", "http 200"),
    exempt("other.example, flue.test", "http 200"),
    exempt(
        "other.example flue.test",
        "http 200",
        httpx=("proxy 200", "as curl: blanks separate, too"),
    ),
    exempt(",,flue.test,", "http 200"),
    exempt("*,x", "proxy 200", httpx=ONLY_ASTERISK),
    exempt("x,*", "proxy 200", httpx=ONLY_ASTERISK),
    exempt("http://flue.test", "proxy 200", httpx=URL_ENTRY),
    exempt("flue.test:", "proxy 200", httpx=URL_ENTRY),
    exempt(":{http}", "proxy 200", httpx=URL_ENTRY),
    exempt("flue.test/8", "proxy 200", httpx=URL_ENTRY),
    exempt("", "proxy 200"),
    exempt(" ", "proxy 200"),
    exempt(
        "flue.test:{http}",
        "http 200",
        curl=("proxy 200", "as httpx and urllib: an entry may name a port"),
    ),
    exempt("flue.test:1", "proxy 200"),
    exempt(
        "bücher.test",
        "http 200",
        "http://bücher.test:{http}",
        httpx=("error: setup", "httpx refuses every request then"),
        curl=("proxy 200", "curl compares the two notations of one name as text"),
    ),
    exempt("127.0.0.1", "http 200", "http://127.0.0.1:{http}"),
    exempt(
        "127.0.0.1:{http}",
        "http 200",
        "http://127.0.0.1:{http}",
        curl=("proxy 200", "as httpx and urllib: an entry may name a port"),
    ),
    exempt(
        "127.0.0.0/8",
        "http 200",
        "http://127.0.0.1:{http}",
        httpx=(
            "proxy 200",
            "as curl: networks in CIDR notation; else request and token go to the proxy",
        ),
    ),
    exempt("10.0.0.0/8", "proxy 200", "http://127.0.0.1:{http}"),
    exempt("127.0.0.1/32", "http 200", "http://127.0.0.1:{http}"),
    exempt("127.0.0.1/", "http 200", "http://127.0.0.1:{http}"),
    exempt("127.0.0.1/33", "proxy 200", "http://127.0.0.1:{http}", httpx=URL_ENTRY),
    exempt(
        "0.0.0.0/0",
        "http 200",
        "http://127.0.0.1:{http}",
        httpx=("proxy 200", "the network of all addresses, in CIDR notation"),
        curl=("proxy 200", "curl 7.88 takes no bits for all bits; its manual promises CIDR"),
    ),
    exempt(
        "127.0.0.1.",
        "http 200",
        "http://127.0.0.1:{http}",
        httpx=("proxy 200", "a trailing dot does not make another host"),
        curl=("proxy 200", "curl ignores the dot after a name, but not after an address"),
    ),
    exempt("127.0.0.0/nonsense", "proxy 200", "http://127.0.0.1:{http}"),
    exempt("127.0.0.1", "proxy 200", "http://localhost:{http}"),
    exempt("localhost", "http 200", "http://localhost:{http}"),
    exempt(
        "0.0.1",
        "proxy 200",
        "http://127.0.0.1:{http}",
        httpx=("http 200", "as curl: the end of an address is no domain"),
    ),
    exempt("::1", "http6 200", "http://[::1]:{http6}"),
    exempt(
        "[::1]",
        "http6 200",
        "http://[::1]:{http6}",
        httpx=("error: setup", "httpx refuses every request then"),
        curl=(
            "proxy 200",
            "IPv6 in any notation, with brackets or without: it can only mean the address",
        ),
    ),
    exempt(
        "::/64",
        "http6 200",
        "http://[::1]:{http6}",
        httpx=("error: setup", "httpx refuses every request then"),
        curl=(
            "proxy 200",
            "curl 7.88 compares only whole bytes of an IPv6 network with the "
            "right result; its manual promises CIDR",
        ),
    ),
    exempt(
        "0:0::1",
        "http6 200",
        "http://[::1]:{http6}",
        httpx=(
            "proxy 200",
            "IPv6 in any notation, with brackets or without: it can only mean the address",
        ),
        curl=(
            "proxy 200",
            "IPv6 in any notation, with brackets or without: it can only mean the address",
        ),
    ),
    Row(
        "`NO_PROXY` in upper case",
        "http 200",
        NAMED,
        {"http_proxy": PROXY, "NO_PROXY": "flue.test"},
    ),
    Row(
        "`no_proxy` before `NO_PROXY`",
        "proxy 200",
        NAMED,
        {"http_proxy": PROXY, "no_proxy": "other", "NO_PROXY": "flue.test"},
    ),
    Row(
        "`no_proxy=` beside `NO_PROXY=*`",
        "http 200",
        NAMED,
        {"http_proxy": PROXY, "no_proxy": "", "NO_PROXY": "*"},
        differs={
            "httpx": ("proxy 200", "as curl: an empty variable counts as one that is not set")
        },
    ),
]
TRUST = [
    trusted({}, "error: tls"),
    trusted({"SSL_CERT_FILE": "{ca}"}, "https 200"),
    trusted({"SSL_CERT_FILE": "{stale}"}, "error: tls"),
    trusted({"SSL_CERT_FILE": "{empty}"}, "error: setup"),
    trusted({"SSL_CERT_FILE": "{missing}"}, "error: setup"),
    trusted({"SSL_CERT_FILE": "{cadir}"}, "error: setup"),
    trusted({"SSL_CERT_FILE": ""}, "error: tls"),
    trusted({"SSL_CERT_DIR": "{cadir}"}, "https 200"),
    trusted({"SSL_CERT_DIR": "{staledir}"}, "error: tls"),
    trusted(
        {"SSL_CERT_DIR": "{emptydir}"},
        "error: setup",
        httpx=(
            "error: tls",
            "a folder without a certificate under its hash trusts nobody: the "
            "error names the variable, not the server",
        ),
        curl=(
            "error: tls",
            "a folder without a certificate under its hash trusts nobody: the "
            "error names the variable, not the server",
        ),
    ),
    trusted(
        {"SSL_CERT_DIR": "{missing}"},
        "error: setup",
        httpx=(
            "error: tls",
            "a folder without a certificate under its hash trusts nobody: the "
            "error names the variable, not the server",
        ),
        curl=(
            "error: tls",
            "a folder without a certificate under its hash trusts nobody: the "
            "error names the variable, not the server",
        ),
    ),
    trusted({"SSL_CERT_DIR": "{staledir}:{cadir}"}, "https 200"),
    trusted(
        {"SSL_CERT_FILE": "{ca}", "SSL_CERT_DIR": "{staledir}"},
        "https 200",
        curl=("error: tls", "as httpx: the file goes before the folder"),
    ),
    trusted(
        {"SSL_CERT_FILE": "{stale}", "SSL_CERT_DIR": "{cadir}"},
        "error: tls",
        curl=("https 200", "as httpx: the file goes before the folder"),
    ),
    trusted(
        {"SSL_CERT_FILE": "{missing}", "SSL_CERT_DIR": "{cadir}"},
        "error: setup",
        curl=("https 200", "as httpx: the file goes before the folder"),
    ),
    trusted(
        {"SSL_CERT_FILE": "{ca}", "SSL_CERT_DIR": "{missing}"},
        "https 200",
        curl=("error: tls", "as httpx: the file goes before the folder"),
    ),
    trusted(
        {"CURL_CA_BUNDLE": "{ca}"},
        "error: tls",
        curl=("https 200", "this variable is curl's own"),
    ),
]
TLS = [
    secured("an address in the certificate", "https 200", "https://127.0.0.1:{https}"),
    secured("a name in it", "https 200", "https://localhost:{https}"),
    secured("a name in capitals", "https 200", "https://LOCALHOST:{https}"),
    secured("a name that is not", "error: tls", "https://other.test:{https}"),
    secured("an address that is not", "error: tls", "https://127.0.0.1:{named}"),
    secured("under a wildcard", "https 200", "https://a.wild.test:{https}"),
    secured("two labels under a wildcard", "error: tls", "https://a.b.wild.test:{https}"),
    secured("the wildcard's own domain", "error: tls", "https://wild.test:{https}"),
    secured(
        "a trailing dot",
        "https 200",
        "https://flue.test.:{https}",
        httpx=("error: tls", "as curl: the dot belongs to the look-up, a certificate has none"),
    ),
    secured("an international name", "https 200", "https://bücher.test:{https}"),
    secured("the same, encoded", "https 200", "https://xn--bcher-kva.test:{https}"),
    secured("an expired certificate", "error: tls", "https://localhost:{expired}"),
    secured("a stranger's certificate", "error: tls", "https://localhost:{stranger}"),
    secured("TLS 1.1 only", "error: tls", "https://localhost:{tls11}"),
    secured("TLS 1.2 only", "tls12 200", "https://localhost:{tls12}"),
    secured("TLS 1.3 only", "tls13 200", "https://localhost:{tls13}"),
    secured(
        "a port that speaks no TLS",
        "error: tls",
        "https://localhost:{http}",
    ),
    secured("TLS where none is asked for", "error: failed", "http://localhost:{https}"),
]
ADDRESS_AND_DOT = "the dot makes no other host of an address; their look-up finds none"
LOCALHOST_AND_DOT = "RFC 6761, 6.3: localhost is this machine, with its dot too"
NO_NAME = "RFC 1035, 2.3.4: DNS holds no such name; the look-up that finds it here is the test's"
ADDRESSES = [
    addressed("http://127.0.0.1:{http}", "http (127.0.0.1:{http}) 200"),
    addressed("http://localhost:{http}", "http (localhost:{http}) 200"),
    addressed(
        "http://LocalHost:{http}",
        "http (localhost:{http}) 200",
        curl=("http (LocalHost:{http}) 200", "as httpx: RFC 3986, 6.2.2.1, the host in lower case"),
    ),
    addressed("HTTP://localhost:{http}", "http (localhost:{http}) 200"),
    addressed("http://flue.test.:{http}", "http (flue.test.:{http}) 200"),
    addressed("http://bücher.test:{http}", "http (xn--bcher-kva.test:{http}) 200"),
    addressed("http://BÜCHER.test:{http}", "http (xn--bcher-kva.test:{http}) 200"),
    addressed("http://straße.test:{http}", "http (xn--strae-oqa.test:{http}) 200"),
    addressed("http://a_b.test:{http}", "http (a_b.test:{http}) 200"),
    addressed(
        "http://127.1:{http}",
        "http (127.1:{http}) 200",
        curl=(
            "http (127.0.0.1:{http}) 200",
            "as httpx: curl reads the address as a browser does (WHATWG URL); "
            "the look-up finds the same one",
        ),
    ),
    addressed(
        "http://0177.0.0.1:{http}",
        "http (0177.0.0.1:{http}) 200",
        httpx=("error: setup", "the look-up knows octal numbers; httpx takes them for a mistake"),
        curl=("http (127.0.0.1:{http}) 200", "curl writes the address anew (WHATWG URL)"),
    ),
    addressed(
        "http://127.0.0.1.:{http}",
        "http (127.0.0.1.:{http}) 200",
        httpx=("error: failed", ADDRESS_AND_DOT),
        curl=("error: failed", ADDRESS_AND_DOT),
    ),
    addressed(
        "http://localhost.:{http}",
        "http (localhost.:{http}) 200",
        httpx=("error: failed", LOCALHOST_AND_DOT),
        curl=("error: failed", LOCALHOST_AND_DOT),
    ),
    addressed(
        "http://.flue.test:{http}",
        "error: setup",
        httpx=("http (.flue.test:{http}) 200", NO_NAME),
        curl=("http (.flue.test:{http}) 200", NO_NAME),
    ),
    addressed(
        "http://flue..test:{http}",
        "error: setup",
        httpx=("http (flue..test:{http}) 200", NO_NAME),
        curl=("http (flue..test:{http}) 200", NO_NAME),
    ),
    addressed(f"http://{'a' * 63}.test:{{http}}", f"http ({'a' * 63}.test:{{http}}) 200"),
    addressed(
        f"http://{'a' * 64}.test:{{http}}",
        "error: setup",
        httpx=(f"http ({'a' * 64}.test:{{http}}) 200", NO_NAME),
        curl=(f"http ({'a' * 64}.test:{{http}}) 200", NO_NAME),
    ),
    addressed(
        "http://xn--a.test:{http}",
        "http (xn--a.test:{http}) 200",
        httpx=("error: setup", "as curl: whether a name exists is for the look-up to say"),
    ),
    addressed("http://[::1]:{http6}", "http6 ([::1]:{http6}) 200"),
    addressed(
        "http://[0:0:0:0:0:0:0:1]:{http6}",
        "http6 ([0:0:0:0:0:0:0:1]:{http6}) 200",
        curl=("http6 ([::1]:{http6}) 200", "as httpx: the host goes out as it was given"),
    ),
    addressed("http://localhost:{http}/length/", "http (localhost:{http}) 200"),
    addressed(
        "http://user:pw@localhost:{http}",
        "error: setup",
        httpx=(
            "http (localhost:{http}) 200",
            "a password in a URL ends up in logs; token= and headers= are there for it",
        ),
        curl=(
            "http (localhost:{http}) 200",
            "a password in a URL ends up in logs; token= and headers= are there for it",
        ),
    ),
    addressed(
        "http://localhost:99999",
        "error: setup",
        httpx=("error: failed", "there is no such port: a mistake to be told at once"),
    ),
    addressed(
        "http://local host:{http}",
        "error: setup",
        httpx=("error: failed", "httpx escapes the blank and looks for `local%20host`"),
    ),
    addressed(
        "ftp://localhost:{http}",
        "error: setup",
        curl=("error: failed", "curl speaks FTP"),
    ),
    addressed(
        "http://",
        "error: setup",
        curl=("error: failed", "curl takes the path's first segment for the host"),
    ),
]
FRAMINGS = [
    framed("length", "a length"),
    framed("end", "neither length nor chunks, to the end of the connection"),
    framed("http10", "HTTP/1.0 with a length"),
    framed("http10-end", "HTTP/1.0 without"),
    framed("chunks", "chunks"),
    framed("chunk-extension", "chunk extensions"),
    framed("chunk-zeros", "a chunk size with leading zeros"),
    framed("chunk-upper", "a chunk size in capitals"),
    framed("trailer", "a trailer"),
    framed("chunk-bad", "a chunk size that is none", "http error: failed"),
    framed("chunk-cut", "an end within a chunk", "http error: failed"),
    framed("chunk-no-end", "an end before the last chunk", "http error: failed"),
    framed("chunks-upper-case", "`TRANSFER-ENCODING: Chunked`"),
    framed(
        "chunks-twice",
        "`Transfer-Encoding: chunked, chunked`",
        "http error: failed",
        curl=(
            "http 200",
            "as httpx (h11): RFC 9112, 6.1 forbids it, and who reads it in two "
            "ways can be deceived",
        ),
    ),
    framed("chunks-gzip", "`Transfer-Encoding: gzip, chunked`", "http error: failed"),
    framed("chunks-and-length", "chunks and a length"),
    framed("continue", "100 before the answer"),
    framed("hints", "103 three times before the answer"),
    framed(
        "switching",
        "101 that nobody asked for",
        "http error: failed",
        curl=("http 101", "as httpx (h11): RFC 9110, 15.2.2: only after an Upgrade"),
    ),
    framed("length-twice", "the same length twice"),
    framed("length-list", "the same length twice in one line"),
    framed(
        "length-two",
        "two different lengths",
        "http error: failed",
        curl=("http error: answer", "as httpx (h11): RFC 9112, 6.3: an unrecoverable error"),
    ),
    framed(
        "length-plus",
        "a length with a plus",
        "http error: failed",
        curl=("http 200", "as httpx (h11): RFC 9110, 8.6: digits only"),
    ),
    framed("length-minus", "a negative length", "http error: failed"),
    framed("length-empty", "an empty length", "http error: failed"),
    framed("length-word", "a length that is a word", "http error: failed"),
    framed("length-zeros", "a length with leading zeros"),
    framed("length-short", "more bytes than the length"),
    framed("length-long", "fewer bytes than the length", "http error: failed"),
    framed("casing", "`cOnTeNt-LeNgTh`"),
    framed("fold", "a folded header"),
    framed("fold-first", "a fold in the first header", "http error: failed"),
    framed(
        "space-before-colon",
        "a blank before a colon",
        "http error: failed",
        curl=("http 200", "as httpx (h11): RFC 9112, 5.1: no blank between name and colon"),
    ),
    framed("no-colon", "a header without a colon", "http error: failed"),
    framed("nul", "a NUL in a header", "http error: failed"),
    framed("latin1", "a header in Latin-1"),
    framed("line-feeds", "line feeds alone"),
    framed("no-reason", "an empty reason"),
    framed("no-space", "no reason"),
    framed("status-99", "status 99", "http error: failed"),
    framed("status-599", "status 599", "http 599"),
    framed(
        "http2-line",
        "`HTTP/2 200`",
        "http error: failed",
        curl=("http 200", "as httpx (h11): HTTP/2 has no such line"),
    ),
    framed(
        "http12",
        "`HTTP/1.2 200`",
        curl=(
            "http error: failed",
            "as httpx (h11): RFC 9110, 2.5: a minor version changes nothing that matters here",
        ),
    ),
    framed("blank-first", "an empty line before the answer", "http error: failed"),
    framed("not-http", "another protocol's greeting", "http error: failed"),
    framed("nothing", "an end before the answer", "http error: failed"),
    framed(
        "head-cut",
        "an end within the head",
        "http error: failed",
        curl=(
            "http error: answer",
            "as httpx (h11): RFC 9112, 8: an answer without the end of its head is incomplete",
        ),
    ),
    framed("head-128k", "a head of 128 kB"),
    framed("head-512k", "a head of 512 kB", "http error: failed"),
    framed("redirect", "a redirect", "http 302"),
    framed(
        "gzip",
        "gzip, although identity was asked for",
        "http error: answer",
        httpx=(
            "http 200",
            "httpx asks for gzip and unpacks it; the client asks for none, since "
            "a few bytes may unpack to gigabytes",
        ),
    ),
    framed("identity", "`Content-Encoding: identity`"),
    framed(
        "zstd",
        "`Content-Encoding: zstd` on a plain body",
        "http error: answer",
        httpx=("http 200", "httpx, without the package for it, takes the body as it is"),
        curl=("http 200", "curl, not asked to unpack, takes the body as it is"),
    ),
    framed(
        "not-gzip",
        "`Content-Encoding: gzip` on a plain body",
        "http error: answer",
        curl=("http 200", "curl, not asked to unpack, takes the body as it is"),
    ),
    framed("coding-none", "`Content-Encoding: none`"),
    framed("bom", "a byte order mark before the JSON"),
    framed(
        "bom-twice",
        "two of them",
        "http error: failed",
        httpx=("http error: answer", NO_LENGTH),
        curl=("http error: answer", NO_LENGTH),
    ),
    framed(
        "utf-16",
        "JSON in UTF-16",
        "http error: failed",
        httpx=("http 200", "RFC 8259, 8.1: JSON that systems exchange is in UTF-8"),
        curl=("http 200", "curl does not read the body"),
    ),
    framed("no-content", "204 with a length", "http 204"),
]

GROUPS: dict[str, list[Row]] = {
    "Proxy variables": PROXIES,
    "`no_proxy`": EXEMPT,
    "Trusted certificates": TRUST,
    "TLS": TLS,
    "Addresses and names": ADDRESSES,
    "Framing of answers": FRAMINGS,
}
