"""Who takes part, and what they need installed."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from attrs import frozen

from benchmarks.children import CHECKOUT, Child, reader
from tests.servers import sdk_fold
from tests.servers.node import digest, install, make_once, node
from tests.servers.upstream import SCRIPTS

DURABLE = "durable-streams==0.1.0"
PROFILER = "py-spy==0.4.3"
PEERS = CHECKOUT / "benchmarks" / "peers"
#: The peers on Node: the npm project that holds upstream's client, for the betas and for 2.x.
SDKS = {"sdk": SCRIPTS, "sdk2": sdk_fold.PROJECT}


@frozen
class Contestant:
    """One way of reading: `call` of the process `peer`. A peer runs one call at a time."""

    peer: str
    call: str
    label: str


class Peers:
    """The peers' processes, started when they are first asked; a context manager. `env`: what is to
    be added to their environment."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        self._env = env
        self._stack = ExitStack()
        self._children: dict[str, Child] = {}

    def ask(self, contestant: Contestant, **arguments: Any) -> dict[str, Any]:
        # A process for each way of reading: none inherits another's heap, or its warm-up.
        key = f"{contestant.peer}/{contestant.call}"
        if key not in self._children:
            self._children[key] = self._stack.enter_context(start(contestant.peer, self._env))
        return self._children[key].ask(call=contestant.call, **arguments)

    def __enter__(self) -> Peers:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def start(peer: str, env: Mapping[str, str] | None = None) -> Child:
    """Start the process of `peer`, a module of `benchmarks.peers` or one of `SDKS`."""
    if peer in SDKS:
        return Child([node(), "--expose-gc", sdk_script(peer)], env)
    return reader(peer, durable_python() if peer == "durable" else sys.executable, env)


@cache
def sdk_script(peer: str) -> Path:
    """Return our script for upstream's client in a folder from which Node finds that client."""
    script = PEERS / f"{peer}.mjs"
    target = install(SDKS[peer]) / "benchmarks" / digest(script)

    def fill(folder: Path) -> None:
        shutil.copy(script, folder)

    return make_once(target, fill) / script.name


@cache
def durable_python() -> Path:
    """Return the interpreter of an environment that holds the `durable-streams` client."""
    return _environment("durable", [DURABLE])


@cache
def user_python() -> Path:
    """Return the interpreter of an environment as a user has it: our dependencies and nothing else.

    The developers' brings along what makes `import httpx` slower (`rich`, for its command line).
    """
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[^\w.-]", wanted)[0] for wanted in project["dependencies"]]
    return _environment("user", [f"{name}=={version(name)}" for name in names])


@cache
def profiler() -> Path:
    """Return the sampling profiler."""
    return _environment("profiler", [PROFILER]).with_name("py-spy")


def _environment(name: str, packages: Sequence[str]) -> Path:
    key = hashlib.sha256(" ".join((sys.version, *packages)).encode()).hexdigest()[:12]
    target = CHECKOUT / ".cache" / "benchmarks" / f"{name}-{key}"

    def fill(folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([str(folder / "bin" / "python"), *pip, *packages], check=True)

    return make_once(target, fill) / "bin" / "python"
