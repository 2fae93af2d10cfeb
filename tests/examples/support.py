"""The examples as programs and as modules, and the servers that they talk to."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.servers.node import CHECKOUT

EXAMPLES = CHECKOUT / "examples"
LIMIT = 60
"""Seconds for a program, and for a condition."""


def load(name: str) -> Any:
    """Return the example as a module; the folder is no package."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def command(name: str, *arguments: str | Path) -> list[str]:
    return [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py"), *map(str, arguments)]


def environment(url: str, **more: str) -> dict[str, str]:
    return {**os.environ, "FLUE_BASE_URL": url, "NO_PROXY": "*", **more}


def run(name: str, *arguments: str | Path, url: str) -> subprocess.CompletedProcess[str]:
    """Run the example as its docstring says."""
    return subprocess.run(
        command(name, *arguments),
        env=environment(url),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )


def until(condition: Callable[[], object]) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
