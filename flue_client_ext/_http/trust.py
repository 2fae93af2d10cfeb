"""The certificates that TLS trusts: those that the environment names, or certifi's.

`SSL_CERT_FILE` takes precedence over `SSL_CERT_DIR`, as in httpx. A variable that names no usable
certificates is an error that names the variable: without certificates no server is trusted."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from .operations import Unreachable
from .tls_errors import reason_of, ssl_text

if TYPE_CHECKING:
    import ssl

_FILE, _DIRECTORY = "SSL_CERT_FILE", "SSL_CERT_DIR"
_NO_CERTIFICATE = ("NO_CERTIFICATE_OR_CRL_FOUND", "NO_START_LINE")
"""OpenSSL's reasons, of 3.x and before, for a file without anything in PEM format."""
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")
"""The names under which OpenSSL finds certificates in a directory (openssl-rehash(1))."""


def shared_context() -> ssl.SSLContext:
    """Return the TLS context that all clients share: loading certificates takes tens of
    milliseconds.

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
    """A value that changes when a file is written or replaced, or a directory's entries change."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ()
    return status.st_mtime_ns, status.st_ino, status.st_dev, status.st_size


@lru_cache(maxsize=4)
def _context(variable: str, value: str, state: tuple[tuple[int, ...], ...]) -> ssl.SSLContext:
    """Load the certificates. `state` is part of the cache's key: a change loads them again."""
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
    """Raise for a directory without certificates, of which OpenSSL says nothing."""
    folders = [path for path in paths.split(os.pathsep) if os.path.isdir(path)]
    if not folders:
        raise FileNotFoundError("no such directory")
    if not any(_HASHED.fullmatch(name) for folder in folders for name in os.listdir(folder)):
        raise FileNotFoundError("no certificate is there under its hash; run `openssl rehash`")


def _reason(error: Exception) -> str:
    import ssl

    if isinstance(error, ssl.SSLError):
        if reason_of(error) in _NO_CERTIFICATE:
            return "it holds no certificate in PEM format"
        return f"a certificate in it is malformed ({ssl_text(error)})"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
