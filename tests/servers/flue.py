"""The genuine Flue server: upstream's own runtime, serving the workflows of `tests/flue_app`.

Needs npm once; afterwards the cache serves. What each workflow does stands in its own file.
Methods here drive a `gate` run step by step through the app's test routes, so that a test never
sleeps to hope.

    python -m tests.servers.flue --port 3583      # serve until interrupted
    python -m tests.servers.flue --install-only   # fill the cache
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.servers.application import FlueApplication, argument_parser, build_once, run
from tests.servers.node import CHECKOUT, install

APP = CHECKOUT / "tests" / "flue_app"
BUILD = ("flue.config.ts", "@flue/cli/bin/flue.mjs", "build", "--target", "node")
"""What `build_once` needs to know of an app of the betas."""


def build() -> Path:
    """Install and build the test app if that has not been done; return the built folder."""
    return build_once(APP, install(APP), *BUILD)


class FlueServer(FlueApplication):
    """A genuine Flue server of 1.0.0-beta.5; `database` keeps its runs over restarts."""

    def __init__(
        self,
        *,
        port: int | None = None,
        mount: str = "",
        token: str | None = None,
        database: Path | None = None,
    ) -> None:
        super().__init__(build(), port=port, mount=mount, token=token, database=database)

    def emit(self, key: str, **command: Any) -> None:
        """Make the `gate` run of this key log: `count`, `message`, `level`, `attributes`.

        Returns when the events are in the stream; waits for the run if it has not started yet.
        """
        self.control("POST", f"/emit/{key}", command)

    def release(self, key: str, **command: Any) -> None:
        """Let the `gate` run of this key end, with `result=` or `error=` (a message)."""
        self.control("POST", f"/gate/{key}", command)

    def append(self, run_id: str, *events: Mapping[str, Any]) -> list[str]:
        """Append raw events to an open run's stream; return their offsets."""
        answer = self.control("POST", f"/runs/{run_id}/events", list(events))
        return [str(offset) for offset in answer["offsets"]]

    def close_stream(self, run_id: str) -> None:
        """Close a run's stream as it is, without a `run_end`."""
        self.control("POST", f"/runs/{run_id}/close")

    def recover(self, run_id: str) -> None:
        """End a run as Flue's crash recovery does: `run_resume`, then a failed `run_end`."""
        self.control("POST", f"/runs/{run_id}/recover")

    def runs(self, workflow: str) -> list[dict[str, Any]]:
        """Return the records of a workflow's runs, newest first, at most 1000."""
        listed: list[dict[str, Any]] = self.control("GET", f"/runs?workflow={workflow}")["runs"]
        return listed


if __name__ == "__main__":
    run(argument_parser("tests.servers.flue").parse_args(), build, FlueServer)
