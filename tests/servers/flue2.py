"""The genuine Flue server of 2.x: upstream's own runtime, serving the agents of `tests/flue2_app`.

Needs npm once for each version; afterwards the cache serves. What each agent does stands in its
own file; `say`, `end` and `fail` drive the `slow` one through a test route, so that a test never
sleeps to hope.

    python -m tests.servers.flue2 --port 3583                      # serve until interrupted
    python -m tests.servers.flue2 --version 2.0.0 --install-only   # fill the cache
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from tests.servers.application import AgentApplication, argument_parser, build_once, run
from tests.servers.node import CHECKOUT, install

APP = CHECKOUT / "tests" / "flue2_app"
Version = Literal["2.1.0", "2.0.5", "2.0.0"]
VERSIONS: tuple[Version, ...] = ("2.1.0", "2.0.0")
"""The newest and the oldest: what most tests are run on."""
AFTER_LEASE_MS = 60_000
PRIVATE_TOKEN = "open sesame"
"""What the agent `private` and everything under `private/` demand as a bearer token."""


def build(version: Version = "2.1.0") -> Path:
    """Install and build the test app if that has not been done; return the built folder."""
    installed = install(APP / f"runtime-{version}")
    return build_once(APP, installed, "vite.config.ts", "vite/bin/vite.js", "build")


class Flue2Server(AgentApplication):
    """A genuine Flue server of 2.x; `database` keeps its conversations over restarts."""

    def __init__(
        self,
        *,
        version: Version = "2.1.0",
        port: int | None = None,
        mount: str = "",
        token: str | None = None,
        database: Path | None = None,
    ) -> None:
        super().__init__(build(version), port=port, mount=mount, token=token, database=database)
        self.version = version
        self._ahead_ms = 0

    def environment(self) -> Mapping[str, str]:
        return {
            **super().environment(),
            "FLUE_TEST_PRIVATE_TOKEN": PRIVATE_TOKEN,
            "FLUE_TEST_AHEAD_MS": str(self._ahead_ms),
        }

    def recover(self) -> None:
        """Crash and start again, later by more than the lease of a submission (30 seconds).

        What ran is taken up again at once; after `restart` that lasts up to 45 seconds.
        """
        self._ahead_ms += AFTER_LEASE_MS
        self.restart(crash=True)


if __name__ == "__main__":
    parser = argument_parser("tests.servers.flue2")
    parser.add_argument("--version", choices=get_args(Version), default=VERSIONS[0])
    options = parser.parse_args()
    run(options, partial(build, options.version), Flue2Server)
