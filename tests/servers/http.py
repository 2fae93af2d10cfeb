"""httpx clients for the servers of the tests."""

from __future__ import annotations

import httpx


def client_of(url: str, timeout: httpx.Timeout | float = 10.0) -> httpx.Client:
    """Return a client of a server on this machine.

    It loads no certificates, which takes longer than most tests, and asks no environment."""
    return httpx.Client(base_url=url, timeout=timeout, verify=False, trust_env=False)
