"""What the numbers were measured on, without names and paths."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

from benchmarks.parties import DURABLE
from tests.servers.node import CHECKOUT, install, run_node
from tests.servers.sdk_fold import PROJECT
from tests.servers.upstream import SCRIPTS


def describe() -> str:
    """Return the machine and the versions in a few lines of Markdown."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    node_version = run_node("--version", cwd=CHECKOUT).strip()
    clients = f"httpx {version('httpx')}, msgspec {version('msgspec')}, h11 {version('h11')}"
    durable = DURABLE.replace("==", " ")
    return (
        f"Machine: {_cpu()}, {cpus} cores, {_memory()}, {platform.system()}."
        f" {python}, Node {node_version}; `@flue/sdk` {_sdk(SCRIPTS)} and {_sdk(PROJECT)},"
        f" {durable}, {clients}."
    )


def _sdk(project: Path) -> str:
    package = install(project) / "node_modules" / "@flue" / "sdk" / "package.json"
    return str(json.loads(package.read_text())["version"])


def _cpu() -> str:
    for line in _lines("/proc/cpuinfo"):
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def _memory() -> str:
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemTotal"):
            return f"{int(line.split()[1]) / 2**20:.0f} GiB of memory"
    return "memory unknown"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
