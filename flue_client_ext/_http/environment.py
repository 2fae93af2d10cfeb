"""The proxy that the environment names for an origin, as curl(1) describes the variables.

The lower-case variable takes precedence over the upper-case one, an empty one counts as not set,
and `no_proxy` lists domains, addresses and networks. Three rules differ from curl's: `HTTP_PROXY`
in upper case counts, as in httpx and urllib, except in a CGI program, where a request's header sets
it (CVE-2016-5385); an entry of `no_proxy` may name a port; the default port of a proxy is that of
its scheme, not 1080. Reads the environment that it is given, and resolves no name."""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Iterator, Mapping

from .host import address_of, bare
from .route import Proxy
from .url import Url, parsed

_SYSTEM = "the system's settings"
_NO_HOST = r"(?i:https?:/(?!/))"
"""A URL with one slash, whose scheme would count as the host."""
_ENTRY = r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>[0-9]+))?"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def proxy_for(scheme: str, host: str, port: int, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for an origin, if any.

    Raises `ValueError` for a proxy that cannot be used. The message names the variable and leaves
    out its value, which may hold a password.
    """
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
    """Whether the header `Proxy` of a CGI request may have set `variable`. On Windows the names of
    variables have no case."""
    name = variable.upper() if sys.platform == "win32" else variable
    return name == "HTTP_PROXY" and "REQUEST_METHOD" in environ


def _system_setting(scheme: str, host: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """The proxy settings of macOS or Windows, which count where no variable is set."""
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
    if url is None or not url.host or re.match(_NO_HOST, value):
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
    """Whether `no_proxy` covers the host."""
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
        named = re.fullmatch(_ENTRY, entry)
        if named is None or named["port"] is None:
            yield entry, None
        else:
            yield named["host"], int(named["port"])


def _network(text: str) -> Network | None:
    """Return the network that an address or a CIDR notation stands for. Brackets and an IPv6 zone
    are ignored. Other notations of an address, such as `127.1`, are names here, as for curl."""
    address, slash, bits = text.replace("[", "").replace("]", "").partition("/")
    if not bits:  # `10.0.0.1/` is the one address, as for curl and httpx
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
    url = parsed(f"http://{name}")  # IDNA, as in the URL
    return name if url is None else url.host
