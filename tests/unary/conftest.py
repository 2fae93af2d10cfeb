"""Fixtures for the tests of single calls: an environment without wishes of its own."""

from __future__ import annotations

import os

import pytest

from flue_client_ext._values.limits import LIMITS

OWN_WISHES = ("FLUE_BASE_URL", "FLUE_TOKEN", "FLUE_LOG", "SSL_CERT_FILE", "SSL_CERT_DIR")
PROXY_WISHES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name in OWN_WISHES or name.lower() in PROXY_WISHES:
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def a_cut_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no answer that is cut at once seem to have lasted, on a machine that is busy."""
    monkeypatch.setattr(LIMITS, "routine_life", 30.0)


@pytest.fixture
def kept_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let even a POST use a connection that has been idle for as long as a busy machine takes."""
    for name in ("certain_idle", "idle"):
        monkeypatch.setattr(LIMITS, name, 60.0)


@pytest.fixture
def hasty_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let single calls retry as often as they do, with next to no delay."""
    from flue_client_ext import BackoffOptions
    from flue_client_ext._stream import call
    from flue_client_ext._stream.backoff import UNARY

    hasty = BackoffOptions(initial_delay=0.001, max_delay=0.001, max_retries=UNARY.max_retries)
    monkeypatch.setattr(call, "UNARY", hasty)
