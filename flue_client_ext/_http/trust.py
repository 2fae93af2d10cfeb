"""The certificates that are trusted: the environment's, or certifi's.

`SSL_CERT_FILE` goes before `SSL_CERT_DIR`, as in httpx. A variable that leads nowhere is an error
that names it: without its certificates every server would look like an impostor."""

from __future__ import annotations

import os
import re
from functools import cache
from typing import TYPE_CHECKING

from .http11 import Unreachable

if TYPE_CHECKING:
    import ssl

_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")
"""The names under which OpenSSL finds certificates in a directory (openssl-rehash(1))."""


def shared_context() -> ssl.SSLContext:
    """The TLS context of all clients; making one takes tens of milliseconds, so it is made late.

    Raises `Unreachable` where the environment names no usable certificates.
    """
    return _context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


def trust() -> str:
    """The variable that names the trusted certificates, with its value; empty for none."""
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if value := os.environ.get(variable):
            return f"{variable}={value}"
    return ""


@cache
def _context(cert_file: str | None, cert_dir: str | None) -> ssl.SSLContext:
    import ssl

    source = "the file of certifi"
    try:
        if cert_file:
            source = f"SSL_CERT_FILE={cert_file}"
            return ssl.create_default_context(cafile=cert_file)
        if cert_dir:
            source = f"SSL_CERT_DIR={cert_dir}"
            _check_directory(cert_dir)
            return ssl.create_default_context(capath=cert_dir)
        import certifi

        return ssl.create_default_context(cafile=certifi.where())
    except (OSError, ValueError) as error:
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
        return "it holds no certificate in PEM format"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
