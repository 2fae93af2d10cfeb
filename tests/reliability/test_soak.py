"""A small soak, in all worlds at once: see `soak`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from tests.servers.beta import BetaServer, BetaVersion
from tests.servers.flue import FlueServer
from tests.servers.flue2 import Flue2Server

from . import soak
from .options import Options

SEED = 20261126


def test_under_random_faults_nothing_is_lost_or_comes_twice(
    genuine: FlueServer,
    genuine2: Flue2Server,
    genuine_betas: Callable[[BetaVersion], BetaServer],
) -> None:
    options = Options(quick=True, seed=SEED)
    urls = {"beta.5": genuine.url, "beta.9": genuine_betas("beta.9").url, "2.1.0": genuine2.url}
    reports = soak.measure(options, urls)
    soak.check(reports, options)
    counts = sum((Counter(report["counts"]) for report in reports.values()), Counter[str]())
    struck = sum((Counter(report["struck"]) for report in reports.values()), Counter[str]())
    assert struck.total() >= soak.QUICK[0]
    assert counts["messages"] == counts["sends"] >= soak.QUICK[1]
    assert counts["events"] and counts["updates"] and counts["reconnects"]
