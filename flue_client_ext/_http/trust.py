"""The certificates that are trusted: the environment's, or certifi's.

`SSL_CERT_FILE` goes before `SSL_CERT_DIR`, as in httpx. A variable that leads nowhere is an error
that names it: without its certificates every server would look like an impostor."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from .alerts import reason_of, ssl_words
from .http11 import Unreachable

if TYPE_CHECKING:
    import ssl

_FILE, _DIRECTORY = "SSL_CERT_FILE", "SSL_CERT_DIR"
_NOTHING_THERE = ("NO_CERTIFICATE_OR_CRL_FOUND", "NO_START_LINE")
"""OpenSSL's reasons, of 3.x and before, for a file without anything in PEM format."""
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")
"""The names under which OpenSSL finds certificates in a directory (openssl-rehash(1))."""


def shared_context() -> ssl.SSLContext:
    """The TLS context of all clients; making one takes tens of milliseconds, so it is made late.

    Raises `Unreachable` where the environment names no usable certificates.
    """
    variable, value = _setting()
    paths = value.split(os.pathsep) if variable == _DIRECTORY else [value]
    return _context(variable, value, tuple(map(_state, paths)))


def trust() -> str:
    """The variable that names the trusted certificates, with its value; empty for none."""
    variable, value = _setting()
    return f"{variable}={value}" if value else ""


def _setting() -> tuple[str, str]:
    """The variable that counts, and its value; both are empty where neither is set."""
    for variable in (_FILE, _DIRECTORY):
        if value := os.environ.get(variable):
            return variable, value
    return "", ""


def _state(path: str) -> tuple[int, ...]:
    """What changes when a file is written or replaced, or a directory's files are."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ()
    return status.st_mtime_ns, status.st_ino, status.st_dev, status.st_size


@lru_cache(maxsize=4)
def _context(variable: str, value: str, state: tuple[tuple[int, ...], ...]) -> ssl.SSLContext:
    """Read the certificates; `state` has no use but to have them read anew when it changes."""
    import ssl

    try:
        if variable == _FILE:
            return ssl.create_default_context(cafile=value)
        if variable == _DIRECTORY:
            _check_directory(value)
            return ssl.create_default_context(capath=value)
        import certifi

        return ssl.create_default_context(cafile=certifi.where())
    except (OSError, ValueError) as error:
        source = f"{variable}={value}" if variable else "the file of certifi"
        raise Unreachable(f"{source} cannot be used: {_reason(error)}") from None


def _check_directory(paths: str) -> None:
    """OpenSSL says nothing of a directory in which it finds nothing."""
    folders = [path for path in paths.split(os.pathsep) if os.path.isdir(path)]
    if not folders:
        raise FileNotFoundError("no such directory")
    if not any(_HASHED.fullmatch(name) for folder in folders for name in os.listdir(folder)):
        raise FileNotFoundError("no certificate is there under its hash; run `openssl rehash`")


def _reason(error: Exception) -> str:
    import ssl

    if isinstance(error, ssl.SSLError):
        if reason_of(error) in _NOTHING_THERE:
            return "it holds no certificate in PEM format"
        return f"a certificate in it is malformed ({ssl_words(error)})"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
