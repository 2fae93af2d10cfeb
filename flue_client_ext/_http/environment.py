"""The proxies that the environment asks for, with the meaning that curl's manual gives them.

curl(1), ENVIRONMENT and `--noproxy`: the lower-case variable goes before the upper-case one, an
empty one counts as not set, `no_proxy` lists domains, addresses and networks. Three things go
beyond it: `HTTP_PROXY` in upper case is obeyed as well, as httpx and urllib do, except in a CGI
program, where a request's header sets it (CVE-2016-5385); an entry of `no_proxy` may name a port;
and a proxy without a port is asked at its scheme's, where curl takes 1080."""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Iterator, Mapping

from .host import address_of, bare
from .url import Url, parsed
from .wire import Proxy

_SYSTEM = "the system's settings"
_NO_HOST = re.compile(r"https?:/(?!/)", re.IGNORECASE)
"""A scheme that would be taken for the host's name."""
_ENTRY = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>[0-9]+))?")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def proxy_for(scheme: str, host: str, port: int, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy on the way to an origin. One that cannot be used is a `ValueError` that names the
    variable, and never shows its value, which may hold a password."""
    found = _setting(scheme, environ)
    if found is None:
        found = _system_setting(scheme, host, environ)
    elif _exempt(host, port, _value("no_proxy", environ)[1]):
        return None
    return None if found is None else _proxy(*found, scheme)


def _value(name: str, environ: Mapping[str, str]) -> tuple[str, str]:
    for variable in (name, name.upper()):
        if value := environ.get(variable, "").strip():
            return variable, value
    return name, ""


def _setting(scheme: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """The variable that counts for `scheme`, and its value."""
    for name in (f"{scheme}_proxy", "all_proxy"):
        variable, value = _value(name, environ)
        if value and not _is_forged(variable, environ):
            return variable, value
    return None


def _is_forged(variable: str, environ: Mapping[str, str]) -> bool:
    """Whether the header `Proxy` of a CGI program's request may have set it; Windows knows no case
    of letters there."""
    name = variable.upper() if sys.platform == "win32" else variable
    return name == "HTTP_PROXY" and "REQUEST_METHOD" in environ


def _system_setting(scheme: str, host: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """macOS and Windows have settings of their own, which count where no variable is set."""
    if sys.platform not in ("darwin", "win32"):
        return None
    if any(_setting(other, environ) for other in ("http", "https")):
        return None
    import urllib.request

    value = urllib.request.getproxies().get(scheme)
    if not value or urllib.request.proxy_bypass(host):
        return None
    return _SYSTEM, value


def _proxy(variable: str, value: str, scheme: str) -> Proxy:
    url = parsed(value if "://" in value else f"http://{value}")
    if url is None or not url.host or _NO_HOST.match(value):
        raise ValueError(f"the proxy that {variable} names for {scheme}:// is not a URL")
    if url.scheme not in ("http", "https"):
        raise ValueError(
            f"{variable} asks for a {url.scheme}:// proxy to reach {scheme}://, which needs an"
            " http_client= of your own"
        )
    return Proxy(url.host, url.port, url.scheme == "https", _authorization(url), variable)


def _authorization(url: Url) -> str | None:
    if not (url.username or url.password):
        return None
    import base64

    return "Basic " + base64.b64encode(f"{url.username}:{url.password}".encode()).decode()


def _exempt(host: str, port: int, exempt: str) -> bool:
    """Whether `no_proxy` names the host. A name is never resolved for that."""
    if exempt == "*":
        return True
    literal = address_of(host)
    address = None if literal is None else _network(str(literal))
    name = bare(host.lower())
    for entry, entry_port in _entries(exempt):
        if entry_port not in (None, port):
            continue
        network, domain = _network(entry), _domain(entry)
        if address is not None and network is not None and _contains(network, address):
            return True
        if name == domain or (address is None and domain and name.endswith(f".{domain}")):
            return True
    return False


def _entries(exempt: str) -> Iterator[tuple[str, int | None]]:
    for entry in re.split(r"[,\s]+", exempt):
        named = _ENTRY.fullmatch(entry)
        if named is None or named["port"] is None:
            yield entry, None
        else:
            yield named["host"], int(named["port"])


def _network(text: str) -> Network | None:
    """An address, or a network in CIDR notation; brackets and an IPv6 zone do not matter. Another
    notation of an address is a name here, as for curl: it says so of the URL's host only."""
    address, slash, bits = text.replace("[", "").replace("]", "").partition("/")
    if not bits:  # with a slash too: the one address, as curl and httpx read it
        slash = ""
    elif not (bits.isascii() and bits.isdigit()):
        return None
    try:
        network = ipaddress.ip_network(bare(address) + slash + bits, strict=False)
    except ValueError:
        return None
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is not None and network.prefixlen >= 96:
        return ipaddress.ip_network((mapped, network.prefixlen - 96))
    return network


def _contains(network: Network, address: Network) -> bool:
    return network.version == address.version and network.supernet_of(address)  # type: ignore[arg-type]


def _domain(entry: str) -> str:
    name = bare(entry.lower()).removeprefix(".")
    if name.isascii():
        return name
    url = parsed(f"http://{name}")  # encoded as the name in a URL was
    return name if url is None else url.host
