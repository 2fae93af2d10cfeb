"""The faults that only TLS has, and what is declared of each: rows of a table of their own."""

from __future__ import annotations

import attrs

from tests.servers.raw import Handshake

from . import handshakes
from .cuts import CutWithGoodbye, Damaged, NoGoodbye
from .faults import Fault
from .listed import cut
from .strikes import Away

CONNECTION = "FlueConnectionError"
PLAIN = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
GARBAGE = bytes(range(128, 256))
NEEDS_GOODBYE = (
    "a body without length or chunks is whole only if TLS says so (RFC 9112 section 9.8). httpx"
    " does not tell: there it counts as whole, unless it is no JSON."
)


def shaken(name: str, greet: Handshake) -> Fault:
    return Fault(f"handshake: {name}", Away(greet=greet), is_of_tls=True)


def refused(name: str, greet: Handshake) -> Fault:
    """The client refuses the peer at once and for good."""
    return attrs.evolve(shaken(name, greet), when="lasting", outcomes={"*": CONNECTION})


TLS_FAULTS = (
    shaken("closed", handshakes.closed),
    shaken("reset", handshakes.reset),
    shaken("cut", handshakes.cut),
    attrs.evolve(shaken("silent", handshakes.silent), lowered="times"),
    attrs.evolve(cut("cut chunk with close_notify", CutWithGoodbye), is_of_tls=True),
    attrs.evolve(cut("damaged record", Damaged), is_of_tls=True),
    attrs.evolve(
        cut("whole body without close_notify", NoGoodbye),
        is_of_tls=True,
        over_httpx={},
        why=NEEDS_GOODBYE,
    ),
    refused("garbage", handshakes.says(GARBAGE)),
    refused("plain HTTP", handshakes.says(PLAIN)),
    refused("certificate of another host", handshakes.shows(handshakes.of_another_host)),
    refused("expired certificate", handshakes.shows(handshakes.expired)),
    refused("unknown authority", handshakes.shows(handshakes.of_unknown_authority)),
)
