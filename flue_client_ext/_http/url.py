"""A URL in parts, all of them ASCII.

A regular expression parses common URLs; httpx, which is slow to import, parses the others
(international names, escapes, IPv6, mistakes)."""

from __future__ import annotations

import re

from attrs import field, frozen

from .host import without_dot

_COMMON = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<path>(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?)"
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST_NAME, _LONGEST_LABEL = 253, 63


@frozen
class Url:
    """`host` is the name to look up: without brackets, with its trailing dot and its IPv6 zone.
    `path` includes the query."""

    scheme: str
    host: str
    port: int
    path: str
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def origin(self) -> str:
        host = self.host.replace("%", "%25")  # before an IPv6 zone (RFC 6874)
        host = f"[{host}]" if ":" in host else host
        port = "" if self.port == _DEFAULT_PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def parsed(text: str) -> Url | None:
    """Parse `text`; return `None` if it is not a URL. httpx's own reason may quote a password."""
    common = _COMMON.fullmatch(text)
    if common is not None:
        scheme, host, port, path = common.groups()
        number = int(port or _DEFAULT_PORTS[scheme])
        if number > 65535 or not _is_host(host):
            return None
        return Url(scheme, host, number, path or "/")
    import httpx

    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        return None
    port = url.port if url.port is not None else _DEFAULT_PORTS.get(url.scheme, 1)
    if not 0 < port < 65536:
        return None
    host, path = url.raw_host.decode("ascii").strip("[]"), url.raw_path.decode("ascii")
    if not _is_host(host):
        return None
    return Url(url.scheme, host.replace("%25", "%", 1), port, path, url.username, url.password)


def _is_host(host: str) -> bool:
    """Whether `host` is an address, or a name that DNS can hold (RFC 1035 section 2.3.4)."""
    if ":" in host or not host:  # the caller has its own error for a missing host
        return True
    name = without_dot(host)
    labels = name.split(".")
    return (
        len(name) <= _LONGEST_NAME
        and all(0 < len(label) <= _LONGEST_LABEL for label in labels)
        and "%" not in name  # an escape of httpx, for a space as an example
    )
