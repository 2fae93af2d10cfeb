"""The genuine Flue servers of the betas: upstream's own runtimes, serving `tests/beta_app`.

One app for all versions: agents, and a workflow with readable runs beside them. Needs npm once for
each version; afterwards the cache serves. What each agent does stands in its own file; `say`, `end`
and `fail` drive the `slow` one.

    python -m tests.servers.beta --version beta.8 --port 3583      # serve until interrupted
    python -m tests.servers.beta --version beta.9 --install-only   # fill the cache
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal, get_args

from tests.servers import flue
from tests.servers.application import AgentApplication, argument_parser, build_once, run
from tests.servers.node import CHECKOUT, install

APP = CHECKOUT / "tests" / "beta_app"
BetaVersion = Literal["beta.9", "beta.8", "beta.7", "beta.5"]
BETAS: tuple[BetaVersion, ...] = get_args(BetaVersion)
"""All of 1.0.0; the first two have conversations, the others streams of events."""


def build(version: BetaVersion = "beta.9") -> Path:
    """Install and build the test app if that has not been done; return the built folder."""
    project = flue.APP if version == "beta.5" else APP / f"runtime-1.0.0-{version}"
    return build_once(APP, install(project), *flue.BUILD)


class BetaServer(AgentApplication):
    """A genuine Flue server of a beta; `database` keeps what it stores over restarts."""

    def __init__(
        self,
        *,
        version: BetaVersion = "beta.9",
        port: int | None = None,
        mount: str = "",
        token: str | None = None,
        database: Path | None = None,
    ) -> None:
        super().__init__(build(version), port=port, mount=mount, token=token, database=database)
        self.version = version


if __name__ == "__main__":
    parser = argument_parser("tests.servers.beta")
    parser.add_argument("--version", choices=BETAS, default=BETAS[0])
    options = parser.parse_args()
    run(options, partial(build, options.version), BetaServer)
