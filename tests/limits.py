"""No test run hangs: what pyproject.toml's `timeout` and `faulthandler_timeout` do not cover.

They limit each test with its fixtures: after the first its main thread gets an exception and the
run goes on; after the second (it hangs in C, or the exception changed nothing) its process says
where it stands and ends, and xdist goes on with a new one. Here is what is around the tests.
"""

from __future__ import annotations

import faulthandler
import os
import signal
from typing import get_args

import pytest

from tests.servers import beta, flue, flue2, upstream

#: Seconds for the interpreter to end after its last test, other threads and exit handlers included.
#: A worker of xdist also waits for the last test of the others, whose limit is 360 s.
EXIT_LIMIT = 420.0
STDERR = pytest.StashKey[int]()
NODE = {"FlueServer", "DurableServer", "sdk_read", "genuine", "durable"}
NODE_2 = {"Flue2Server", "genuine_versions", "own_agents"}
NODE_BETAS = {"BetaServer", "genuine_betas"}


def pytest_collection_finish(session: pytest.Session) -> None:
    """Install what Node servers need, once and for minutes, before the first test's time runs."""
    if session.config.option.collectonly:
        return
    names = {n for item in functions(session) for n in (*vars(item.module), *item.fixturenames)}
    if NODE & names:
        upstream.scripts()
        flue.build()
    if NODE_2 & names:
        for version in get_args(flue2.Version):
            flue2.build(version)
    if NODE_BETAS & names:
        for beta_version in beta.BETAS:
            beta.build(beta_version)


def functions(session: pytest.Session) -> list[pytest.Function]:
    return [item for item in session.items if isinstance(item, pytest.Function)]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[STDERR] = os.dup(2)  # while it is not captured; xdist's `sys.stderr` is no file
    # In the background of a script Ctrl-C is ignored, and children inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Limit a teardown after a failure: a failure ends both limits, for the sake of debuggers."""
    seconds = float(item.config.getini("faulthandler_timeout"))
    faulthandler.dump_traceback_later(seconds, exit=True, file=item.config.stash[STDERR])


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    faulthandler.dump_traceback_later(EXIT_LIMIT, exit=True, file=config.stash[STDERR])
