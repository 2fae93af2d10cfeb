"""The spellings of a URL's host: for the look-up, for the peer, and for a comparison.

The look-up takes the host unchanged: with the dot that makes a name absolute, and with the zone of
an IPv6 address, which names an interface of this machine (RFC 6874 section 4)."""

from __future__ import annotations

import ipaddress
import re
import socket

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_ZONE = re.compile(r"%[^\]]*")


def without_dot(host: str) -> str:
    return host.removesuffix(".")


def without_zone(host: str) -> str:
    """Remove an IPv6 zone, which no peer may see. `host` may have brackets and a port."""
    return _ZONE.sub("", host, count=1)


def bare(host: str) -> str:
    """The name that TLS requests and verifies (RFC 6066 section 3), and that `no_proxy` lists."""
    return without_dot(without_zone(host))


def address_of(host: str) -> IpAddress | None:
    """Return the IP address that `host` is, in any notation that `getaddrinfo` accepts: `127.1` and
    `0x7f000001` are 127.0.0.1 (inet_aton(3)). `None` for a name, which needs a look-up."""
    text = bare(host)
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(text))
    except OSError:
        return None
