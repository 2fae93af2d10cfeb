"""A Flue application as a child process: what the genuine servers of all generations share.

The sources of an app are built inside its installation, so that Node finds `node_modules` on its
way up. An app takes its mount, token and database from the environment and has test routes under
`/test`, which are no part of Flue's API.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.servers.child import NodeChild
from tests.servers.node import digest, make_once, run_node


def build_once(app: Path, installed: Path, config: str, *command: str) -> Path:
    """Build `app` with a script of the installation, if not done yet; return the built folder."""
    manifest = installed / "package.json"
    files = sorted(file for file in (app / "src").rglob("*") if file.is_file())
    target = installed / "builds" / digest(app / config, manifest, *files)

    def fill(scratch: Path) -> None:
        shutil.copytree(app / "src", scratch / "src")
        shutil.copy(app / config, scratch)
        shutil.copy(manifest, scratch)
        script, *arguments = command
        run_node(installed / "node_modules" / script, *arguments, cwd=scratch)

    return make_once(target, fill)


class FlueApplication(NodeChild):
    """A genuine Flue server that runs a built app; a context manager.

    `mount` puts its API under a prefix, `token` demands it as a bearer token, `database` keeps
    what it stores in that file over restarts (without it, all is gone with the process).
    """

    def __init__(
        self,
        folder: Path,
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
        self._folder = folder

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

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call a test route of the app; return its JSON."""
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


class AgentApplication(FlueApplication):
    """A Flue application with an agent `slow`, whose model says what a test tells it to."""

    def say(self, key: str, *words: str) -> None:
        """Make the `slow` agent that was sent `key` say words, each a delta of its own.

        Returns when the model has said them; waits for the agent if it has not got that far.
        """
        self.control("POST", f"/slow/{key}", {"words": words})

    def end(self, key: str, *words: str) -> None:
        """Make the `slow` agent that was sent `key` say these last words and end its turn."""
        self.control("POST", f"/slow/{key}", {"words": words, "end": True})

    def fail(self, key: str, message: str) -> None:
        """Make the model of the `slow` agent fail; Flue tries `overloaded` and its like again."""
        self.control("POST", f"/slow/{key}", {"fail": message})


def argument_parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description="Run a genuine Flue server.")
    parser.add_argument("--port", type=int, help="default: a free one")
    parser.add_argument("--mount", default="", help="path prefix of the API, such as /api")
    parser.add_argument("--token", help="demand this bearer token")
    parser.add_argument("--database", type=Path, help="SQLite file that outlives restarts")
    parser.add_argument("--install-only", action="store_true", help="fill the cache and leave")
    return parser


def run(options: argparse.Namespace, build: Callable[[], Path], server: type[Any]) -> None:
    """Fill the cache, or serve until interrupted; the parser's further options go to `server`."""
    arguments = vars(options)
    if arguments.pop("install_only"):
        print(build())
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with server(**arguments) as running:
        print(running.url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            sys.exit(running.wait())
