"""A URL's host in the spellings that others want of it.

The look-up takes it as it stands: with the dot that makes a name absolute, and with the zone of an
IPv6 address, which means this machine's own interface (RFC 6874 section 4)."""

from __future__ import annotations

import ipaddress
import re
import socket

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_ZONE = re.compile(r"%[^\]]*")


def without_dot(host: str) -> str:
    return host.removesuffix(".")


def without_zone(host: str) -> str:
    """`host`, which may be in brackets with a port behind it, without an IPv6 zone: no peer is told
    of that."""
    return _ZONE.sub("", host, count=1)


def bare(host: str) -> str:
    """The name that TLS asks for and verifies (RFC 6066 section 3), and that `no_proxy` means."""
    return without_dot(without_zone(host))


def address_of(host: str) -> IpAddress | None:
    """The address that `host` is, in each notation that `getaddrinfo` takes for one: `127.1` and
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
