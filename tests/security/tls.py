"""Which TLS peers are refused, before anything of a request is sent."""

from __future__ import annotations

import os
import ssl
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import trustme

from flue_client_ext import FlueConnectionError
from tests.servers.raw import RawServer
from tests.unary.forward_proxy import ForwardProxy
from tests.unary.support import NEVER_AGAIN, failure, works
from tests.worlds import World

from .channels import over_httpx

TOKEN = "t0k3n"
Make = Callable[[trustme.CA], ssl.SSLContext]


def _context(
    authority: trustme.CA, name: str = "127.0.0.1", days: tuple[int, int] = (-1, 9)
) -> ssl.SSLContext:
    """`days`: from when to when the certificate is valid, from now."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    begin, end = (datetime.now(UTC) + timedelta(days=each) for each in days)
    authority.issue_cert(name, not_before=begin, not_after=end).configure_cert(context)
    return context


def _of_nobody(_: trustme.CA) -> ssl.SSLContext:
    return _context(trustme.CA())


def _self_signed(_: trustme.CA) -> ssl.SSLContext:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        both = Path(folder, "both.pem")
        both.write_bytes(authority.private_key_pem.bytes() + authority.cert_pem.bytes())
        context.load_cert_chain(both)
    return context


def _old(version: ssl.TLSVersion, authority: trustme.CA) -> ssl.SSLContext:
    context = _context(authority)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    return context


PEERS: dict[str, Make] = {
    "expired certificate": lambda authority: _context(authority, days=(-9, -1)),
    "certificate that is not valid yet": lambda authority: _context(authority, days=(1, 9)),
    "certificate of another name": lambda authority: _context(authority, "other.test"),
    "certificate of another address": lambda authority: _context(authority, "127.0.0.2"),
    "certificate of an unknown authority": _of_nobody,
    "self-signed certificate": _self_signed,
    "TLS 1.0": partial(_old, ssl.TLSVersion.TLSv1),
    "TLS 1.1": partial(_old, ssl.TLSVersion.TLSv1_1),
}
BEHIND_A_PROXY: dict[str, Make] = {
    "expired certificate": lambda authority: _context(authority, "localhost", (-9, -1)),
    "certificate of the proxy": _context,
    "certificate of an unknown authority": lambda _: _context(trustme.CA(), "localhost"),
}


@contextmanager
def _serving(make: Make) -> Iterator[RawServer]:
    """A server with that certificate, whose authority the environment trusts."""
    authority = trustme.CA()
    server = RawServer(works, tls=True)
    server._context = make(authority)
    with tempfile.TemporaryDirectory() as folder, server:
        trusted = Path(folder, "authority.pem")
        authority.cert_pem.write_to_path(str(trusted))
        with patch.dict(os.environ, {"SSL_CERT_FILE": str(trusted)}):
            yield server


def _refuse(client: Any, server: RawServer) -> None:
    for call in (
        lambda: client.workflows.invoke("w"),
        lambda: client.runs.get("r", backoff_options=NEVER_AGAIN),
        lambda: list(client.runs.stream("r", live="sse", backoff_options=NEVER_AGAIN)),
    ):
        error = failure(call)
        assert type(error) is FlueConnectionError, error
    assert server.requests == []


def _over_httpx(world: World) -> AbstractContextManager[World]:
    """Trust what the environment trusts, as the client does."""
    return over_httpx(world, verify=ssl.create_default_context())


def _refused(make: Make, world: World) -> str:
    with _serving(make) as server, _over_httpx(world) as other:
        for each in (world, other):
            _refuse(each.client(server.url, token=TOKEN, timeout=10), server)
    return "refused, and nothing is sent"


@contextmanager
def _through_a_tunnel() -> Iterator[ForwardProxy]:
    with ForwardProxy() as proxy, ExitStack() as stack:
        changed = {"https_proxy": proxy.url, "no_proxy": ""}
        stack.enter_context(patch.dict(os.environ, changed))
        yield proxy


def _refused_behind_a_proxy(make: Make, world: World) -> str:
    """The server is asked for by a name that is not the proxy's."""
    with _serving(make) as server, _through_a_tunnel() as proxy:
        _refuse(world.client(_by_name(server), token=TOKEN, timeout=10), server)
        assert {request.method for request in proxy.requests} == {"CONNECT"}
        assert TOKEN not in str([request.headers for request in proxy.requests])
    return "refused, and nothing but CONNECT is sent"


def _by_name(server: RawServer) -> str:
    return server.url.replace("127.0.0.1", "localhost")


def _accepted(world: World) -> str:
    """The control: the same server with a good certificate, directly and behind a proxy."""
    with _serving(_context) as server, _over_httpx(world) as other:
        for each in (world, other):
            each.client(server.url).workflows.invoke("w")
    with _serving(partial(_context, name="localhost")) as server, _through_a_tunnel():
        world.client(_by_name(server)).workflows.invoke("w")
    return "accepted"


CHECKS: dict[str, Callable[[World], str]] = {
    **{name: partial(_refused, make) for name, make in PEERS.items()},
    **{
        f"{name}, behind CONNECT": partial(_refused_behind_a_proxy, make)
        for name, make in BEHIND_A_PROXY.items()
    },
    "good certificate": _accepted,
}
