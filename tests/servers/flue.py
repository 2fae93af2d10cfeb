"""The genuine Flue server: upstream's own runtime, serving the workflows of `tests/flue_app`.

Needs npm once; afterwards the cache serves. What each workflow does stands in its own file.
Methods here drive a `gate` run step by step through the app's test routes, so that a test never
sleeps to hope.

    python -m tests.servers.flue --port 3583      # serve until interrupted
    python -m tests.servers.flue --install-only   # fill the cache
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.servers.child import NodeChild
from tests.servers.node import CHECKOUT, digest, install, make_once, run_node

APP = CHECKOUT / "tests" / "flue_app"
SOURCES = ("flue.config.ts", "package.json")


def build() -> Path:
    """Install and build the test app if that has not been done; return the built folder."""
    files = sorted(file for file in (APP / "src").rglob("*") if file.is_file())
    installed = install(APP)
    # Inside the installation, so that Node finds `node_modules` on its way up.
    target = installed / "builds" / digest(*(APP / name for name in SOURCES), *files)

    def fill(scratch: Path) -> None:
        shutil.copytree(APP / "src", scratch / "src")
        for name in SOURCES:
            shutil.copy(APP / name, scratch)
        cli = installed / "node_modules" / "@flue" / "cli" / "bin" / "flue.mjs"
        run_node(cli, "build", "--target", "node", cwd=scratch)

    return make_once(target, fill)


class FlueServer(NodeChild):
    """A genuine Flue server; a context manager.

    `mount` puts its API under a prefix, `token` demands it as a bearer token, `database` keeps
    runs in that file over restarts (without it they are gone with the process).
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        mount: str = "",
        token: str | None = None,
        database: Path | None = None,
    ) -> None:
        super().__init__(port=port)
        self.mount = mount.rstrip("/")
        self.token = token
        self.database = database
        self._folder = build()

    def command(self) -> Sequence[str | Path]:
        return ["dist/server.mjs"]

    def environment(self) -> Mapping[str, str]:
        return {
            "FLUE_TEST_MOUNT": self.mount,
            "FLUE_TEST_TOKEN": self.token or "",
            "FLUE_TEST_DB": str(self.database or ""),
        }

    def working_dir(self) -> Path:
        return self._folder

    @property
    def url(self) -> str:
        """The base URL for clients, mount prefix included."""
        return super().url + self.mount

    def emit(self, key: str, **command: Any) -> None:
        """Make the `gate` run of this key log: `count`, `message`, `level`, `attributes`.

        Returns when the events are in the stream; waits for the run if it has not started yet.
        """
        self._control("POST", f"/emit/{key}", command)

    def release(self, key: str, **command: Any) -> None:
        """Let the `gate` run of this key end, with `result=` or `error=` (a message)."""
        self._control("POST", f"/gate/{key}", command)

    def append(self, run_id: str, *events: Mapping[str, Any]) -> list[str]:
        """Append raw events to an open run's stream; return their offsets."""
        answer = self._control("POST", f"/runs/{run_id}/events", list(events))
        return [str(offset) for offset in answer["offsets"]]

    def close_stream(self, run_id: str) -> None:
        """Close a run's stream as it is, without a `run_end`."""
        self._control("POST", f"/runs/{run_id}/close")

    def recover(self, run_id: str) -> None:
        """End a run as Flue's crash recovery does: `run_resume`, then a failed `run_end`."""
        self._control("POST", f"/runs/{run_id}/recover")

    def runs(self, workflow: str) -> list[dict[str, Any]]:
        """Return the records of a workflow's runs, newest first, at most 1000."""
        listed: list[dict[str, Any]] = self._control("GET", f"/runs?workflow={workflow}")["runs"]
        return listed

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, f"/test{path}", payload)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{method} /test{path}: {answer.status} {text!r}")
            return json.loads(text)
        finally:
            connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="tests.servers.flue", description="Run a genuine Flue server."
    )
    parser.add_argument("--port", type=int, help="default: a free one")
    parser.add_argument("--mount", default="", help="path prefix of the API, such as /api")
    parser.add_argument("--token", help="demand this bearer token")
    parser.add_argument("--database", type=Path, help="SQLite file that keeps runs over restarts")
    parser.add_argument("--install-only", action="store_true", help="fill the cache and leave")
    options = parser.parse_args()
    if options.install_only:
        print(build())
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = FlueServer(
        port=options.port, mount=options.mount, token=options.token, database=options.database
    )
    with server:
        print(server.url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            sys.exit(server.wait())


if __name__ == "__main__":
    main()
