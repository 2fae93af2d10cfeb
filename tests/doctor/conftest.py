"""What the tests of the doctor share: an environment without wishes, and local servers."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from attrs import frozen

from flue_client_ext import FlueClient
from flue_client_ext.testing import LocalFlue
from tests.unary.conftest import clean_environment as clean_environment


@frozen
class Served:
    """A server with its URL, a run that has not ended, one that has, and one that is hidden."""

    server: LocalFlue
    url: str
    running: str
    ended: str
    hidden: str


@pytest.fixture(scope="module")
def workflows() -> Iterator[Served]:
    """A server with workflows, as one of the betas."""
    server, release = LocalFlue(), threading.Event()
    server.workflow("waits")(lambda run: release.wait(60))
    server.workflow("ends")(lambda run: 1)
    server.workflow("hidden", readable=False)(lambda run: 1)
    with server.run() as url, FlueClient(url) as client:
        waits, ends, hidden = [
            client.workflows.invoke(name).run_id for name in ("waits", "ends", "hidden")
        ]
        server.wait(ends)
        yield Served(server, url, waits, ends, hidden)
        release.set()
    server.close()


@pytest.fixture(scope="module")
def agents() -> Iterator[LocalFlue]:
    """A server of 2.x with the agent `echo`, which has the conversation `c1`; `secret` is below
    `private`."""
    server = LocalFlue()
    server.agent("echo")(lambda message: f"echo {message.text}")
    server.agent("secret", path="private/chat")(lambda message: "secret")
    with server.run() as url, FlueClient(url) as client:
        client.agents.conversation("echo", "c1").ask("hello")
        yield server
    server.close()
